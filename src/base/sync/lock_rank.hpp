// The order in which a thread may take locks. It takes a lock only if each lock that it holds has a lower rank, so that
// no two threads can wait for each other.
#pragma once

#include <array>
#include <cstdint>

#include "base/assert.hpp"

namespace cairn {

// Outermost first.
enum class LockRank : uint8_t {
  // The runtime's mutexes.
  module_code,            // of a module: its compiled code
  trampolines,            // of an engine
  type_registry,          // of an engine
  code_registry,          // of an engine: changes of the table
  shared_memory_growth,   // of a shared memory
  shared_memory_waiters,  // of a shared memory
  address_pool,           // of an engine
  // The kernel's mutexes.
  marked_output,  // of a port: the line that was begun last
  console_port,   // of a port: writing or reading it
  // The kernel's spin locks.
  address_space,
  heap,
  frames,
};

// The locks that a thread (in the kernels: a CPU) holds now.
class HeldLocks {
 public:
  void add(LockRank rank) {
    CAIRN_ASSERT(count_ < ranks_.size());
    CAIRN_ASSERT(count_ == 0 || ranks_[count_ - 1] < rank);  // otherwise another thread may wait for this one
    ranks_[count_++] = rank;
  }
  void remove(LockRank rank) {
    CAIRN_ASSERT(count_ != 0 && ranks_[count_ - 1] == rank);
    --count_;
  }
  // Whether one of them is a spin lock. Then nothing may be allocated, and no page touched that is filled on first
  // touch.
  [[nodiscard]] bool has_spin_lock() const { return count_ != 0 && ranks_[count_ - 1] >= LockRank::address_space; }
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  std::array<LockRank, 8> ranks_{};
  unsigned count_ = 0;
};

// Those of the calling thread or CPU. Each build has its own.
HeldLocks& held_locks();

}  // namespace cairn
