// Tests of fibers, inside the kernel.
#pragma once

#include "kernel/testing/testing.hpp"

namespace cairn::kernel {

// Fibers that hand a token on, in the order in which they were asked.
void test_handing_on(TestRun& run);
// Sleeping fibers wake up after their deadlines, and soon after.
void test_sleeping(TestRun& run);
// Random waiting, waking, sleeping and yielding: no wake-up is lost, and everything is free at the end.
void test_random_waits(TestRun& run);
// Guests that compute with all their registers preempt each other, and each gets the right answer and its share of
// time.
void test_preemption(TestRun& run);
// A fiber that nothing can wake is told so.
void test_deadlock(TestRun& run);
// Logs what a switch costs.
void measure_switch(TestRun& run);

}  // namespace cairn::kernel
