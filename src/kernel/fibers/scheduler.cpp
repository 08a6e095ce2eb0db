#include "kernel/fibers/scheduler.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "base/operation.hpp"
#include "kernel/fibers/switch.hpp"
#include "kernel/image.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/panic.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"
#include "port/cpu.hpp"
#include "port/fiber_stack.hpp"
#include "port/trap_frame.hpp"

namespace cairn::kernel {

using runtime::ParkResult;

namespace {

constexpr uint64_t kNever = Fiber::kNever;
// How long a fiber runs while others are ready, in nanoseconds.
constexpr uint64_t kSlice = 1'000'000;
// When the timer's interrupt has interrupted kernel code, it comes again after this time, in nanoseconds.
constexpr uint64_t kRetry = 100'000;
constexpr size_t kBuckets = 64;

// Turns interrupts off, and restores their earlier state when it is destroyed.
class InterruptsOff {
 public:
  InterruptsOff() : were_on_(machine::interrupts_are_on()) { machine::interrupts_off(); }
  ~InterruptsOff() {
    if (were_on_) machine::interrupts_on();
  }
  InterruptsOff(const InterruptsOff&) = delete;
  InterruptsOff& operator=(const InterruptsOff&) = delete;

 private:
  bool were_on_;
};

// The fiber of the code that boots the kernel, on the boot stack.
class MainFiber final : public Fiber {
 public:
  MainFiber() : Fiber(boot_stack()) {}

 private:
  void run() override {}
};

}  // namespace

Fiber::~Fiber() { CAIRN_ASSERT(state_ == State::made || has_ended()); }

// The scheduler of one CPU. Functions that change it are called with interrupts off.
class Scheduler {
 public:
  void adopt(Fiber& fiber) {
    Result<VectorState> vectors = VectorState::create();
    if (!vectors) panic("there is no memory for the first fiber");
    fiber.vectors_.emplace(*std::move(vectors));
    current_ = &fiber;
    since_ = nanoseconds_since_boot();
    slice_end_ = since_ + kSlice;
  }

  [[nodiscard]] Fiber& current() { return *current_; }
  [[nodiscard]] uint64_t preemptions() const { return preemptions_; }
  [[nodiscard]] uint64_t cpu_time(const Fiber& fiber) const {
    return fiber.cpu_time_ + (&fiber == current_ ? nanoseconds_since_boot() - since_ : 0);
  }

  Result<void> start(Fiber& fiber) {
    CAIRN_ASSERT(fiber.state_ == Fiber::State::made);
    fiber.vectors_.emplace(CAIRN_TRY(VectorState::create()));
    fiber.own_stack_.emplace(CAIRN_TRY(KernelStack::create()));
    fiber.stack_ = fiber.own_stack_->bytes();
    charge(*current_);
    fiber.stack_pointer_ = prepare_stack(fiber.own_stack_->bytes(), &Scheduler::run_fiber, &fiber);
    make_ready(fiber);
    reset_timer();
    return {};
  }

  void yield() {
    charge(*current_);
    // The current fiber must not come before the first ready fiber, or else it could be chosen again at once.
    if (const RunNode* const first = ready_.first())
      current_->virtual_time = std::max(current_->virtual_time, first->virtual_time);
    make_ready(*current_);
    switch_away();
  }

  ParkResult park(const std::atomic<uint32_t>& word, std::optional<uint64_t> deadline) {
    Fiber& fiber = *current_;
    charge(fiber);
    fiber.state_ = Fiber::State::parked;
    fiber.word_ = &word;
    fiber.parked_at_ = ++parked_count_;
    Fiber*& first = bucket(word);
    fiber.previous_parked_ = nullptr;
    fiber.next_parked_ = first;
    if (first != nullptr) first->previous_parked_ = &fiber;
    first = &fiber;
    if (deadline) timers_.arm(fiber, *deadline);
    switch_away();
    return fiber.park_result_;
  }

  void unpark(const std::atomic<uint32_t>& word) {
    if (bucket(word) == nullptr) return;
    charge(*current_);
    for (Fiber* fiber = bucket(word); fiber != nullptr;) {
      Fiber* const next = fiber->next_parked_;
      if (fiber->word_ == &word) wake(*fiber, ParkResult::unparked);
      fiber = next;
    }
    reset_timer();
  }

