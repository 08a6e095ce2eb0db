// Tests of fibers, inside the kernel.
#pragma once

#include "kernel/testing/testing.hpp"

namespace cairn::kernel {

// Each fiber waits for a token and hands it on to the next fiber, in many rounds.
void test_handing_on(TestRun& run);
// Sleeping fibers wake up at their deadlines or soon after, and never earlier.
void test_sleeping(TestRun& run);
// Fibers wait, wake others, sleep and yield at random. No wake-up is lost, and all fibers end.
void test_random_waits(TestRun& run);
// Guests that compute with all their registers preempt each other, and each gets the right answer and its share of
// time.
void test_preemption(TestRun& run);
// Fibers that compute in kernel code preempt each other, and each gets the right answer.
void test_kernel_preemption(TestRun& run);
// The wait of a fiber that nothing can wake ends with `deadlocked`.
void test_deadlock(TestRun& run);
// Logs how long a switch between fibers takes.
void measure_switch(TestRun& run);

}  // namespace cairn::kernel
