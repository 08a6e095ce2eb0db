// Mutex is a lock for work that may take long: compiling, mapping, allocating, calling the system. A thread that finds
// the lock taken sleeps until the lock is free.
//
// Parker::park(word) blocks the calling thread while `word` is 0; Parker::unpark(word), after the word was set, wakes
// every thread that is parked on it.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/sync/thread_annotations.hpp"

namespace cairn {

template <class Parker>
class CAIRN_LOCK_CLASS Mutex {
 public:
  void lock() CAIRN_ACQUIRES() {
    if (take()) [[likely]]
      return;
    waiting_.fetch_add(1, std::memory_order_seq_cst);
    while (!take()) Parker::park(is_free_);
    waiting_.fetch_sub(1, std::memory_order_relaxed);
  }
  void unlock() CAIRN_RELEASES() {
    // If another thread begins to wait at this moment, either the load of waiting_ sees the thread, or the thread sees
    // this store and does not wait.
    is_free_.store(1, std::memory_order_seq_cst);
    if (waiting_.load(std::memory_order_seq_cst) != 0) Parker::unpark(is_free_);
  }

 private:
  bool take() { return is_free_.exchange(0, std::memory_order_acquire) != 0; }

  std::atomic<uint32_t> is_free_ = 1;
  std::atomic<uint32_t> waiting_ = 0;
};

}  // namespace cairn
