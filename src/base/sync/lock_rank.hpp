// The order in which a thread may take locks. A thread takes a lock only if each lock that it holds has a lower rank,
// so that no two threads can wait for each other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/assert.hpp"

namespace cairn {

// The ranks, from the lowest to the highest. The comment after each rank says what its locks guard.
enum class LockRank : uint8_t {
  // The mutexes of the engine, of programs and of their files.
  kill_switch,            // which TimeLimit the thread of a program has
  children,               // the programs that a program has started
  shared_module,          // a module that several programs run
  program_threads,        // the threads of a program
  module_code,            // a module's compiled code
  trampolines,            // an engine's trampolines
  type_registry,          // an engine's types
  code_registry,          // an engine's table of code, while it is changed
  shared_memory_growth,   // the size of a shared memory
  shared_memory_waiters,  // the threads that wait at a shared memory
  address_pool,           // an engine's reserved addresses
  system_outcome,         // which programs of a system have ended
  file_append,            // the end of files, while a program appends to one
  file_position,          // a descriptor's position, while its file is read or written there
  descriptors,            // the descriptors of a program
  pipe,                   // the buffer of a pipe
  file_tree,              // a file system in memory
  directory_position,     // in Linux processes: the position of an open directory, while it is listed
  marked_output,          // the line that was begun last on a stream
  // The kernel's mutexes.
  console_port,      // a port, while it is written or read
  console_messages,  // the messages of the console's devices and of the host
  random,            // the generator of random numbers
  // The kernel's spin locks.
  scheduler,      // the queue of ready fibers, the timers, and the fibers that wait
  address_space,  // the kernel's address space: its regions and page tables
  heap,           // the kernel's heap
  frames,         // the free frames of memory
  log_ring,       // the newest lines of the kernel's log
};

// The locks that a thread (in the kernels: a fiber) holds now. In the kernels, an interrupt may come at any instruction
// of add() and remove(), and look at the object.
class HeldLocks {
 public:
  // Called before the lock is taken.
  void add(LockRank rank) {
    CAIRN_ASSERT(count_ < ranks_.size());
    CAIRN_ASSERT(count_ == 0 || ranks_[count_ - 1] < rank);  // otherwise threads could wait for each other
    if (is_spin_lock(rank)) ++spin_locks_;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    ranks_[count_++] = rank;
  }
  // Called after the lock was released.
  void remove(LockRank rank) {
    CAIRN_ASSERT(count_ != 0 && ranks_[count_ - 1] == rank);
    --count_;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (is_spin_lock(rank)) --spin_locks_;
  }
  // Whether a spin lock is among the held locks. While one is, nothing may be allocated and no page may be touched that
  // is filled on first touch. In the kernels, the fiber is not preempted.
  [[nodiscard]] bool has_spin_lock() const { return spin_locks_ != 0; }
  [[nodiscard]] bool empty() const { return count_ == 0; }

  // Whether another fiber is to run as soon as no spin lock is held any more. An interrupt sets it.
  [[nodiscard]] bool is_preemption_due() const { return is_preemption_due_.load(std::memory_order_relaxed); }
  void set_preemption_due(bool is_due) { is_preemption_due_.store(is_due, std::memory_order_relaxed); }

 private:
  static bool is_spin_lock(LockRank rank) { return rank >= LockRank::scheduler; }

  std::array<LockRank, 8> ranks_{};
  unsigned count_ = 0;
  unsigned spin_locks_ = 0;
  std::atomic<bool> is_preemption_due_ = false;
};

// Returns the locks that the calling thread or fiber holds. Each build defines this function.
HeldLocks& held_locks();

// Called when a lock was released and is_preemption_due() is true. Each build defines this function.
void preempt_after_lock();

}  // namespace cairn
