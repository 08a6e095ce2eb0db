#include "wasi/guest_memory.hpp"

namespace cairn::wasi {

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

}  // namespace cairn::wasi
