// Starts all CPUs of the machine (`test=cpus`).
#pragma once

namespace cairn::kernel {

// Starts every CPU that the firmware reports. Each checks that it is set up like the CPU that boots, and all interrupt
// each other. Prints "N of M CPUs run" and "N passed, N failed" on standard output and the log. Returns the exit
// status.
int run_cpu_tests();

}  // namespace cairn::kernel
