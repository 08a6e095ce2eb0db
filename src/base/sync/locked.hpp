// Data and the lock that guards them: with(f) is the only way to the data.
#pragma once

#include <utility>

#include "base/sync/lock_rank.hpp"
#include "base/sync/thread_annotations.hpp"

namespace cairn {

// Holds a lock, and says so to HeldLocks, from its construction to its destruction.
template <class Lock>
class CAIRN_SCOPED_LOCK_CLASS LockScope {
 public:
  LockScope(Lock& lock, LockRank rank) CAIRN_ACQUIRES(lock) : lock_(lock), rank_(rank) {
    held_locks().add(rank);
    lock_.lock();
  }
  ~LockScope() CAIRN_RELEASES() {
    lock_.unlock();
    HeldLocks& held = held_locks();
    held.remove(rank_);
    if (held.is_preemption_due()) [[unlikely]]
      preempt_after_lock();
  }
  LockScope(const LockScope&) = delete;
  LockScope& operator=(const LockScope&) = delete;

 private:
  Lock& lock_;
  LockRank rank_;
};

template <class T, class Lock, LockRank kRank>
class Locked {
 public:
  template <class... Args>
  constexpr explicit Locked(Args&&... args) : value_(std::forward<Args>(args)...) {}
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

  // Runs `f(T&)` with the lock held and returns the result of `f`. The result may refer to a part of the data only if
  // this part never changes or moves.
  template <class F>
  decltype(auto) with(F&& f) {
    const LockScope<Lock> scope(lock_, kRank);
    return std::forward<F>(f)(value_);
  }

 private:
  Lock lock_;
  T value_ CAIRN_GUARDED_BY(lock_);
};

}  // namespace cairn
