// The results of functions that take addresses or memory (AddressSpace).
#pragma once

#include <cstdint>
#include <expected>

namespace cairn::kernel {

// The reason why addresses or memory were refused. It is not an Error, because an Error's message lies in the heap; the
// caller makes the Error after it has released the lock.
struct SpaceFailure {
  enum class Kind : uint8_t { addresses, memory } kind = Kind::memory;
  uint64_t wanted = 0;     // bytes
  uint64_t available = 0;  // bytes; 0 if addresses were refused
};
template <class T>
using SpaceResult = std::expected<T, SpaceFailure>;

}  // namespace cairn::kernel
