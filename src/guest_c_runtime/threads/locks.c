/* Mutexes, conditions, locks for readers and writers, and pthread_once. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>

#include "wait.h"

/* The contents of pthread_mutex_t and pthread_cond_t, whose sizes wasi-libc determines. */
struct mutex {
  int lock, kind, count;
  pthread_t owner;
};
struct condition {
  int sequence;
  clockid_t clock; /* null: CLOCK_REALTIME */
};
_Static_assert(sizeof(struct mutex) <= sizeof(pthread_mutex_t), "a mutex is too large");
_Static_assert(sizeof(struct condition) <= sizeof(pthread_cond_t), "a condition is too large");

/* Nanoseconds until the deadline; 0 if it has passed. */
static int64_t time_left(clockid_t clock, const struct timespec *deadline) {
  struct timespec now;
  clock_gettime(clock, &now);
  const int64_t seconds = (int64_t)deadline->tv_sec - (int64_t)now.tv_sec;
  if (seconds > INT64_C(4000000000)) return INT64_MAX;
  const int64_t left = seconds * 1000000000 + (deadline->tv_nsec - now.tv_nsec);
  return left > 0 ? left : 0;
}

int pthread_mutexattr_init(pthread_mutexattr_t *attributes) {
  attributes->__attr = PTHREAD_MUTEX_DEFAULT;
  return 0;
}
int pthread_mutexattr_destroy(pthread_mutexattr_t *attributes) {
  (void)attributes;
  return 0;
}
int pthread_mutexattr_settype(pthread_mutexattr_t *attributes, int kind) {
  if (kind < PTHREAD_MUTEX_NORMAL || kind > PTHREAD_MUTEX_ERRORCHECK) return EINVAL;
  attributes->__attr = (unsigned)kind;
  return 0;
}

static struct mutex *mutex_of(pthread_mutex_t *mutex) { return (struct mutex *)mutex; }

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes) {
  *mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  if (attributes != NULL) mutex_of(mutex)->kind = (int)attributes->__attr;
  return 0;
}
int pthread_mutex_destroy(pthread_mutex_t *mutex) { return mutex_of(mutex)->lock != 0 ? EBUSY : 0; }

static int is_own(const struct mutex *mutex) {
  return mutex->kind != PTHREAD_MUTEX_NORMAL && __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == pthread_self();
}
/* Called when the thread has the mutex already. */
static int lock_again(struct mutex *mutex, int error) {
  if (mutex->kind == PTHREAD_MUTEX_ERRORCHECK) return error;
  ++mutex->count;
  return 0;
}
static int note_owner(struct mutex *mutex) {
  if (mutex->kind != PTHREAD_MUTEX_NORMAL) __atomic_store_n(&mutex->owner, pthread_self(), __ATOMIC_RELAXED);
  return 0;
}

int pthread_mutex_lock(pthread_mutex_t *given) {
  struct mutex *const mutex = mutex_of(given);
  if (is_own(mutex)) return lock_again(mutex, EDEADLK);
  cairn_lock(&mutex->lock);
  return note_owner(mutex);
}
int pthread_mutex_trylock(pthread_mutex_t *given) {
  struct mutex *const mutex = mutex_of(given);
  if (is_own(mutex)) return lock_again(mutex, EBUSY);
  return cairn_try_lock(&mutex->lock) ? note_owner(mutex) : EBUSY;
}
int pthread_mutex_timedlock(pthread_mutex_t *given, const struct timespec *deadline) {
  struct mutex *const mutex = mutex_of(given);
  if (is_own(mutex)) return lock_again(mutex, EDEADLK);
  if (cairn_try_lock(&mutex->lock)) return note_owner(mutex);
  while (__atomic_exchange_n(&mutex->lock, 2, __ATOMIC_SEQ_CST) != 0) {
    const int64_t left = time_left(CLOCK_REALTIME, deadline);
    if (left == 0) return ETIMEDOUT;
    cairn_wait(&mutex->lock, 2, left);
  }
  return note_owner(mutex);
}
int pthread_mutex_unlock(pthread_mutex_t *given) {
  struct mutex *const mutex = mutex_of(given);
  if (mutex->kind != PTHREAD_MUTEX_NORMAL) {
    if (!is_own(mutex)) return EPERM;
    if (mutex->count != 0) {
      --mutex->count;
      return 0;
    }
    __atomic_store_n(&mutex->owner, (pthread_t)0, __ATOMIC_RELAXED);
  }
  cairn_unlock(&mutex->lock);
  return 0;
}

