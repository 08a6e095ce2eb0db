// Data and the lock around them, for what may take long: compiling, mapping, allocating, calling the system. Who finds
// it locked sleeps until it is not. Nothing in the engine spins.
//
// In the kernels one thread runs at a time and none is interrupted in here, so that nobody ever waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::runtime {

template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  // Runs `f(T&)` with the lock held and returns what it returns. `f` does not come back here.
  template <class F>
  decltype(auto) with(F&& f) {
    const Section section(*this);
    return std::forward<F>(f)(value_);
  }

 private:
  class Section {
   public:
    explicit Section(Guarded& guarded) : guarded_(guarded) { guarded_.lock(); }
    ~Section() { guarded_.unlock(); }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

   private:
    Guarded& guarded_;
  };

  bool try_lock() { return is_free_.exchange(0, std::memory_order_acquire) != 0; }
  void lock() {
    if (try_lock()) [[likely]]
      return;
    waiting_.fetch_add(1, std::memory_order_seq_cst);
    while (!try_lock()) {
      const ParkResult result = platform::Platform::park(is_free_, std::nullopt);
      CAIRN_ASSERT(result != ParkResult::deadlocked);
    }
    waiting_.fetch_sub(1, std::memory_order_relaxed);
  }
  void unlock() {
    // Who begins to wait either is seen here or sees this store.
    is_free_.store(1, std::memory_order_seq_cst);
    if (waiting_.load(std::memory_order_seq_cst) != 0) platform::Platform::unpark(is_free_);
  }

  std::atomic<uint32_t> is_free_ = 1;
  std::atomic<uint32_t> waiting_ = 0;
  T value_;
};

}  // namespace cairn::runtime
