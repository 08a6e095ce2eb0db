// The state of the scheduler (scheduler.hpp) and how it changes.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/assert.hpp"
#include "base/sync/locked.hpp"
#include "base/sync/spin_lock.hpp"
#include "kernel/fibers/core.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/fibers/switch.hpp"
#include "port/cpu.hpp"
#include "port/fiber_stack.hpp"

namespace cairn::kernel {

inline constinit std::array<Core, Cpu::kMaximum> all_cores{};

inline Core& this_core() { return all_cores[this_cpu().number]; }

// The lock is held while a CPU switches between stacks: the CPU releases it on the stack that it has switched to. So a
// fiber that another CPU finds ready, parked or ended has left its stack. The lock is taken with interrupts off.
inline constinit SpinLock scheduler_lock;

using SchedulerScope = LockScope<SpinLock>;

// Gives the CPUs to the fibers in turn. All functions are called with scheduler_lock held.
class Scheduler {
 public:
  // Adds a CPU that now runs the fiber `current`, and runs `idle` when no other fiber is ready.
  void add_cpu(Cpu& cpu, Fiber& current, Fiber& idle) {
    Core& core = all_cores[cpu.number];
    CAIRN_ASSERT(cpu.context->operation == nullptr && cpu.context->account == nullptr);
    current.context_.held_locks.add(LockRank::scheduler);
    cpu.context = &current.context_;
    core.idle = &idle;
    core.begin(current);
    current.state_ = Fiber::State::running;
    core.cpu = &cpu;
    cores_end_ = std::max<size_t>(cores_end_, cpu.number + 1);
  }

  [[nodiscard]] uint64_t preemptions() const { return preemptions_; }

  [[nodiscard]] LongestDelay longest_delay() const {
    return std::ranges::max_element(cores(), {}, [](const Core& core) { return core.delay.nanoseconds; })->delay;
  }

  void forget_longest_delay() {
    for (Core& core : cores()) core.delay = {};
  }

  [[nodiscard]] uint64_t cpu_time(const Fiber& fiber) {
    for (const Core& core : cores()) {
      if (core.current == &fiber) return core.cpu_time();
    }
    return fiber.cpu_time_;
  }

  // Prepares a new fiber's stack so that a CPU can switch to it. The fiber begins with scheduler_lock held.
  void prepare(Fiber& fiber) {
    CAIRN_ASSERT(fiber.state_ == Fiber::State::made);
    fiber.stack_pointer_ = prepare_stack(fiber.own_stack_->bytes(), &Scheduler::run_fiber, &fiber);
    fiber.context_.held_locks.add(LockRank::scheduler);
  }

  void start(Fiber& fiber) {
    prepare(fiber);
    this_core().charge();  // so that the new fiber's virtual time begins where the running fiber's is now
    make_ready(fiber);
    reset_timer();
  }

  void yield() {
    Core& core = this_core();
    core.charge();
    // This fiber must not come before the first that is ready, or else it could be the next again.
    if (const RunNode* const first = ready_.first())
      core.current->virtual_time = std::max(core.current->virtual_time, first->virtual_time);
    enqueue(*core.current);
    switch_away();
  }

  runtime::ParkResult park(const std::atomic<uint32_t>& word, std::optional<uint64_t> deadline,
                           EndsWithTime ends_with_time) {
    Core& core = this_core();
    Fiber& fiber = *core.current;
    fiber.kill_ends_park_ = ends_with_time == EndsWithTime::yes;
    if (fiber.kill_ends_park_) {
      if (fiber.is_killed || core.is_beyond_memory()) return runtime::ParkResult::timed_out;
      if (fiber.limit_end != Fiber::kNever) deadline = std::min(fiber.limit_end, deadline.value_or(Fiber::kNever));
    }
    core.charge();
    fiber.state_ = Fiber::State::parked;
    parked_.add(fiber, word);
    if (deadline) timers_.arm(fiber, *deadline);
    switch_away();
    return fiber.park_result_;
  }

  void unpark(const std::atomic<uint32_t>& word) {
    if (parked_.find(word) == nullptr) return;
    this_core().charge();
    wake_all(word);
    reset_timer();
  }

  void kill(Fiber& fiber) {
    fiber.is_killed = true;
    if (fiber.state_ == Fiber::State::parked && fiber.kill_ends_park_) {
      this_core().charge();
      wake(fiber, runtime::ParkResult::timed_out);
    }
    for (const Core& core : cores()) {
      if (core.current == &fiber && core.cpu != &this_cpu()) machine::send_interrupt(*core.cpu);
    }
    reset_timer();
  }

