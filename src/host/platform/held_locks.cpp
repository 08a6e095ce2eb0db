#include "base/sync/lock_rank.hpp"

cairn::HeldLocks& cairn::held_locks() {
  static constinit thread_local HeldLocks held;
  return held;
}