  void handle_timer(const runtime::MachineFault& where, TrapFrame& frame) {
    programmed_ = kNever;
    const uint64_t now = nanoseconds_since_boot();
    // Kernel code is not preempted (INV-22). It runs on kernel stacks, in the upper half; guests' stacks lie in the
    // lower half.
    if (where.stack_pointer >= guest_addresses_end().value) return program_timer(now + kRetry);
    charge(*current_, now);
    expire_timers(now);
    if (is_over_limit(now)) {
      const runtime::FaultResolution resolution = runtime::resolve_interrupt(where);
      if (resolution.is_guest_trap) {
        frame.pc = resolution.pc;
        set_stack_pointer(frame, resolution.stack_pointer);
        return reset_timer();
      }
    }
    const RunNode* const first = ready_.first();
    if (first != nullptr && (now >= slice_end_ || first->virtual_time < current_->virtual_time)) preempt();
    reset_timer();
  }

  void reset_timer() {
    uint64_t time = timers_.next_event();
    if (ready_.first() != nullptr) time = std::min(time, slice_end_);
    if (has_limit()) {
      const uint64_t now = nanoseconds_since_boot();
      time = std::min(time, is_over_limit(now) ? now + kRetry : limit_of_current());
    }
    program_timer(time);
  }

  [[nodiscard]] bool has_limit() const { return current_->limit_end != kNever || current_->cpu_limit != kNever; }
  [[nodiscard]] bool is_over_limit(uint64_t now) const { return now >= limit_of_current(); }

 private:
  static void run_fiber(Fiber* fiber);

  Fiber*& bucket(const std::atomic<uint32_t>& word) {
    const uint64_t hash = reinterpret_cast<uintptr_t>(&word) * 0x9e37'79b9'7f4a'7c15;
    return parked_[hash >> 58];
  }

  // The time at which the current fiber reaches a limit if it goes on running.
  [[nodiscard]] uint64_t limit_of_current() const {
    if (current_->cpu_limit == kNever) return current_->limit_end;
    const uint64_t used = std::min(current_->cpu_time_, current_->cpu_limit);
    uint64_t end;
    if (__builtin_add_overflow(since_, current_->cpu_limit - used, &end)) end = kNever;
    return std::min(current_->limit_end, end);
  }

  // Accounts for the time since the fiber began to run, or since the last call.
  void charge(Fiber& fiber) { charge(fiber, nanoseconds_since_boot()); }
  void charge(Fiber& fiber, uint64_t now) {
    fiber.cpu_time_ += now - since_;
    fiber.RunNode::charge(now - since_);
    since_ = now;
  }

  void make_ready(Fiber& fiber) {
    if (current_->state_ == Fiber::State::running) ready_.advance(current_->virtual_time);
    fiber.state_ = Fiber::State::ready;
    ready_.add(fiber);
  }

  void wake(Fiber& fiber, ParkResult result) {
    (fiber.previous_parked_ != nullptr ? fiber.previous_parked_->next_parked_ : bucket(*fiber.word_)) =
        fiber.next_parked_;
    if (fiber.next_parked_ != nullptr) fiber.next_parked_->previous_parked_ = fiber.previous_parked_;
    fiber.next_parked_ = fiber.previous_parked_ = nullptr;
    fiber.word_ = nullptr;
    if (fiber.is_armed()) timers_.disarm(fiber);
    fiber.park_result_ = result;
    make_ready(fiber);
  }

  void expire_timers(uint64_t now) {
    while (Timer* const timer = timers_.expire(now)) wake(static_cast<Fiber&>(*timer), ParkResult::timed_out);
  }

  // Called when no fiber is ready and no timer is armed. Devices raise no interrupts, so every fiber would wait for
  // ever. The park() of the fiber that has waited longest returns `deadlocked`. If that fiber waits again, the fiber
  // that has waited longest then is woken next.
  void end_deadlock() {
    Fiber* first = nullptr;
    for (Fiber* fiber : parked_) {
      for (; fiber != nullptr; fiber = fiber->next_parked_) {
        if (first == nullptr || fiber->parked_at_ < first->parked_at_) first = fiber;
      }
    }
    CAIRN_ASSERT(first != nullptr);
    wake(*first, ParkResult::deadlocked);
  }

