// SpinLock is a lock between CPUs, for work of a few instructions. A CPU that finds the lock taken tries again until it
// is free.
//
// A fiber that holds a spin lock is not preempted, and the handler of an interrupt takes no lock that the interrupted
// code may hold (INV-22). No CPU holds a spin lock while it runs guest code. Code that holds a spin lock
// allocates nothing from the heap and touches no page that is filled on first touch, because both take spin locks
// themselves (INV-18, HeldLocks::has_spin_lock).
#pragma once

#include <atomic>

#include "base/sync/thread_annotations.hpp"

namespace cairn {

// Called again and again by a thread or CPU that waits for a spin lock. Each build defines this function. The kernel's
// function carries out requests of other CPUs to flush translations, because the holder of the lock may be waiting for
// this CPU to do so (INV-24).
void while_spin_lock_is_taken();

class CAIRN_LOCK_CLASS SpinLock {
 public:
  void lock() CAIRN_ACQUIRES() {
    while (taken_.exchange(true, std::memory_order_acquire)) {
      while (taken_.load(std::memory_order_relaxed)) while_spin_lock_is_taken();
    }
  }
  void unlock() CAIRN_RELEASES() { taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> taken_{false};
};

}  // namespace cairn
