// The kernel's own waits must not outlast a limit on guests' time (runtime/time_limit.hpp), and must not lose its
// interrupt.
#pragma once

#include <cstdint>

namespace cairn::platform {

// The end of the current limit, in nanoseconds since boot; all ones when there is none.
uint64_t limit_end();

}  // namespace cairn::platform
