// A CPU that hangs, so that tests outside of the kernel see what the others say of it (fibers/watchdog.hpp).
#pragma once

namespace cairn::kernel {

// Lets a fiber loop with interrupts off, while another one computes. Does not return if there are several CPUs and the
// kernel notices.
int run_hanging_fiber();

}  // namespace cairn::kernel