  // Called when the current account has exceeded its limit of memory: ends the waits and the guest code of its fibers.
  void end_account() {
    Core& core = this_core();
    const MemoryAccount* const account = core.current->context_.account;
    const auto is_to_end = [&](const ParkNode& node) {
      const auto& fiber = static_cast<const Fiber&>(node);
      return fiber.kill_ends_park_ && fiber.context_.account == account;
    };
    core.charge();
    while (ParkNode* const node = parked_.find_if(is_to_end))
      wake(static_cast<Fiber&>(*node), runtime::ParkResult::timed_out);
    for (const Core& other : cores()) {
      if (other.cpu != nullptr && other.cpu != core.cpu && other.current->context_.account == account)
        machine::send_interrupt(*other.cpu);
    }
    reset_timer();
  }

  // Accounts for the current fiber's time and wakes the fibers whose timers have ended. Called when the fiber was
  // interrupted and can be preempted.
  void account() {
    const uint64_t now = nanoseconds_since_boot();
    this_core().end_delay();
    this_core().charge(now);
    expire_timers(now);
  }

  // Lets another fiber run if it is that fiber's turn. Called in an interrupt that has interrupted guest code.
  void preempt_guest() {
    Core& core = this_core();
    const bool has_to_wait = is_beyond_share(core);
    if (has_to_wait || is_due(core)) {
      Fiber& fiber = *core.current;
      ++preemptions_;
      fiber.vectors_->save();
      if (has_to_wait) {
        wait_for_share(fiber);
      } else {
        enqueue(fiber);
      }
      switch_away();
      fiber.vectors_->restore();
    }
    reset_timer();
  }

  // Does the same for kernel code, where no vector register of a guest is in use. It is not made to wait for its share,
  // because it may hold what others wait for.
  void preempt_kernel() {
    Core& core = this_core();
    if (is_due(core)) {
      ++preemptions_;
      enqueue(*core.current);
      switch_away();
    }
    reset_timer();
  }

  // Called by the CPU's idle fiber: lets fibers run until none is ready. Returns the time until which the CPU is to
  // wait for an interrupt.
  uint64_t run_until_idle() {
    this_core().wait_end = 0;
    for (;;) {
      expire_timers(nanoseconds_since_boot());
      if (is_deadlocked()) end_deadlock();
      if (ready_.first() == nullptr) break;
      switch_away();
    }
    // One CPU wakes up for the next timer, and to look at the CPUs that have requested their timers' interrupts. The
    // others wait for an interrupt from another CPU.
    uint64_t end = timers_.next_event();
    if (std::ranges::any_of(cores(), [](const Core& core) { return core.timer_time != Core::kNever; }))
      end = std::min(end, nanoseconds_since_boot() + kWatchInterval);
    for (const Core& other : cores()) {
      if (const uint64_t other_end = other.wait_end; other_end != 0 && other_end <= end) end = Fiber::kNever;
    }
    Core& core = this_core();
    core.wait_end = end;
    // machine::wait_until() replaces the request for the timer's interrupt, and cancels its own request at its end.
    core.forget_timer();
    return end;
  }

  // Requests the timer's interrupt for when it is next needed on this CPU.
  void reset_timer() {
    Core& core = this_core();
    if (core.is_idle()) return;  // wait_until() requests the interrupt
    uint64_t time = timers_.next_event();
    core.has_slice_timer = ready_.first() != nullptr;
    if (core.has_slice_timer) time = std::min(time, core.slice_end);
    if (core.has_limit()) {
      const uint64_t now = nanoseconds_since_boot(), limit = core.limit();
      time = std::min(time, now >= limit ? now + Core::kRetry : limit);
    }
    if (const uint64_t end = core.share_end(); end != Fiber::kNever) {
      const uint64_t now = nanoseconds_since_boot();
      time = std::min(time, now >= end ? now + Core::kRetry : end);
    }
    core.program_timer(time);
  }

 private:
  // The first function on a new fiber's stack. It takes over the lock from the code that has switched to the stack.
  static void run_fiber(Fiber* fiber) CAIRN_RELEASES(scheduler_lock);

  std::span<Core> cores() const { return std::span(all_cores).first(cores_end_); }

  void enqueue(Fiber& fiber) {
    uint64_t least = Fiber::kNever;  // the least virtual time of the fibers that run
    for (const Core& core : cores()) {
      if (core.cpu != nullptr && !core.is_idle() && core.current->state_ == Fiber::State::running)
        least = std::min(least, core.current->virtual_time);
    }
    if (least != Fiber::kNever) ready_.advance(least);
    fiber.state_ = Fiber::State::ready;
    ready_.add(fiber);
  }

  // Whether another fiber's turn has come on this CPU.
  [[nodiscard]] bool is_due(const Core& core) const {
    const RunNode* const first = ready_.first();
    return first != nullptr &&
           (nanoseconds_since_boot() >= core.slice_end || first->virtual_time < core.current->virtual_time);
  }

