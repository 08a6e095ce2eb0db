// SharedMemory is a memory that several stores use at the same time, each from a thread of its own.
//
// A shared memory belongs to no store. Stores hold references to it (Store::add_shared_memory), and the last reference
// frees it. As for imported memories, each VMContext has a copy of the base, and compiled code reads the length through
// a pointer. The base never moves. The length only grows, is read atomically, and is stored only after the pages up to
// the new length are committed. So a thread that sees the new length may use the pages.
//
// Waiting threads are in one queue. The queue is locked while a waiter compares the value and enters the queue, and
// while a notifier takes waiters out. So a notification between comparing and parking cannot be lost. After a timeout
// or a deadlock, a waiter removes itself, unless a notifier has removed it already.
//
// A wait without a timeout traps (TrapKind::deadlock) if no thread is left that could end it. That is the case if as
// many threads would wait without a timeout as there are references to the memory, or if the platform says that no
// other thread could wake the waiter. When a thread ends, all remaining threads may be waiting in this way, so
// end_deadlock() is called then.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "abi/vmcontext.hpp"
#include "base/ref.hpp"
#include "base/result.hpp"
#include "runtime/guarded.hpp"
#include "runtime/storage/memory.hpp"
#include "wasm/types/trap.hpp"

namespace cairn::runtime {

class SharedMemory final : public RefCounted {
 public:
  // The type must be shared and must have a maximum. `pages` limits the memory (reserve_memory), and must outlive it.
  static Result<Ref<SharedMemory>> create(Engine& engine, const wasm::MemoryType& type, compiler::BoundsMode bounds,
                                          Allowance& pages);
  ~SharedMemory();

  [[nodiscard]] const wasm::MemoryType& type() const { return type_; }
  // Returns the part that contexts point to. C++ code reads the length by length() only.
  [[nodiscard]] abi::VMMemory* vm() { return &vm_; }
  [[nodiscard]] std::byte* base() const { return vm_.base; }
  // The current length in bytes. Other threads may grow the memory at any time.
  [[nodiscard]] uint64_t length() const;
  [[nodiscard]] std::span<std::byte> reservation() const { return space_.reservation; }
  [[nodiscard]] bool has_guards() const { return space_.has_guards; }
  [[nodiscard]] const Engine& engine() const { return engine_; }

  // Grows by `delta_pages`. Returns the old size in pages, or nothing when a limit or the machine's memory does not
  // allow it.
  std::optional<uint64_t> grow(uint64_t delta_pages);

  enum class WaitResult : uint32_t { woken = 0, not_equal = 1, timed_out = 2 };
  // If the cell at `address` holds the expected value, waits for a notification or the timeout. `address` must be a
  // multiple of the size of T (uint32_t or uint64_t). A negative timeout means no timeout. Traps if the cell is out of
  // bounds, or for a deadlock.
  template <class T>
  std::expected<WaitResult, wasm::TrapKind> wait(uint64_t address, T expected, int64_t timeout_nanoseconds);
  // Wakes up to `count` waiters at `address`, those that have waited longest first. Returns how many it woke. Traps if
  // the 4 bytes at `address` are out of bounds.
  std::expected<uint32_t, wasm::TrapKind> notify(uint64_t address, uint32_t count);
  // If all threads that have references to the memory wait without a timeout, one of these waits traps. Called when
  // another thread has given up its reference.
  void end_deadlock();

 private:
  // A waiting thread. The object lies on that thread's stack.
  struct Waiter {
    static constexpr uint32_t kNotified = 1, kDeadlocked = 2;  // values of is_woken
    uint64_t address = 0;
    Waiter* next = nullptr;
    bool is_forever = false;  // whether the thread waits without a timeout
    std::atomic<uint32_t> is_woken = 0;
  };
  struct Queue {
    Waiter* first = nullptr;
    uint32_t forever = 0;         // number of waiters without a timeout
    void append(Waiter& waiter);  // adds a waiter at the end
    bool remove(Waiter& waiter);  // returns false if the waiter was not in the queue any more
    // Removes the waiter that `at` points to, and wakes it.
    void wake(Waiter** at, uint32_t reason);
  };

  friend class Ref<SharedMemory>;
  SharedMemory(Engine& engine, const wasm::MemoryType& type, const MemorySpace& space, Allowance& pages);
  std::expected<WaitResult, wasm::TrapKind> park(Waiter& waiter, std::optional<uint64_t> timeout_nanoseconds);

  Engine& engine_;
  wasm::MemoryType type_;
  MemorySpace space_;
  Allowance& pages_;
  alignas(16) mutable abi::VMMemory vm_;
  struct Growth {};  // without data: its lock lets one thread at a time grow the memory
  Guarded<Growth, LockRank::shared_memory_growth> growth_;
  Guarded<Queue, LockRank::shared_memory_waiters> queue_;
};

}  // namespace cairn::runtime
