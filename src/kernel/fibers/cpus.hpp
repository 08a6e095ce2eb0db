// Starts the machine's other CPUs, which then run fibers as well.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::kernel {

// Starts CPUs until `limit` run, or as many as Cpu::kMaximum and the memory allow. A CPU that does not start is logged
// and left out.
void start_cpus(uint32_t limit = ~uint32_t{0});

// The number of CPUs that run fibers.
size_t cpu_count();

}  // namespace cairn::kernel