  // Whether the current fiber, whose time was just charged, has used up its share of the CPUs. One that has to end goes
  // on to its end.
  [[nodiscard]] static bool is_beyond_share(const Core& core) {
    return nanoseconds_since_boot() >= core.share_end() && !core.is_over_limit();
  }
  // Parks the fiber until it has a share again, or a limit ends it.
  void wait_for_share(Fiber& fiber) {
    fiber.state_ = Fiber::State::parked;
    fiber.kill_ends_park_ = true;
    parked_.add(fiber, kShare);
    timers_.arm(fiber, std::min(fiber.share_->next_start(), fiber.limit_end));
  }

  // Puts a fiber that was woken or started into the queue, and asks another CPU to run it.
  void make_ready(Fiber& fiber) {
    enqueue(fiber);
    for (Core& core : cores()) {
      if (core.wait_end == 0) continue;
      core.wait_end = 0;  // so that the next fiber wakes another CPU
      machine::send_interrupt(*core.cpu);
      return;
    }
    // All CPUs are busy. A CPU has not requested an interrupt at the end of its slice if no fiber was ready before, so
    // it is interrupted now to make that request.
    for (Core& core : cores()) {
      if (core.cpu == nullptr || core.cpu == &this_cpu() || core.is_idle() || core.has_slice_timer) continue;
      core.has_slice_timer = true;
      machine::send_interrupt(*core.cpu);
    }
  }

  void wake_all(const std::atomic<uint32_t>& word) {
    while (ParkNode* const node = parked_.find(word)) wake(static_cast<Fiber&>(*node), runtime::ParkResult::unparked);
  }

  void wake(Fiber& fiber, runtime::ParkResult result) {
    parked_.remove(fiber);
    if (fiber.is_armed()) timers_.disarm(fiber);
    fiber.park_result_ = result;
    make_ready(fiber);
  }

  void expire_timers(uint64_t now) {
    while (Timer* const timer = timers_.expire(now)) wake(static_cast<Fiber&>(*timer), runtime::ParkResult::timed_out);
  }

  // Whether every fiber waits for ever: no fiber is ready, no CPU runs one, and no timer is armed. (A fiber that
  // waits for a device has armed one.)
  [[nodiscard]] bool is_deadlocked() const {
    return ready_.first() == nullptr && timers_.next_event() == Fiber::kNever &&
           std::ranges::all_of(cores(), [](const Core& core) { return core.cpu == nullptr || core.is_idle(); });
  }

  // The park() of the fiber that has waited longest, if there is one, returns `deadlocked`. If that fiber waits again,
  // the next one's turn comes.
  void end_deadlock() {
    if (ParkNode* const node = parked_.longest()) wake(static_cast<Fiber&>(*node), runtime::ParkResult::deadlocked);
  }

  // Takes the first fiber that is ready; returns the CPU's idle fiber if none is. Called when the current fiber gives
  // up the CPU.
  Fiber& next_fiber() {
    Core& core = this_core();
    if (ready_.first() == nullptr) expire_timers(nanoseconds_since_boot());
    RunNode* const node = ready_.take();
    return node != nullptr ? static_cast<Fiber&>(*node) : *core.idle;
  }

  // Gives the CPU to the next fiber. The caller has set the current fiber's state. The call returns when this fiber
  // runs again, perhaps on another CPU, and never for one that has ended.
  void switch_away() {
    Core& core = this_core();
    Fiber& next = next_fiber();
    Fiber& old = *core.current;
    core.begin(next);
    next.state_ = Fiber::State::running;
    reset_timer();
    if (&old == &next) return;
    core.cpu->context = &next.context_;
    cairn_switch_stacks(&old.stack_pointer_, next.stack_pointer_);
    finish_switch();
  }

  // Called on the stack that the CPU has switched to. If the fiber that was left has ended, nothing uses its stack any
  // more, so its end is announced.
  void finish_switch() {
    Fiber* const ended = std::exchange(this_core().ended, nullptr);
    if (ended == nullptr) return;
    const std::atomic<uint32_t>& word = ended->ended_;
    ended->ended_.store(1, std::memory_order_release);
    wake_all(word);  // the fiber may be gone already; only the word's address is used
    reset_timer();
  }

  static constexpr uint64_t kWatchInterval = 500'000'000;  // nanoseconds
  static constexpr std::atomic<uint32_t> kShare{0};        // the word for which fibers wait in wait_for_share()

  RunQueue ready_;
  TimerWheel timers_;
  Parked parked_;
  uint64_t preemptions_ = 0;
  size_t cores_end_ = 0;  // 1 + the highest number of a CPU that has started
};

inline constinit Scheduler scheduler CAIRN_GUARDED_BY(scheduler_lock);

}  // namespace cairn::kernel
