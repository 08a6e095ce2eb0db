// Tests that programs which compute without end share the CPUs fairly, and do not delay a fiber that wakes up.
#pragma once

#include <cstdint>
#include <functional>

namespace cairn::kernel {

// Runs the tests (`test=fairness`) and returns the exit status. They measure times, so they are made for machines
// with `-icount`, whose clock counts instructions.
int run_fairness_tests();

// Runs two programs for each CPU that loop, and lets the calling fiber sleep so often meanwhile, a few milliseconds
// each time. Calls `note` with the number of nanoseconds by which each sleep ended late. Returns false if the programs
// cannot be started.
bool wait_beside_loops(uint64_t sleeps, const std::function<void(uint64_t)>& note);

}  // namespace cairn::kernel
