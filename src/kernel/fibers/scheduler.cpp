#include "kernel/fibers/scheduler.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "kernel/fibers/scheduler_state.hpp"
#include "kernel/image.hpp"
#include "kernel/memory/flush_other_cpus.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/panic.hpp"
#include "kernel/trap/interrupts_off.hpp"
#include "port/cpu.hpp"
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

}  // namespace

Fiber::~Fiber() { CAIRN_ASSERT(state_ == State::made || has_ended()); }

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

namespace {

// Ends the fibers of the current account, which has exceeded its limit of memory.
void end_account() {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  scheduler.end_account();
}

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
  after_exceeding(end_account);
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
  if (!fiber.account_) fiber.account_ = this_cpu().account;
  fiber.program_ = *fiber.account_ != nullptr ? (*fiber.account_)->serial() : 0;
  const AccountScope account(*fiber.account_);
  fiber.vectors_.emplace(CAIRN_TRY(VectorState::create()));
  fiber.give_stack(CAIRN_TRY(KernelStack::create()));
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  scheduler.start(fiber);
  return {};
}

bool join(Fiber& fiber, uint64_t deadline) {
  const auto end = deadline == kNever ? std::nullopt : std::optional(deadline);
  while (!fiber.has_ended() && nanoseconds_since_boot() < deadline) (void)park(fiber.ended_, end);
  return fiber.has_ended();
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
  return park_while(word, 0, deadline, ends_with_time);
}

ParkResult park_while(const std::atomic<uint32_t>& word, uint32_t value, std::optional<uint64_t> deadline,
                      EndsWithTime ends_with_time) {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  if (word.load(std::memory_order_acquire) != value) return ParkResult::unparked;
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

void unpark_in_interrupt(const std::atomic<uint32_t>& word) {
  // The lock is not entered among those that the interrupted code holds, whose ranks may be higher.
  scheduler_lock.lock();
  scheduler.unpark(word);
  scheduler_lock.unlock();
}

void sleep_until(uint64_t deadline) {
  const std::atomic<uint32_t> never = 0;
  const Fiber& fiber = current_fiber();
  const uint64_t end = std::min(deadline, fiber.limit_end);
  while (nanoseconds_since_boot() < end && !is_over_limit()) (void)park(never, end, EndsWithTime::yes);
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

void handle_device_interrupt(const runtime::MachineFault& where, TrapFrame& frame) { reschedule(where, frame); }

}  // namespace cairn::kernel
