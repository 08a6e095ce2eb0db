// Waits of the kernel's own must not outlast a limit on guests' time (runtime/time_limit.hpp), nor forget its
// interrupt.
#pragma once

#include <cstdint>

namespace cairn::platform {

// When the limit that there is ends, in nanoseconds since boot; all ones when there is none.
uint64_t limit_end();

}  // namespace cairn::platform
