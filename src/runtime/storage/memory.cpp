#include "runtime/storage/memory.hpp"

#include <algorithm>

#include "abi/vmcontext.hpp"
#include "base/format.hpp"
#include "base/operation.hpp"
#include "compiler/options/bounds.hpp"
#include "platform/platform.hpp"

namespace cairn::runtime {

using platform::Platform;

namespace {

uint64_t round_up_to_page(uint64_t bytes) {
  return (bytes + Platform::kPageSize - 1) & ~uint64_t{Platform::kPageSize - 1};
}

// Returns the largest length in bytes that the type's maximum and address type allow; the implementation limits 64-bit
// addresses to 2^48.
uint64_t maximum_length(const wasm::MemoryType& type) {
  const uint64_t address_pages = type.address == wasm::AddressType::i32 ? (uint64_t{1} << 32) >> type.page_size_log2
                                                                        : (uint64_t{1} << 48) >> type.page_size_log2;
  return std::min(type.limits.maximum.value_or(address_pages), address_pages) << type.page_size_log2;
}

// Returns pages * 2^page_bits as text. The product may need more than 64 bits.
std::string length_text(uint64_t pages, unsigned page_bits) {
  uint64_t low = pages << page_bits;
  uint64_t high = page_bits == 0 ? 0 : pages >> (64 - page_bits);
  std::string digits;
  while (high != 0) {
    // This loop divides (high, low) by 10, because a kernel has no 128-bit division. 2^64 is 10 * kTenth + 6.
    constexpr uint64_t kTenth = 1'844'674'407'370'955'161;
    const uint64_t rest = high % 10;
    const uint64_t last = low % 10 + rest * 6;
    low = low / 10 + rest * kTenth + last / 10;
    high /= 10;
    digits.insert(digits.begin(), static_cast<char>('0' + last % 10));
  }
  return decimal(low) + digits;
}

}  // namespace

Result<MemorySpace> reserve_memory(Engine& engine, const wasm::MemoryType& type, compiler::BoundsMode bounds,
                                   Allowance& pages) {
  const uint64_t initial = type.limits.minimum << type.page_size_log2;
  const uint64_t maximum = maximum_length(type);
  const auto too_large = [&](const Error& reason) {
    return fail(make_error([&] {
      return Error::of(ErrorKind::resource, "cannot allocate the initial memory of " +
                                                length_text(type.limits.minimum, type.page_size_log2) +
                                                " bytes: " + reason.message);
    }));
  };
  if (type.limits.minimum > maximum >> type.page_size_log2) {
    return too_large(
        make_error([&] { return Error::of(ErrorKind::limit, "the limit is " + decimal(maximum) + " bytes"); }));
  }
  if (!allows_length(pages, initial)) {
    return too_large(make_error(
        [&] { return Error::of(ErrorKind::limit, "the program's limit is memory-pages=" + decimal(pages.limit())); }));
  }
  MemorySpace space;
  space.initial_bytes = initial;
  Result<std::span<std::byte>> reservation;
  if (compiler::relies_on_guards(type, bounds)) {
    reservation = engine.addresses().reserve_guarded();
    if (!reservation && engine.config().guards_required) return too_large(reservation.error());
    space.has_guards = reservation.has_value();
  }
  if (!space.has_guards) {
    const uint64_t wanted = std::min(maximum, engine.config().checked_memory_reservation);
    if (std::max(initial, wanted) == 0) return space;
    reservation = engine.addresses().reserve_checked(initial, wanted);
    if (!reservation) return too_large(reservation.error());
  }
  space.reservation = *reservation;
  space.maximum_bytes = space.has_guards ? maximum : std::min<uint64_t>(maximum, reservation->size());
  if (initial != 0) {
    Result<void> committed = Platform::commit(reservation->first(round_up_to_page(initial)));
    if (!committed) {
      engine.addresses().release(*reservation, 0);
      return too_large(committed.error());
    }
  }
  return space;
}

void release_memory(Engine& engine, std::span<std::byte> reservation, uint64_t length) {
  if (!reservation.empty()) engine.addresses().release(reservation, round_up_to_page(length));
}

bool extend_memory(std::span<std::byte> reservation, uint64_t old_length, uint64_t new_length) {
  const uint64_t committed = round_up_to_page(old_length);
  const uint64_t wanted = round_up_to_page(new_length);
  return wanted <= committed || Platform::commit(reservation.subspan(committed, wanted - committed)).has_value();
}

}  // namespace cairn::runtime
