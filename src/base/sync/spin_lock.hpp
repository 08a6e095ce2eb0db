// A lock that is waited for by trying again: between CPUs, for what takes a few instructions.
//
// The timer's interrupt does nothing where it meets the kernel's code, so it never waits for a lock that the
// interrupted code holds (INV-22). No CPU holds one while guest code runs. With one held nothing is allocated from the
// heap and no page is touched that is filled on first touch: both take locks themselves (INV-18,
// HeldLocks::has_spin_lock).
#pragma once

#include <atomic>

#include "base/sync/thread_annotations.hpp"

namespace cairn {

class CAIRN_LOCK_CLASS SpinLock {
 public:
  void lock() CAIRN_ACQUIRES() {
    while (taken_.exchange(true, std::memory_order_acquire)) {
      while (taken_.load(std::memory_order_relaxed)) {
      }
    }
  }
  void unlock() CAIRN_RELEASES() { taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> taken_{false};
};

}  // namespace cairn
