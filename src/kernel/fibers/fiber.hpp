// A fiber: the one kind of thread in the kernel. It has a kernel stack, and runs until it parks, ends, or is preempted.
// It may be preempted at any instruction of guest code, and of kernel code that holds no spin lock and has not turned
// interrupts off. Afterwards it may continue on another CPU.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "kernel/fibers/kernel_stack.hpp"
#include "kernel/fibers/parked.hpp"
#include "kernel/fibers/run_queue.hpp"
#include "kernel/fibers/vector_state.hpp"
#include "kernel/time/timer_wheel.hpp"
#include "kernel/trap/fiber_context.hpp"
#include "runtime/platform.hpp"

namespace cairn::kernel {

class Core;
class CpuShare;
class Scheduler;
struct Cpu;

// A fiber that is ready is in the run queue as a RunNode. A fiber that is parked is in the table of waiting fibers
// (parked.hpp) as a ParkNode; if its wait has a deadline, its Timer is armed.
class Fiber : private RunNode, private ParkNode, private Timer {
 public:
  static constexpr uint64_t kNever = ~uint64_t{0};

  // The fiber must have ended, or must never have been started.
  virtual ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  [[nodiscard]] bool has_ended() const { return ended_.load(std::memory_order_acquire) != 0; }
  // Sets the fiber's weight, which is at least 1. Fibers that are ready share the CPUs in proportion to their weights.
  // Called before start().
  void set_weight(uint64_t weight) { RunNode::weight = weight; }
  [[nodiscard]] uint64_t weight() const { return RunNode::weight; }
  // Sets a share of the CPUs that the fiber has together with others; null: the fiber has no such limit. Called before
  // start(); the share must outlive the fiber.
  void set_share(CpuShare* share) { share_ = share; }
  [[nodiscard]] CpuShare* share() const { return share_; }
  // Sets the account for the fiber's stack and for all that the fiber allocates; null is the system's. Without this
  // call, it is the account of the fiber that calls start(). Called before start(); the account must outlive the fiber.
  void set_account(MemoryAccount* account) { first_account_ = account; }

  // The limits of the fiber's guest code, which ends with the trap `interrupted` when it reaches one: limit_end is a
  // time in nanoseconds since boot, cpu_limit an amount of CPU time in nanoseconds. sleep_until() and Platform::park()
  // return at limit_end, too. Only the fiber itself changes its limits (runtime/time_limit.hpp), and calls
  // reset_timer() afterwards.
  uint64_t limit_end = kNever;
  uint64_t cpu_limit = kNever;
  // Whether the fiber was killed. If so, its guest code ends, and sleep_until() and Platform::park() return, as if a
  // limit had been reached. kill() sets it; the fiber itself may clear it.
  std::atomic<bool> is_killed{false};

 protected:
  // The fiber's work. When run() returns, the fiber ends. The object may be destroyed once has_ended() has returned
  // true.
  virtual void run() = 0;

  Fiber() { context_.fiber = this; }
  // Makes the code that already runs on this stack a fiber.
  explicit Fiber(std::span<const std::byte> stack) : Fiber() {
    state_ = State::running;
    context_.stack = stack;
  }

 private:
  friend class Core;
  friend class Scheduler;
  friend bool join(Fiber& fiber, uint64_t deadline);
  friend Result<void> start(Fiber& fiber);
  friend void start_scheduler();
  enum class State : uint8_t { made, ready, running, parked, ended };

  void give_stack(KernelStack&& stack) {
    own_stack_.emplace(std::move(stack));
    context_.stack = own_stack_->bytes();
  }

  State state_ = State::made;
  std::atomic<uint32_t> ended_{0};
  std::optional<KernelStack> own_stack_;
  std::optional<VectorState> vectors_;
  CpuShare* share_ = nullptr;
  uint64_t cpu_time_ = 0;  // nanoseconds on a CPU, up to the last call of Core::charge()

  uint64_t stack_pointer_ = 0;  // while the fiber does not run
  FiberContext context_;
  std::optional<MemoryAccount*> first_account_;  // the account with which the fiber starts; empty: that of its starter
  uint64_t program_ = 0;  // the serial number of the account that the fiber was started with; 0: the kernel's own fiber

  runtime::ParkResult park_result_{};  // how the last wait ended
  bool kill_ends_park_ = false;        // whether kill() ends the current wait
};

}  // namespace cairn::kernel
