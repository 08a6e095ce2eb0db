/* Threads: starting, joining, thread-specific values. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wait.h"

enum { default_stack = 256 * 1024, stack_alignment = 16 };

struct __pthread {
  void *stack_top; /* start.s uses the first three at offsets 0, 4 and 8 */
  void *tls;
  int done; /* 1 when the thread uses neither its stack nor its variables any more */
  int detached;
  void *(*start)(void *);
  void *argument;
  void *result;
  void *block; /* the memory that holds stack and thread-local variables */
  pthread_t next_detached;
  void *specific[PTHREAD_KEYS_MAX];
};

static struct __pthread main_thread;
static _Thread_local pthread_t self = &main_thread;

/* Guards `detached`, `destructors` and `key_is_used`. */
static int lock;
static pthread_t detached; /* the threads that nobody joins, and that may have ended */
static void (*destructors[PTHREAD_KEYS_MAX])(void *);
static int key_is_used[PTHREAD_KEYS_MAX];

__attribute__((import_module("wasi"), import_name("thread-spawn"))) int cairn_spawn(void *thread);

static void free_thread(pthread_t thread) {
  free(thread->block);
  free(thread);
}

/* Frees the detached threads that have ended. Called with the lock. */
static void free_detached(void) {
  for (pthread_t *at = &detached; *at != NULL;) {
    const pthread_t thread = *at;
    if (__atomic_load_n(&thread->done, __ATOMIC_SEQ_CST)) {
      *at = thread->next_detached;
      free_thread(thread);
    } else {
      at = &thread->next_detached;
    }
  }
}

static void destroy_specific(void) {
  for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS; ++round) {
    int found = 0;
    for (unsigned key = 0; key < PTHREAD_KEYS_MAX; ++key) {
      void *const value = self->specific[key];
      cairn_lock(&lock);
      void (*const destroy)(void *) = destructors[key];
      cairn_unlock(&lock);
      self->specific[key] = NULL;
      if (value == NULL || destroy == NULL) continue;
      destroy(value);
      found = 1;
    }
    if (!found) return;
  }
}

/* Called by start.s on the new thread. */
void cairn_run_thread(int number, pthread_t thread) {
  (void)number;
  self = thread;
  thread->result = thread->start(thread->argument);
  destroy_specific();
}

/* The parts of a pthread_attr_t: the size of the stack (0: the default) and whether the thread is detached. */
static size_t stack_size_of(const pthread_attr_t *attributes) { return attributes->__u.__s[0]; }
static int *detached_of(const pthread_attr_t *attributes) { return (int *)&attributes->__u.__i[1]; }

static uintptr_t align(uintptr_t address, uintptr_t alignment) { return (address + alignment - 1) & -alignment; }

int pthread_create(pthread_t *result, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  const size_t wanted = attributes != NULL ? stack_size_of(attributes) : 0;
  const size_t stack = align(wanted != 0 ? wanted : default_stack, stack_alignment);
  size_t tls_alignment = __builtin_wasm_tls_align();
  if (tls_alignment < stack_alignment) tls_alignment = stack_alignment;
  const pthread_t thread = calloc(1, sizeof *thread);
  char *const block = malloc(stack + __builtin_wasm_tls_size() + 2 * tls_alignment);
  if (thread == NULL || block == NULL) {
    free(block);
    free(thread);
    return EAGAIN;
  }
  thread->block = block;
  thread->stack_top = (void *)align((uintptr_t)block + stack, stack_alignment);
  thread->tls = (void *)align((uintptr_t)thread->stack_top, tls_alignment);
  thread->start = start;
  thread->argument = argument;
  const int is_detached = attributes != NULL && *detached_of(attributes);
  thread->detached = is_detached;
  *result = thread;
  cairn_lock(&lock);
  free_detached();
  const int number = cairn_spawn(thread);
  if (number > 0 && is_detached) {  // another thread may have joined and freed one that is not detached
    thread->next_detached = detached;
    detached = thread;
  }
  cairn_unlock(&lock);
  if (number > 0) return 0;
  free_thread(thread);
  return EAGAIN;
}

int pthread_join(pthread_t thread, void **result) {
  if (thread == self) return EDEADLK;
  if (thread->detached) return EINVAL;
  while (!__atomic_load_n(&thread->done, __ATOMIC_SEQ_CST)) cairn_wait(&thread->done, 0, -1);
  if (result != NULL) *result = thread->result;
  free_thread(thread);
  return 0;
}

int pthread_detach(pthread_t thread) {
  cairn_lock(&lock);
  const int was_detached = thread->detached;
  if (!was_detached) {
    thread->detached = 1;
    thread->next_detached = detached;
    detached = thread;
  }
  cairn_unlock(&lock);
  return was_detached ? EINVAL : 0;
}

pthread_t pthread_self(void) { return self; }
int pthread_equal(pthread_t a, pthread_t b) { return a == b; }

int pthread_attr_init(pthread_attr_t *attributes) {
  *attributes = (pthread_attr_t){0};
  return 0;
}
int pthread_attr_destroy(pthread_attr_t *attributes) {
  (void)attributes;
  return 0;
}
int pthread_attr_setdetachstate(pthread_attr_t *attributes, int state) {
  if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED) return EINVAL;
  *detached_of(attributes) = state;
  return 0;
}
int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t bytes) {
  if (bytes < 2048 || bytes > SIZE_MAX / 4) return EINVAL;
  attributes->__u.__s[0] = bytes;
  return 0;
}

int pthread_key_create(pthread_key_t *result, void (*destroy)(void *)) {
  int error = EAGAIN;
  cairn_lock(&lock);
  for (unsigned key = 0; key < PTHREAD_KEYS_MAX && error != 0; ++key) {
    if (key_is_used[key]) continue;
    key_is_used[key] = 1;
    destructors[key] = destroy;
    *result = key;
    error = 0;
  }
  cairn_unlock(&lock);
  return error;
}

/* A key that is made later with the same number begins with the values of the deleted one, unless they are NULL. */
int pthread_key_delete(pthread_key_t key) {
  if (key >= PTHREAD_KEYS_MAX) return EINVAL;
  cairn_lock(&lock);
  key_is_used[key] = 0;
  destructors[key] = NULL;
  cairn_unlock(&lock);
  return 0;
}
void *pthread_getspecific(pthread_key_t key) { return key < PTHREAD_KEYS_MAX ? self->specific[key] : NULL; }
int pthread_setspecific(pthread_key_t key, const void *value) {
  if (key >= PTHREAD_KEYS_MAX) return EINVAL;
  self->specific[key] = (void *)value;
  return 0;
}
