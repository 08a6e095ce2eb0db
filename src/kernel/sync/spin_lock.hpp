// Mutual exclusion between CPUs. A lock wraps the data it guards: Locked<T>::with(fn) is the only way to them.
//
// The kernel runs with interrupts off except where it halts, so holding one delays interrupts and nothing else. Nobody
// holds a lock while guest code runs, and no lock is taken inside another except in the order of the list below.
#pragma once

#include <atomic>
#include <utility>

namespace cairn::kernel {

// Order of acquisition, outermost first: address space, heap, frames, log.
class SpinLock {
 public:
  void lock() {
    while (taken_.exchange(true, std::memory_order_acquire)) {
      while (taken_.load(std::memory_order_relaxed)) {
      }
    }
  }
  void unlock() { taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> taken_{false};
};

template <class T>
class Locked {
 public:
  template <class... Args>
  constexpr explicit Locked(Args&&... args) : value_(std::forward<Args>(args)...) {}
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

  template <class F>
  decltype(auto) with(F&& function) {
    lock_.lock();
    struct Unlock {
      SpinLock& lock;
      ~Unlock() { lock.unlock(); }
    } unlock{lock_};
    return std::forward<F>(function)(value_);
  }

 private:
  SpinLock lock_;
  T value_;
};

}  // namespace cairn::kernel
