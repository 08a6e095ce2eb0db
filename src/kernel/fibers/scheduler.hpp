// Decides which fiber runs on which CPU. All CPUs share one run queue, one wheel of timers and one table of the fibers
// that wait.
//
// An interrupt preempts the running fiber if another fiber is ready and either the slice is over or that fiber has had
// less virtual time (run_queue.hpp). Guest code is preempted at any instruction. Kernel code that holds a spin lock is
// preempted when it has released the lock. A fiber that waits or is preempted may continue on another CPU.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "kernel/fibers/fiber.hpp"
#include "runtime/platform.hpp"

namespace cairn::kernel {

struct LongestDelay;  // kernel/fibers/core.hpp
struct TrapFrame;

// Makes the running code the first fiber, and turns interrupts on. Called once, when there are memory and a clock.
void start_scheduler();

// Runs fibers on a CPU other than the first. That CPU calls this function on the stack of `cpu.first_context`, with
// interrupts off.
[[noreturn]] void run_cpu(Cpu& cpu);

Fiber& current_fiber();

// Makes a new fiber ready to run. Returns an Error (resource) when there is no memory for its stack or its vector
// registers. The fiber must not be destroyed before it has ended.
Result<void> start(Fiber& fiber);

// Waits until the fiber has ended, until `deadline` (nanoseconds since boot) at most. Returns whether it has ended.
bool join(Fiber& fiber, uint64_t deadline = Fiber::kNever);

// If another fiber is ready, lets it run before the calling fiber goes on.
void yield();

// Whether a wait ends, as timed out, when the fiber has reached its limit_end or is killed.
enum class EndsWithTime : uint8_t { no, yes };

// Waits for unpark(word), until `deadline` (nanoseconds since boot) at most. If `word` is not 0, does not wait and
// returns `unparked`. Returns `deadlocked` if all fibers wait without a deadline and this one has waited longest.
runtime::ParkResult park(const std::atomic<uint32_t>& word, std::optional<uint64_t> deadline,
                         EndsWithTime ends_with_time = EndsWithTime::no);
// Does the same as park(), but waits as long as `word` is `value`.
runtime::ParkResult park_while(const std::atomic<uint32_t>& word, uint32_t value, std::optional<uint64_t> deadline,
                               EndsWithTime ends_with_time);
// Wakes every fiber that waits for `word`, which the caller has set. The word may be gone: only its address is used.
void unpark(const std::atomic<uint32_t>& word);
// Does the same in the handler of a device's interrupt, with interrupts off. The interrupted code may hold any lock but
// the scheduler's, which is taken only with interrupts off, and under which no other lock is taken.
void unpark_in_interrupt(const std::atomic<uint32_t>& word);

// The Parker of the kernel's mutexes (base/sync/mutex.hpp). A fiber's limits do not end its waits.
struct FiberParker {
  static void park(std::atomic<uint32_t>& word) { (void)kernel::park(word, std::nullopt); }
  static void unpark(std::atomic<uint32_t>& word) { kernel::unpark(word); }
};

// Lets the running fiber wait until this time, its limit_end, or until it is killed, whichever comes first.
void sleep_until(uint64_t nanoseconds_since_boot);

// Ends the guest code of a fiber that has not ended, as a limit does. Any fiber may call it.
void kill(Fiber& fiber);

// The CPU time of the fiber up to now, on all CPUs together, in nanoseconds.
uint64_t cpu_time(const Fiber& fiber);
// Whether the running fiber has reached one of its limits or was killed.
bool is_over_limit();

// The number of times that fibers were preempted.
uint64_t preemption_count();

// The longest time for which kernel code has kept any CPU although other fibers were to run.
LongestDelay longest_delay();
// Begins to measure anew.
void forget_longest_delay();

// Handles the timer's interrupt. Called with interrupts off. `where` is the interrupted place. `frame` lies on the
// kernel's stack and holds the registers with which the interrupted code continues; the function may change it. Other
// fibers may run before the function returns.
void handle_timer_interrupt(const runtime::MachineFault& where, TrapFrame& frame);
// Handles an interrupt that a CPU has sent (machine::send_interrupt): stops this CPU if another reports a panic,
// carries out flush requests (memory/flush_other_cpus.hpp), and then does the same as handle_timer_interrupt.
void handle_cpu_interrupt(const runtime::MachineFault& where, TrapFrame& frame);

// Called after the handler of a device's interrupt, with the same arguments: lets a fiber run that the handler has
// woken.
void handle_device_interrupt(const runtime::MachineFault& where, TrapFrame& frame);

// Looks whether every CPU still takes its timer's interrupts (watchdog.hpp), and panics if one does not. Called often,
// by every CPU; takes no lock.
void watch_cpus();

// Requests the timer's interrupt for when it is next needed on this CPU. Must be called after the running fiber's
// limits have changed.
void reset_timer();

}  // namespace cairn::kernel
