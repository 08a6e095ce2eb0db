/* POSIX threads: the exit status is 0 if all is right. */
#include <pthread.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition) \
  if (!(condition)) (fprintf(stderr, "line %d: %s\n", __LINE__, #condition), exit(1))

enum { threads = 8, rounds = 5000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int counter, turn, initialized, destroyed, pair[2], detached_ended;
static _Thread_local int own = 7;

static void initialize(void) { ++initialized; }
static void destroy(void *value) { __atomic_fetch_add(&destroyed, *(int *)value, __ATOMIC_SEQ_CST); }

static void *count(void *argument) {
  static int one = 1;
  const int number = *(int *)argument;
  CHECK(own == 7);
  pthread_once(&once, initialize);
  CHECK(initialized == 1);
  CHECK(pthread_getspecific(key) == NULL && pthread_setspecific(key, &one) == 0);
  for (int i = 0; i < rounds; ++i) {
    pthread_mutex_lock(&mutex);
    ++counter;
    pthread_mutex_unlock(&mutex);
    char *memory = malloc(1 + (size_t)(i * 37) % 900);
    memset(memory, number, 1);
    CHECK(*memory == (char)number);
    free(memory);
    ++own;
  }
  CHECK(own == 7 + rounds);
  printf("thread %d\n", number);
  return argument;
}

static void *play(void *argument) {
  const int number = *(int *)argument;
  for (int i = 0; i < 1000; ++i) {
    pthread_mutex_lock(&mutex);
    while (turn != number) pthread_cond_wait(&condition, &mutex);
    turn = 1 - number;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void *read_or_write(void *argument) {
  for (int i = 0; i < 1000; ++i) {
    if (i % 4 == 0) {
      pthread_rwlock_wrlock(&rwlock);
      ++pair[0], ++pair[1];
    } else {
      pthread_rwlock_rdlock(&rwlock);
      CHECK(pair[0] == pair[1]);
    }
    pthread_rwlock_unlock(&rwlock);
  }
  return argument;
}

static void *end_detached(void *argument) {
  __atomic_fetch_add(&detached_ended, 1, __ATOMIC_SEQ_CST);
  return argument;
}

static void *append(void *argument) {
  FILE *const file = argument;
  for (int i = 0; i < 500; ++i) CHECK(fwrite("12345678", 8, 1, file) == 1);
  return NULL;
}

static void run(int count_of, void *(*start)(void *), void *argument) {
  static int numbers[threads] = {0, 1, 2, 3, 4, 5, 6, 7};
  pthread_t ids[threads];
  for (int i = 0; i < count_of; ++i)
    CHECK(pthread_create(&ids[i], NULL, start, argument != NULL ? argument : &numbers[i]) == 0);
  for (int i = 0; i < count_of; ++i) {
    void *result;
    CHECK(pthread_join(ids[i], &result) == 0);
    CHECK(start != count || result == &numbers[i]);
  }
}

int main(void) {
  CHECK(pthread_key_create(&key, destroy) == 0);
  run(threads, count, NULL);
  CHECK(counter == threads * rounds && destroyed == threads && own == 7);
  run(2, play, NULL);
  run(4, read_or_write, NULL);
  CHECK(pair[0] == 1000 && pair[1] == 1000);

  CHECK(pthread_mutex_lock(&recursive) == 0 && pthread_mutex_lock(&recursive) == 0);
  CHECK(pthread_mutex_unlock(&recursive) == 0 && pthread_mutex_unlock(&recursive) == 0);
  CHECK(pthread_mutex_unlock(&recursive) == EPERM);

  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_nsec += 20 * 1000 * 1000;
  if (deadline.tv_nsec >= 1000000000) deadline.tv_nsec -= 1000000000, ++deadline.tv_sec;
  pthread_mutex_lock(&mutex);
  CHECK(pthread_cond_timedwait(&condition, &mutex, &deadline) == ETIMEDOUT);
  pthread_mutex_unlock(&mutex);

  for (int i = 0; i < 200; ++i) {
    pthread_t id;
    while (pthread_create(&id, NULL, end_detached, NULL) == EAGAIN) usleep(1000);
    CHECK(pthread_detach(id) == 0);
  }
  while (__atomic_load_n(&detached_ended, __ATOMIC_SEQ_CST) != 200) usleep(1000);

  FILE *const file = fopen("/tmp/log", "w");
  CHECK(file != NULL);
  run(4, append, file);
  CHECK(fclose(file) == 0);
  FILE *const again = fopen("/tmp/log", "r");
  CHECK(again != NULL && fseek(again, 0, SEEK_END) == 0 && ftell(again) == 4 * 500 * 8);
  printf("right\n");
  return 0;
}
