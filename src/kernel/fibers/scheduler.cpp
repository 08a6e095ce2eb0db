#include "kernel/fibers/scheduler.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "kernel/fibers/scheduler_state.hpp"
#include "kernel/fibers/watchdog.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
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
    watch_cpus();
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
  IdleFiber idle(cpu.context->stack);
  {
    const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
    scheduler.add_cpu(cpu, idle, idle);
  }
  run_idle_loop();
}

Fiber& current_fiber() { return *this_context().fiber; }

Result<void> start(Fiber& fiber) {
  MemoryAccount* const account = fiber.first_account_.value_or(this_context().account);
  fiber.context_.account = account;
  fiber.program_ = account != nullptr ? account->serial() : 0;
  const AccountScope scope_of_account(account);
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

bool is_over_limit() {
  const InterruptsOff off;
  return this_core().is_over_limit();
}

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

void forget_longest_delay() {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  scheduler.forget_longest_delay();
}

void watch_cpus() {
  static constinit Watchdog<Cpu::kMaximum> watchdog;
  static constinit std::atomic<uint64_t> next_look{0};
  static constinit std::atomic<bool> is_looking{false};
  const uint64_t now = nanoseconds_since_boot();
  if (now < next_look.load(std::memory_order_relaxed) || is_looking.exchange(true)) return;
  const auto lost = watchdog.look(now, all_cores.size(), [](size_t i) {
    const Core& core = all_cores[i];
    const uint64_t wait_end = core.wait_end;
    return wait_end != 0 ? wait_end : core.timer_time.load();
  });
  next_look = watchdog.next_look();
  is_looking = false;
  if (!lost) return;
  LogLine message;
  message << "CPU " << uint64_t{*lost} << " has not taken its timer's interrupt for two seconds";
  panic_with_all_cpus(message.text());
}

void reset_timer() {
  const InterruptsOff off;
  const SchedulerScope scope(scheduler_lock, LockRank::scheduler);
  scheduler.reset_timer();
}

namespace {

// Holds the scheduler's lock in an interrupt. The lock is not entered among those that the interrupted code holds.
class CAIRN_SCOPED_LOCK_CLASS InterruptScope {
 public:
  InterruptScope() CAIRN_ACQUIRES(scheduler_lock) { scheduler_lock.lock(); }
  ~InterruptScope() CAIRN_RELEASES() { scheduler_lock.unlock(); }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};

// Lets another fiber run instead of kernel code, which holds no spin lock.
void preempt_kernel() {
  this_context().held_locks.set_preemption_due(false);
  const InterruptScope scope;
  scheduler.account();
  scheduler.preempt_kernel();
}

// Handles an interrupt of kernel code. `due` is when the timer was to interrupt; kNever: it has not interrupted.
void reschedule_kernel(uint64_t pc, uint64_t due) {
  Core& core = this_core();
  if (core.is_idle()) return;  // the idle fiber looks for work now
  core.begin_delay(due, pc);
  HeldLocks& held = this_context().held_locks;
  if (!held.has_spin_lock()) return preempt_kernel();
  held.set_preemption_due(true);
  core.program_timer(nanoseconds_since_boot() + Core::kRetry);
}

// Handles an interrupt of guest code.
void reschedule_guest(const runtime::MachineFault& where, TrapFrame& frame) {
  {
    const InterruptScope scope;
    scheduler.account();
  }
  if (this_core().is_over_limit()) {
    const runtime::FaultResolution resolution = runtime::resolve_interrupt(where);
    if (resolution.is_guest_trap) {
      frame.pc = resolution.pc;
      set_stack_pointer(frame, resolution.stack_pointer);
      const InterruptScope scope;
      return scheduler.reset_timer();
    }
  }
  const InterruptScope scope;
  scheduler.preempt_guest();
}

// Handles an interrupt that may change which fiber runs. Kernel code runs on kernel stacks, in the upper half; guests'
// stacks lie in the lower half.
void reschedule(const runtime::MachineFault& where, TrapFrame& frame, uint64_t due = kNever) {
  if (where.stack_pointer >= guest_addresses_end().value) return reschedule_kernel(where.pc, due);
  reschedule_guest(where, frame);
}

}  // namespace

void handle_timer_interrupt(const runtime::MachineFault& where, TrapFrame& frame) {
  watch_cpus();
  reschedule(where, frame, this_core().forget_timer());
}

void handle_cpu_interrupt(const runtime::MachineFault& where, TrapFrame& frame) {
  this_cpu().interrupts_of_cpus.fetch_add(1, std::memory_order_relaxed);
  stop_if_panicking(where.pc, frame_pointer_of(frame));
  carry_out_flush_request();
  reschedule(where, frame);
}

void handle_device_interrupt(const runtime::MachineFault& where, TrapFrame& frame) { reschedule(where, frame); }

}  // namespace cairn::kernel

// With interrupts off, the fiber is preempted at the next release of a lock or the next interrupt.
void cairn::preempt_after_lock() {
  using namespace kernel;
  if (held_locks().has_spin_lock() || !machine::interrupts_are_on()) return;
  const InterruptsOff off;
  preempt_kernel();
}
