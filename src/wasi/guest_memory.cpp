#include "wasi/guest_memory.hpp"

namespace cairn::wasi {

namespace {
constexpr uint32_t kMaximumVectors = 65536;
}

WasiResult<TryString> GuestMemory::text(Pointer at, uint64_t length, size_t maximum) const {
  if (const Errno error = check(at, length); error != Errno::success) return std::unexpected(error);
  if (length > maximum) return std::unexpected(Errno::nametoolong);
  TryString result;
  if (!result.try_resize(length)) return std::unexpected(Errno::nomem);
  if (const Errno error = copy_in(std::as_writable_bytes(result.as_span()), at); error != Errno::success) {
    return std::unexpected(error);
  }
  return result;
}

WasiResult<TryVector<GuestSpan>> GuestMemory::vectors(Pointer at, uint32_t count) const {
  if (count > kMaximumVectors) return std::unexpected(Errno::inval);
  if (const Errno error = check(at, uint64_t{count} * 8); error != Errno::success) return std::unexpected(error);
  TryVector<GuestSpan> result;
  if (!result.try_reserve(count)) return std::unexpected(Errno::nomem);
  for (uint32_t i = 0; i < count; ++i) {
    Record<8> vector;
    if (const Errno error = vector.read(*this, at + i * 8); error != Errno::success) return std::unexpected(error);
    auto place = span(vector.get<uint32_t>(0), vector.get<uint32_t>(4));
    if (!place) return std::unexpected(place.error());
    result.push_back_within_capacity(std::move(*place));
  }
  return result;
}

}  // namespace cairn::wasi
