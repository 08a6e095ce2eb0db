// A memory that several stores use at the same time, each from a thread of its own.
//
// It belongs to no store: stores hold references (Store::add_shared_memory), and the last one gives it back. Compiled
// code reaches its base and length through a pointer, as it does those of imported memories. The base never moves; the
// length only grows, is read atomically, and is published after the pages behind it are there, so that who sees it may
// use them.
//
// Waiting threads are in one queue. It is locked while a waiter compares the value and enters, and while a notifier
// takes waiters out: a notification between comparing and parking cannot be lost. Waiters leave the queue by themselves
// only when they time out. A wait without timeout that nothing can end is a trap (TrapKind::deadlock): the platform
// says that no other thread runs, or every holder of the memory waits in that way.
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
  // The type is shared and has a maximum.
  static Result<Ref<SharedMemory>> create(Engine& engine, const wasm::MemoryType& type, compiler::BoundsMode bounds);
  ~SharedMemory();

  [[nodiscard]] const wasm::MemoryType& type() const { return type_; }
  // What contexts point to. Its length is to be read by length() alone.
  [[nodiscard]] abi::VMMemory* vm() { return &vm_; }
  [[nodiscard]] std::byte* base() const { return vm_.base; }
  [[nodiscard]] uint64_t length() const;
  [[nodiscard]] std::span<std::byte> reservation() const { return space_.reservation; }
  [[nodiscard]] bool has_guards() const { return space_.has_guards; }
  [[nodiscard]] const Engine& engine() const { return engine_; }

  // The old size in pages, or nothing when a limit or the machine's memory does not allow it.
  std::optional<uint64_t> grow(uint64_t delta_pages);

  enum class WaitResult : uint32_t { woken = 0, not_equal = 1, timed_out = 2 };
  // `address` is a multiple of the size of T (uint32_t or uint64_t); a negative timeout is none.
  template <class T>
  std::expected<WaitResult, wasm::TrapKind> wait(uint64_t address, T expected, int64_t timeout_nanoseconds);
  // Wakes up to `count` of those who wait at `address`, the longest waiting first; how many there were.
  std::expected<uint32_t, wasm::TrapKind> notify(uint64_t address, uint32_t count);

 private:
  // On the waiting thread's stack.
  struct Waiter {
    uint64_t address = 0;
    Waiter* next = nullptr;
    bool is_forever = false;
    std::atomic<uint32_t> is_woken = 0;
  };
  struct Queue {
    Waiter* first = nullptr;
    uint32_t forever = 0;  // how many of them have no timeout
    void append(Waiter& waiter);
    bool remove(Waiter& waiter);  // false: it was not there any more
  };

  friend class Ref<SharedMemory>;
  SharedMemory(Engine& engine, const wasm::MemoryType& type, const MemorySpace& space);
  std::expected<WaitResult, wasm::TrapKind> park(Waiter& waiter, std::optional<uint64_t> timeout_nanoseconds);

  Engine& engine_;
  wasm::MemoryType type_;
  MemorySpace space_;
  alignas(16) mutable abi::VMMemory vm_;
  struct Growth {};
  Guarded<Growth, LockRank::shared_memory_growth> growth_;
  Guarded<Queue, LockRank::shared_memory_waiters> queue_;
};

}  // namespace cairn::runtime
