#include "runtime/memory.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "platform/platform.hpp"
#include "runtime/vmcontext.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {

uint64_t round_up_to_page(uint64_t bytes) { return (bytes + Platform::kPageSize - 1) & ~uint64_t{Platform::kPageSize - 1}; }

// Whether compiled code relies on guard pages for memories of this type (the compiler decides by the same rule).
bool is_guarded(const wasm::MemoryType& type, const compiler::Options& options) {
  return options.bounds == compiler::BoundsMode::guard && type.address == wasm::AddressType::i32 &&
         type.page_size_log2 == 16;
}

// The largest length in bytes that the type, the address type and the implementation's limits allow.
uint64_t maximum_length(const wasm::MemoryType& type) {
  const uint64_t address_pages = type.address == wasm::AddressType::i32 ? (uint64_t{1} << 32) >> type.page_size_log2
                                                                        : (uint64_t{1} << 48) >> type.page_size_log2;
  return std::min(type.limits.maximum.value_or(address_pages), address_pages) << type.page_size_log2;
}

}  // namespace

Result<MemorySpace> reserve_memory(const Engine& engine, const wasm::MemoryType& type) {
  const uint64_t initial = type.limits.minimum << type.page_size_log2;
  const uint64_t maximum = maximum_length(type);
  const bool guarded = is_guarded(type, engine.options());
  const uint64_t reserve =
      guarded ? kGuardedReservation
              : round_up_to_page(std::max(initial, std::min(maximum, engine.config().checked_memory_reservation)));
  const auto too_large = [&](const Error& reason) {
    return fail(Error::of(ErrorKind::resource, "cannot allocate the initial memory of " + decimal(initial) +
                                                   " bytes: " + reason.message));
  };
  if (type.limits.minimum > maximum >> type.page_size_log2 || initial > reserve) {
    return too_large(Error::of(ErrorKind::limit, "the limit is " + decimal(std::min(maximum, reserve)) + " bytes"));
  }
  MemorySpace space;
  space.initial_bytes = initial;
  space.maximum_bytes = guarded ? maximum : std::min<uint64_t>(maximum, reserve);
  if (reserve == 0) return space;
  Result<std::span<std::byte>> reservation = Platform::reserve(reserve);
  if (!reservation) return too_large(reservation.error());
  if (initial != 0) {
    Result<void> committed = Platform::commit(reservation->first(round_up_to_page(initial)));
    if (!committed) {
      Platform::release(*reservation);
      return too_large(committed.error());
    }
  }
  space.reservation = *reservation;
  return space;
}

bool extend_memory(std::span<std::byte> reservation, uint64_t old_length, uint64_t new_length) {
  const uint64_t committed = round_up_to_page(old_length);
  const uint64_t wanted = round_up_to_page(new_length);
  return wanted <= committed || Platform::commit(reservation.subspan(committed, wanted - committed)).has_value();
}

}  // namespace cairn::runtime
