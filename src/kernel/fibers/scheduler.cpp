#include "kernel/fibers/scheduler.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "base/sync/locked.hpp"
#include "base/sync/spin_lock.hpp"
#include "kernel/fibers/core.hpp"
#include "kernel/fibers/switch.hpp"
#include "kernel/image.hpp"
#include "kernel/memory/flush_other_cpus.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/panic.hpp"
#include "kernel/trap/interrupts_off.hpp"
#include "port/cpu.hpp"
#include "port/fiber_stack.hpp"
#include "port/trap_frame.hpp"

namespace cairn::kernel {

using runtime::ParkResult;

namespace {

constexpr uint64_t kNever = Fiber::kNever;

// The fiber of the code that boots the kernel, on the boot stack.
class MainFiber final : public Fiber {
 public:
  MainFiber() : Fiber(boot_stack()) {}

 private:
  void run() override {}
};

constinit std::array<Core, Cpu::kMaximum> all_cores{};

Core& this_core() { return all_cores[this_cpu().number]; }

// The lock is held while a CPU switches between stacks: the CPU releases it on the stack that it has switched to. So a
// fiber that another CPU finds ready, parked or ended has left its stack. The lock is taken with interrupts off.
constinit SpinLock scheduler_lock;

}  // namespace

Fiber::~Fiber() { CAIRN_ASSERT(state_ == State::made || has_ended()); }

// Gives the CPUs to the fibers in turn. All functions are called with scheduler_lock held.
class Scheduler {
 public:
  void add_cpu(Cpu& cpu, Fiber& current, Fiber& idle) {
    Core& core = all_cores[cpu.number];
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
    fiber.held_locks_.add(LockRank::scheduler);
  }

