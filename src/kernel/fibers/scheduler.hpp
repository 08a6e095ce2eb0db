// Which fiber runs: one CPU's run queue, its timers, and the fibers that wait.
//
// Guest code is preempted by the timer's interrupt at any instruction when its slice is over and another fiber is
// ready. Kernel code is not: it gives the CPU away by waiting.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "kernel/fibers/fiber.hpp"
#include "runtime/platform.hpp"

namespace cairn::kernel {

struct TrapFrame;

// Makes a fiber of the code that runs, and turns interrupts on. Called once, when there are memory and a clock.
void start_scheduler();

Fiber& current_fiber();

// Makes a new fiber ready to run. An Error (resource) when there is no memory for its stack. The fiber must not be
// destroyed before it has ended.
Result<void> start(Fiber& fiber);

// Waits until the fiber has ended.
void join(const Fiber& fiber);

// Lets the other fibers that are ready run.
void yield();

// Waits while `word` is 0, until `deadline` (nanoseconds since boot) at most. `deadlocked`: there was no deadline, and
// no fiber is left that could set the word.
runtime::ParkResult park(const std::atomic<uint32_t>& word, std::optional<uint64_t> deadline);
// Wakes every fiber that waits for the word, which has been set. The word may be gone.
void unpark(const std::atomic<uint32_t>& word);

// Waits until that time, or until the fiber's limit ends.
void sleep_until(uint64_t nanoseconds_since_boot);

// The time that the fiber has spent on the CPU up to now.
uint64_t cpu_time(const Fiber& fiber);
// Whether the running fiber has reached one of its limits.
bool is_over_limit();

// The number of times that guest code was preempted.
uint64_t preemption_count();

// The scheduler's part in the timer's interrupt, which is off while this runs. `where` says what was interrupted, and
// `frame`, on the kernel's stack, where it goes on; other fibers may run before this returns.
void handle_timer_interrupt(const runtime::MachineFault& where, TrapFrame& frame);

// Requests the timer's interrupt anew, after something that it depends on has changed.
void reset_timer();

}  // namespace cairn::kernel
