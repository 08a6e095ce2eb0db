// A lock for short critical sections that never block, allocate rarely, and are never entered from a trap handler. It wraps
// the data that it guards.
#pragma once

#include <atomic>
#include <utility>

namespace cairn {

template <class T>
class Locked {
 public:
  template <class... Args>
  explicit Locked(Args&&... args) : value_(std::forward<Args>(args)...) {}

  // Runs `f(T&)` with the lock held and returns what it returns.
  template <class F>
  decltype(auto) with(F&& f) {
    Guard guard(flag_);
    return std::forward<F>(f)(value_);
  }

 private:
  class Guard {
   public:
    explicit Guard(std::atomic_flag& flag) : flag_(flag) {
      while (flag_.test_and_set(std::memory_order_acquire)) {
        while (flag_.test(std::memory_order_relaxed)) {
        }
      }
    }
    ~Guard() { flag_.clear(std::memory_order_release); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    std::atomic_flag& flag_;
  };
  std::atomic_flag flag_;
  T value_;
};

}  // namespace cairn