  // Takes the first fiber that is ready. Halts until there is one.
  RunNode& next_ready() {
    for (;;) {
      expire_timers(nanoseconds_since_boot());
      if (RunNode* const node = ready_.take()) return *node;
      const uint64_t event = timers_.next_event();
      if (event == kNever) {
        end_deadlock();
      } else {
        machine::wait_until(ticks_at(event));
        programmed_ = kNever;
      }
    }
  }

  // Gives the CPU to the next fiber. The caller has set the current fiber's state. The call returns when the current
  // fiber runs again, and never if that fiber has ended.
  void switch_away() {
    CAIRN_ASSERT(!held_locks().has_spin_lock() && operation_current() == nullptr);
    Fiber& next = static_cast<Fiber&>(next_ready());
    since_ = nanoseconds_since_boot();
    slice_end_ = since_ + kSlice;
    next.state_ = Fiber::State::running;
    Fiber& old = *std::exchange(current_, &next);
    reset_timer();
    if (&old == &next) return;
    Cpu& cpu = this_cpu();
    old.activation_ = cpu.activation;
    old.held_locks_ = cpu.held_locks;
    cpu.stack = next.stack_;
    cpu.activation = next.activation_;
    cpu.held_locks = next.held_locks_;
    cairn_switch_stacks(&old.stack_pointer_, next.stack_pointer_);
  }

  // Called in the timer's interrupt, when it has interrupted guest code of the current fiber.
  void preempt() {
    Fiber& fiber = *current_;
    ++preemptions_;
    make_ready(fiber);
    fiber.vectors_->save();
    switch_away();
    fiber.vectors_->restore();
  }

  void program_timer(uint64_t time) {
    if (time == programmed_) return;
    programmed_ = time;
    machine::set_timer(time == kNever ? kNever : ticks_at(time));
  }

  Fiber* current_ = nullptr;
  RunQueue ready_;
  TimerWheel timers_;
  std::array<Fiber*, kBuckets> parked_{};  // lists of fibers that wait, by a hash of the word's address
  uint64_t parked_count_ = 0;              // the number of waits so far
  uint64_t since_ = 0;                     // when the current fiber began to run, or was last charged
  uint64_t slice_end_ = 0;
  uint64_t programmed_ = kNever;  // the time for which the timer's interrupt was requested
  uint64_t preemptions_ = 0;
};

namespace {

constinit Scheduler scheduler;

}  // namespace

void Scheduler::run_fiber(Fiber* fiber) {
  machine::interrupts_on();
  fiber->run();
  machine::interrupts_off();
  fiber->ended_.store(1, std::memory_order_release);
  scheduler.unpark(fiber->ended_);
  scheduler.charge(*fiber);
  fiber->state_ = Fiber::State::ended;
  scheduler.switch_away();
}

void start_scheduler() {
  static MainFiber main;
  scheduler.adopt(main);
  machine::interrupts_on();
}

Fiber& current_fiber() { return scheduler.current(); }

Result<void> start(Fiber& fiber) {
  const InterruptsOff off;
  return scheduler.start(fiber);
}

void join(Fiber& fiber) {
  while (!fiber.has_ended()) (void)park(fiber.ended_, std::nullopt);
}

void yield() {
  const InterruptsOff off;
  scheduler.yield();
}

ParkResult park(const std::atomic<uint32_t>& word, std::optional<uint64_t> deadline) {
  const InterruptsOff off;
  if (word.load(std::memory_order_acquire) != 0) return ParkResult::unparked;
  return scheduler.park(word, deadline);
}

void unpark(const std::atomic<uint32_t>& word) {
  const InterruptsOff off;
  scheduler.unpark(word);
}

void sleep_until(uint64_t deadline) {
  const std::atomic<uint32_t> never = 0;
  const uint64_t end = std::min(deadline, current_fiber().limit_end);
  while (nanoseconds_since_boot() < end) (void)park(never, end);
}

uint64_t cpu_time(const Fiber& fiber) { return scheduler.cpu_time(fiber); }
bool is_over_limit() { return scheduler.has_limit() && scheduler.is_over_limit(nanoseconds_since_boot()); }
uint64_t preemption_count() { return scheduler.preemptions(); }

void handle_timer_interrupt(const runtime::MachineFault& where, TrapFrame& frame) {
  scheduler.handle_timer(where, frame);
}

void reset_timer() {
  const InterruptsOff off;
  scheduler.reset_timer();
}

}  // namespace cairn::kernel
