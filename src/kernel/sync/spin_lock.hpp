// Mutual exclusion between CPUs. A lock wraps the data it guards: Locked<T>::with(fn) is the only way to them.
//
// The kernel runs with interrupts off except where it halts, so holding one delays interrupts and nothing else. Nobody
// holds a lock while guest code runs, and no lock is taken inside another except in the order of the list below. Under
// a lock nothing is allocated from the heap and no lazily filled page is touched: both take locks themselves.
// locks_held() lets them assert it.
#pragma once

#include <atomic>
#include <utility>

namespace cairn::kernel {

namespace detail {
// One CPU's; it moves into the CPU's record when there are several.
inline constinit unsigned lock_depth = 0;
}  // namespace detail

// How many spin locks this CPU holds.
inline unsigned locks_held() { return detail::lock_depth; }

// Order of acquisition, outermost first: address space, heap, frames, log.
class SpinLock {
 public:
  void lock() {
    while (taken_.exchange(true, std::memory_order_acquire)) {
      while (taken_.load(std::memory_order_relaxed)) {
      }
    }
    ++detail::lock_depth;
  }
  void unlock() {
    --detail::lock_depth;
    taken_.store(false, std::memory_order_release);
  }

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