int pthread_condattr_init(pthread_condattr_t *attributes) {
  attributes->__attr = 0;
  return 0;
}
int pthread_condattr_destroy(pthread_condattr_t *attributes) {
  (void)attributes;
  return 0;
}
int pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock) {
  attributes->__attr = (uintptr_t)clock;
  return 0;
}

static struct condition *condition_of(pthread_cond_t *condition) { return (struct condition *)condition; }

int pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes) {
  *condition = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  if (attributes != NULL) condition_of(condition)->clock = (clockid_t)(uintptr_t)attributes->__attr;
  return 0;
}
int pthread_cond_destroy(pthread_cond_t *condition) {
  (void)condition;
  return 0;
}

/* A signal changes the sequence number. So a thread that has read the number while it had the mutex misses no
 * signal. */
int pthread_cond_timedwait(pthread_cond_t *given, pthread_mutex_t *mutex, const struct timespec *deadline) {
  struct condition *const condition = condition_of(given);
  const clockid_t clock = condition->clock != NULL ? condition->clock : CLOCK_REALTIME;
  const int sequence = __atomic_load_n(&condition->sequence, __ATOMIC_SEQ_CST);
  const int error = pthread_mutex_unlock(mutex);
  if (error != 0) return error;
  const int64_t left = deadline != NULL ? time_left(clock, deadline) : -1;
  const int is_late = left == 0 || cairn_wait(&condition->sequence, sequence, left);
  pthread_mutex_lock(mutex);
  return is_late ? ETIMEDOUT : 0;
}
int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
  return pthread_cond_timedwait(condition, mutex, NULL);
}
static int signal(pthread_cond_t *given, unsigned count) {
  struct condition *const condition = condition_of(given);
  __atomic_fetch_add(&condition->sequence, 1, __ATOMIC_SEQ_CST);
  cairn_wake(&condition->sequence, count);
  return 0;
}
int pthread_cond_signal(pthread_cond_t *condition) { return signal(condition, 1); }
int pthread_cond_broadcast(pthread_cond_t *condition) { return signal(condition, UINT32_MAX); }

/* The state of a pthread_rwlock_t is -1 if a writer has it, otherwise the number of readers. */
static int *state_of(pthread_rwlock_t *lock) { return &lock->__u.__i[0]; }
static int change(int *state, int from, int to) {
  return __atomic_compare_exchange_n(state, &from, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

int pthread_rwlock_init(pthread_rwlock_t *lock, const pthread_rwlockattr_t *attributes) {
  (void)attributes;
  *lock = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
  return 0;
}
int pthread_rwlock_destroy(pthread_rwlock_t *lock) { return *state_of(lock) != 0 ? EBUSY : 0; }
int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock) {
  for (;;) {
    const int state = __atomic_load_n(state_of(lock), __ATOMIC_SEQ_CST);
    if (state < 0) return EBUSY;
    if (change(state_of(lock), state, state + 1)) return 0;
  }
}
int pthread_rwlock_rdlock(pthread_rwlock_t *lock) {
  while (pthread_rwlock_tryrdlock(lock) != 0) cairn_wait(state_of(lock), -1, -1);
  return 0;
}
int pthread_rwlock_trywrlock(pthread_rwlock_t *lock) { return change(state_of(lock), 0, -1) ? 0 : EBUSY; }
int pthread_rwlock_wrlock(pthread_rwlock_t *lock) {
  while (pthread_rwlock_trywrlock(lock) != 0) {
    const int state = __atomic_load_n(state_of(lock), __ATOMIC_SEQ_CST);
    if (state != 0) cairn_wait(state_of(lock), state, -1);
  }
  return 0;
}
int pthread_rwlock_unlock(pthread_rwlock_t *lock) {
  if (change(state_of(lock), -1, 0) || __atomic_sub_fetch(state_of(lock), 1, __ATOMIC_SEQ_CST) == 0)
    cairn_wake(state_of(lock), UINT32_MAX);
  return 0;
}

/* A pthread_once_t is 0: not begun, 1: a thread initializes, 2: done. */
int pthread_once(pthread_once_t *once, void (*initialize)(void)) {
  for (;;) {
    int state = 0;
    if (__atomic_compare_exchange_n(once, &state, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
      initialize();
      __atomic_store_n(once, 2, __ATOMIC_SEQ_CST);
      cairn_wake(once, UINT32_MAX);
      return 0;
    }
    if (state == 2) return 0;
    cairn_wait(once, 1, -1);
  }
}
