// Tests of several CPUs, inside the kernel. They also run with one CPU, but then nothing happens at the same time.
#pragma once

#include "kernel/testing/testing.hpp"

namespace cairn::kernel {

// Fibers that do not give up their CPUs run on all CPUs at the same time.
void test_all_cpus(TestRun& run);
// Updates that fibers on all CPUs make under a mutex or under a spin lock are not lost.
void test_locks_of_cpus(TestRun& run);
// Time never goes back when fibers hand on a token between CPUs.
void test_time_of_cpus(TestRun& run);
// A CPU never reads from a page that another CPU has decommitted.
void test_shoot_down(TestRun& run);
// Fibers that start and end on all CPUs, and wait for each other, leave nothing behind.
void test_starts_and_ends(TestRun& run);
// CPUs that compile and drop modules at the same time do not disturb each other.
void test_compiling_on_cpus(TestRun& run);

}  // namespace cairn::kernel
