// The functions of base/sync for threads of a Linux process.
#include "base/sync/lock_rank.hpp"
#include "base/sync/spin_lock.hpp"

cairn::HeldLocks& cairn::held_locks() {
  static constinit thread_local HeldLocks held;
  return held;
}

// Is not called: the threads of a process are preempted wherever they are.
void cairn::preempt_after_lock() {}

// Does nothing: the holder of the lock does not wait for this thread.
void cairn::while_spin_lock_is_taken() {}