  void start(Fiber& fiber) {
    prepare(fiber);
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

  ParkResult park(const std::atomic<uint32_t>& word, std::optional<uint64_t> deadline, EndsWithTime ends_with_time) {
    Core& core = this_core();
    Fiber& fiber = *core.current;
    fiber.kill_ends_park_ = ends_with_time == EndsWithTime::yes;
    if (fiber.kill_ends_park_) {
      if (fiber.is_killed) return ParkResult::timed_out;
      if (fiber.limit_end != kNever) deadline = std::min(fiber.limit_end, deadline.value_or(kNever));
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
      wake(fiber, ParkResult::timed_out);
    }
    for (const Core& core : cores()) {
      if (core.current == &fiber && core.cpu != &this_cpu()) machine::send_interrupt(*core.cpu);
    }
    reset_timer();
  }

  // Accounts for the current fiber's time and wakes the fibers whose timers have ended. Called in an interrupt that has
  // interrupted guest code.
  void account() {
    const uint64_t now = nanoseconds_since_boot();
    this_core().end_delay();
    this_core().charge(now);
    expire_timers(now);
  }

  // Lets another fiber run if it is that fiber's turn. Called in an interrupt that has interrupted guest code.
  void preempt_if_due() {
    Core& core = this_core();
    if (is_due(core)) {
      Fiber& fiber = *core.current;
      ++preemptions_;
      fiber.vectors_->save();
      enqueue(fiber);
      switch_away();
      fiber.vectors_->restore();
    }
    reset_timer();
  }

  // Does the same for kernel code that has called yield_if_due(), where no vector register is in use.
  void yield_if_due() {
    Core& core = this_core();
    core.end_delay();
    const uint64_t now = nanoseconds_since_boot();
    core.charge(now);
    expire_timers(now);
    if (is_due(core)) {
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
    // One CPU wakes up for the next timer. The others wait for an interrupt from another CPU.
    uint64_t end = timers_.next_event();
    for (const Core& other : cores()) {
      if (const uint64_t other_end = other.wait_end; other_end != 0 && other_end <= end) end = kNever;
    }
    Core& core = this_core();
    core.wait_end = end;
    core.forget_timer();  // machine::wait_until() replaces the request for the timer's interrupt, and cancels its own
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
    core.program_timer(time);
  }

 private:
  // The first function on a new fiber's stack. It takes over the lock from the code that has switched to the stack.
  static void run_fiber(Fiber* fiber) CAIRN_RELEASES(scheduler_lock);

  std::span<Core> cores() const { return std::span(all_cores).first(cores_end_); }

  void enqueue(Fiber& fiber) {
    uint64_t least = kNever;  // the least virtual time of the fibers that run
    for (const Core& core : cores()) {
      if (core.cpu != nullptr && !core.is_idle() && core.current->state_ == Fiber::State::running)
        least = std::min(least, core.current->virtual_time);
    }
    if (least != kNever) ready_.advance(least);
    fiber.state_ = Fiber::State::ready;
    ready_.add(fiber);
  }

  // Whether another fiber's turn has come on this CPU.
  [[nodiscard]] bool is_due(const Core& core) const {
    const RunNode* const first = ready_.first();
    return first != nullptr &&
           (nanoseconds_since_boot() >= core.slice_end || first->virtual_time < core.current->virtual_time);
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
    // All CPUs are busy. A CPU has not requested an interrupt at the end of its slice if no fiber was ready before.
    for (Core& core : cores()) {
      if (core.cpu == nullptr || core.cpu == &this_cpu() || core.is_idle() || core.has_slice_timer) continue;
      core.has_slice_timer = true;
      machine::send_interrupt(*core.cpu);
    }
  }

  void wake_all(const std::atomic<uint32_t>& word) {
    while (ParkNode* const node = parked_.find(word)) wake(static_cast<Fiber&>(*node), ParkResult::unparked);
  }

  void wake(Fiber& fiber, ParkResult result) {
    parked_.remove(fiber);
    if (fiber.is_armed()) timers_.disarm(fiber);
    fiber.park_result_ = result;
    make_ready(fiber);
  }

  void expire_timers(uint64_t now) {
    while (Timer* const timer = timers_.expire(now)) wake(static_cast<Fiber&>(*timer), ParkResult::timed_out);
  }

  // Whether every fiber waits for ever: no fiber is ready, no CPU runs one, and no timer is armed. (Devices do not
  // interrupt, so none can wake a fiber.)
  [[nodiscard]] bool is_deadlocked() const {
    return ready_.first() == nullptr && timers_.next_event() == kNever &&
           std::ranges::all_of(cores(), [](const Core& core) { return core.cpu == nullptr || core.is_idle(); });
  }

  // The park() of the fiber that has waited longest, if there is one, returns `deadlocked`. If that fiber waits again,
  // the next one's turn comes.
  void end_deadlock() {
    if (ParkNode* const node = parked_.longest()) wake(static_cast<Fiber&>(*node), ParkResult::deadlocked);
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
    Cpu& cpu = *core.cpu;
    old.activation_ = cpu.activation;
    old.operation_ = cpu.operation;  // an operation may wait for a lock
    old.held_locks_ = cpu.held_locks;
    cpu.stack = next.stack_;
    cpu.activation = next.activation_;
    cpu.operation = next.operation_;
    cpu.held_locks = next.held_locks_;
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

  RunQueue ready_;
  TimerWheel timers_;
  Parked parked_;
  uint64_t preemptions_ = 0;
  size_t cores_end_ = 0;  // 1 + the highest number of a CPU that has started
};

namespace {

using SchedulerScope = LockScope<SpinLock>;

constinit Scheduler scheduler CAIRN_GUARDED_BY(scheduler_lock);

}  // namespace

void Scheduler::run_fiber(Fiber* fiber) {
  scheduler.finish_switch();
  scheduler_lock.unlock();
  held_locks().remove(LockRank::scheduler);
  machine::interrupts_on();
  fiber->run();
  machine::interrupts_off();
  held_locks().add(LockRank::scheduler);
  scheduler_lock.lock();
  Core& core = this_core();
  core.charge();
  fiber->state_ = Fiber::State::ended;
  core.ended = fiber;
  scheduler.switch_away();
  CAIRN_UNREACHABLE();
}

namespace {

// Lets other fibers run, and halts the CPU while none is ready.
[[noreturn]] void run_idle_loop() {
  for (;;) {
    machine::interrupts_off();
    uint64_t end;
    {
      const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
      end = scheduler.run_until_idle();
    }
    machine::wait_until(end == kNever ? kNever : ticks_at(end));
    machine::interrupts_on();  // for the interrupt that has ended the wait
  }
}

// The fiber of a CPU that has nothing else to run.
class IdleFiber final : public Fiber {
 public:
  IdleFiber() = default;
  // Makes the code that already runs on this stack the fiber.
  explicit IdleFiber(std::span<const std::byte> stack) : Fiber(stack) {}

 private:
  void run() override { run_idle_loop(); }
};

}  // namespace

void start_scheduler() {
  static MainFiber main;
  static IdleFiber idle;
  auto vectors = VectorState::create();
  auto idle_stack = KernelStack::create(KernelStack::kIdleSize);
  if (!vectors || !idle_stack) panic("there is no memory for the first fibers");
  main.vectors_.emplace(*std::move(vectors));
  idle.give_stack(*std::move(idle_stack));
  {
    const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
    scheduler.add_cpu(this_cpu(), main, idle);
    scheduler.prepare(idle);
  }
  machine::interrupts_on();
}

void run_cpu(Cpu& cpu) {
  IdleFiber idle(cpu.stack);
  {
    const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
    scheduler.add_cpu(cpu, idle, idle);
  }
  run_idle_loop();
}

Fiber& current_fiber() { return *this_core().current; }

Result<void> start(Fiber& fiber) {
  fiber.vectors_.emplace(CAIRN_TRY(VectorState::create()));
  fiber.give_stack(CAIRN_TRY(KernelStack::create()));
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  scheduler.start(fiber);
  return {};
}

void join(Fiber& fiber) {
  while (!fiber.has_ended()) (void)park(fiber.ended_, std::nullopt);
}

void yield() {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  scheduler.yield();
}

void yield_if_due() {
  if (this_core().due_since == 0) return;
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  scheduler.yield_if_due();
}

ParkResult park(const std::atomic<uint32_t>& word, std::optional<uint64_t> deadline, EndsWithTime ends_with_time) {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  if (word.load(std::memory_order_acquire) != 0) return ParkResult::unparked;
  return scheduler.park(word, deadline, ends_with_time);
}

void kill(Fiber& fiber) {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  scheduler.kill(fiber);
}

void unpark(const std::atomic<uint32_t>& word) {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  scheduler.unpark(word);
}

void sleep_until(uint64_t deadline) {
  const std::atomic<uint32_t> never = 0;
  const Fiber& fiber = current_fiber();
  const uint64_t end = std::min(deadline, fiber.limit_end);
  while (nanoseconds_since_boot() < end && !fiber.is_killed) (void)park(never, end, EndsWithTime::yes);
}

uint64_t cpu_time(const Fiber& fiber) {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  return scheduler.cpu_time(fiber);
}

bool is_over_limit() { return this_core().is_over_limit(); }

uint64_t preemption_count() {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  return scheduler.preemptions();
}

LongestDelay longest_delay() {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  return scheduler.longest_delay();
}

void reset_timer() {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  scheduler.reset_timer();
}

namespace {

// Handles an interrupt that may change which fiber runs.
void reschedule(const runtime::MachineFault& where, TrapFrame& frame) {
  Core& core = this_core();
  // Kernel code is not preempted (INV-22). It runs on kernel stacks, in the upper half; guests' stacks lie in the
  // lower half.
  if (where.stack_pointer >= guest_addresses_end().value) {
    if (core.is_idle()) return;  // the idle fiber looks for work now
    core.begin_delay(where.pc);
    core.program_timer_before(nanoseconds_since_boot() + Core::kRetry);
    // A CPU that waits can do what this one is too busy for.
    const auto waiting = std::ranges::find_if(all_cores, [](const Core& c) { return c.wait_end != 0; });
    if (waiting != all_cores.end()) machine::send_interrupt(*waiting->cpu);
    return;
  }
  {
    const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
    scheduler.account();
  }
  if (core.is_over_limit()) {
    const runtime::FaultResolution resolution = runtime::resolve_interrupt(where);
    if (resolution.is_guest_trap) {
      frame.pc = resolution.pc;
      set_stack_pointer(frame, resolution.stack_pointer);
      const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
      return scheduler.reset_timer();
    }
  }
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  scheduler.preempt_if_due();
}

}  // namespace

void handle_timer_interrupt(const runtime::MachineFault& where, TrapFrame& frame) {
  this_core().forget_timer();
  reschedule(where, frame);
}

void handle_cpu_interrupt(const runtime::MachineFault& where, TrapFrame& frame) {
  this_cpu().interrupts_of_cpus.fetch_add(1, std::memory_order_relaxed);
  stop_if_panicking();
  carry_out_flush_request();
  reschedule(where, frame);
}

}  // namespace cairn::kernel
