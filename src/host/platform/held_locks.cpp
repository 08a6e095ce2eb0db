#include "base/sync/lock_rank.hpp"
#include "base/sync/spin_lock.hpp"

cairn::HeldLocks& cairn::held_locks() {
  static constinit thread_local HeldLocks held;
  return held;
}

void cairn::while_spin_lock_is_taken() {}
