// The scheduler's record of a CPU: the fiber that runs there, and when the CPU's timer interrupts.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

#include "kernel/fibers/cpu_share.hpp"
#include "kernel/fibers/fiber.hpp"
#include "kernel/fibers/last_program.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/account.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"

namespace cairn::kernel {

// A period in which kernel code kept a CPU after the time at which another fiber was to run: it had turned interrupts
// off, or it held a spin lock.
struct LongestDelay {
  uint64_t nanoseconds = 0;
  uint64_t pc = 0;  // of the code that was interrupted last in this period
};

// A CPU may read its own Core without a lock, and changes it with the scheduler's lock held. With that lock held, it
// may also read the Cores of other CPUs, and change their members has_slice_timer and wait_end. Comments on members and
// functions name the exceptions.
class Core {
 public:
  static constexpr uint64_t kNever = Fiber::kNever;
  // How long a fiber runs while others are ready, in nanoseconds.
  static constexpr uint64_t kSlice = 1'000'000;
  // How long after an interrupt the timer interrupts again, in nanoseconds, if the interrupted code held a spin lock,
  // or belongs to a fiber that has reached a limit and has not ended.
  static constexpr uint64_t kRetry = 100'000;

  Cpu* cpu = nullptr;  // null: there is no such CPU, or it has not started
  Fiber* current = nullptr;
  Fiber* idle = nullptr;   // runs when no other fiber is ready
  Fiber* ended = nullptr;  // a fiber that has ended and whose stack the CPU is about to leave; usually null
  uint64_t slice_end = 0;  // when the current fiber's slice is over, in nanoseconds since boot
  // Whether the CPU has requested the timer's interrupt for the end of the slice. Another CPU sets this member when it
  // interrupts the CPU to let it make the request.
  bool has_slice_timer = false;
  // The time until which the CPU waits for an interrupt, in nanoseconds since boot; 0: it does not wait; kNever: it
  // waits without end. Other CPUs set it to 0 when they interrupt the CPU because a fiber is ready. All CPUs may read
  // it without the lock.
  std::atomic<uint64_t> wait_end{0};
  // The time for which the timer's interrupt is requested, in nanoseconds since boot; kNever: it is not requested.
  // All CPUs may read it without the lock.
  std::atomic<uint64_t> timer_time{kNever};
  LongestDelay delay;  // the longest so far

  [[nodiscard]] bool is_idle() const { return current == idle; }

  // Makes `fiber` the current fiber, and begins its slice.
  void begin(Fiber& fiber) {
    if (last_program_.enter(fiber.program_)) machine::forget_branches();
    current = &fiber;
    since_ = nanoseconds_since_boot();
    slice_end = since_ + kSlice;
    end_delay();
  }

  // Notes that the code at `pc` was interrupted, and that another fiber was to run from the time `due` on, or from now
  // on. Called in the interrupt, without the lock.
  void begin_delay(uint64_t due, uint64_t pc) {
    // A time that had passed already was due when it was requested, which was after the last charge.
    if (due_since_ == 0) due_since_ = std::min(std::max(due, since_), nanoseconds_since_boot());
    due_pc_ = pc;
  }
  // Notes that another fiber can run now.
  void end_delay() {
    if (due_since_ == 0) return;
    const uint64_t length = nanoseconds_since_boot() - due_since_;
    due_since_ = 0;
    if (length > delay.nanoseconds) delay = {.nanoseconds = length, .pc = due_pc_};
  }

  // Accounts for the time since the current fiber began to run, or since the last call.
  void charge(uint64_t now) {
    current->cpu_time_ += now - since_;
    current->RunNode::charge(now - since_);
    if (current->share_ != nullptr) current->share_->charge(now, now - since_);
    since_ = now;
  }
  void charge() { charge(nanoseconds_since_boot()); }

  // When the current fiber has used up its share of the CPUs if it goes on running; kNever if it has none.
  [[nodiscard]] uint64_t share_end() const {
    return current->share_ == nullptr ? kNever : since_ + current->share_->left(since_);
  }

  // The CPU itself may call the functions from here on without the lock, but with interrupts off, because only it
  // changes what they use. Their times are nanoseconds since boot, except for cpu_time().

  // The CPU time of the current fiber, in nanoseconds.
  [[nodiscard]] uint64_t cpu_time() const { return current->cpu_time_ + (nanoseconds_since_boot() - since_); }

  // Whether the current fiber's account has exceeded its limit, so that the fiber's guest code must end.
  [[nodiscard]] bool is_beyond_memory() const {
    const MemoryAccount* const account = current->context_.account;
    return account != nullptr && account->was_exceeded();
  }
  [[nodiscard]] bool has_limit() const {
    return current->limit_end != kNever || current->cpu_limit != kNever || current->is_killed || is_beyond_memory();
  }
  // The time at which the current fiber reaches a limit if it goes on running; 0 if it was killed, or if its account
  // has exceeded the limit of memory.
  [[nodiscard]] uint64_t limit() const {
    if (current->is_killed || is_beyond_memory()) return 0;
    if (current->cpu_limit == kNever) return current->limit_end;
    const uint64_t used = std::min(current->cpu_time_, current->cpu_limit);
    uint64_t end;
    if (__builtin_add_overflow(since_, current->cpu_limit - used, &end)) end = kNever;
    return std::min(current->limit_end, end);
  }
  [[nodiscard]] bool is_over_limit() const { return has_limit() && nanoseconds_since_boot() >= limit(); }

  // Requests the timer's interrupt for this time; kNever requests none. If it is requested for an earlier time, that
  // stays: setting the timer costs more than an interrupt that comes too early now and then. Called with interrupts
  // off.
  void program_timer(uint64_t time) {
    if (time >= timer_time.load(std::memory_order_relaxed)) return;
    timer_time.store(time, std::memory_order_relaxed);
    machine::set_timer(ticks_at(time));
  }
  // Called when the timer's interrupt has come, and before machine::wait_until() replaces the request. Returns the time
  // that was requested.
  uint64_t forget_timer() {
    const uint64_t time = timer_time.load(std::memory_order_relaxed);
    timer_time.store(kNever, std::memory_order_relaxed);
    return time;
  }

 private:
  LastProgram last_program_;
  uint64_t since_ = 0;      // when the current fiber began to run or was last charged, in nanoseconds since boot
  uint64_t due_since_ = 0;  // since when another fiber is to run, in nanoseconds since boot; 0: none is
  uint64_t due_pc_ = 0;     // the interrupted pc at the last call of begin_delay()
};

}  // namespace cairn::kernel
