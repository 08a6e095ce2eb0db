/* Waiting for a word in memory to change. */
#ifndef CAIRN_WAIT_H
#define CAIRN_WAIT_H

#include <stdint.h>

/* Waits while the word has this value, for at most `nanoseconds`; a negative number means no limit. Returns 0 when the
 * thread was woken or the word has another value, and 1 when the time is over. */
static inline int cairn_wait(int *word, int value, int64_t nanoseconds) {
  return __builtin_wasm_memory_atomic_wait32(word, value, nanoseconds) == 2;
}
static inline void cairn_wake(int *word, unsigned count) { __builtin_wasm_memory_atomic_notify(word, count); }

/* A lock is 0: free, 1: taken, 2: taken, and threads may wait for it. */
static inline int cairn_try_lock(int *lock) {
  int free = 0;
  return __atomic_compare_exchange_n(lock, &free, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
static inline void cairn_lock(int *lock) {
  if (cairn_try_lock(lock)) return;
  while (__atomic_exchange_n(lock, 2, __ATOMIC_SEQ_CST) != 0) cairn_wait(lock, 2, -1);
}
static inline void cairn_unlock(int *lock) {
  if (__atomic_exchange_n(lock, 0, __ATOMIC_SEQ_CST) == 2) cairn_wake(lock, 1);
}

#endif
