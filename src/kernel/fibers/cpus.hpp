// Starts the machine's other CPUs, which then run fibers as well.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::kernel {

// Starts CPUs until `limit` CPUs run, the first included, or as many as Cpu::kMaximum and the memory allow. A CPU that
// cannot be started is left out. Returns when all CPUs that were started run fibers.
void start_cpus(uint32_t limit = ~uint32_t{0});

// The number of CPUs that run fibers.
size_t cpu_count();

// The number of interrupts, on all CPUs together, that no device and no CPU has sent.
uint64_t spurious_interrupts();

}  // namespace cairn::kernel
