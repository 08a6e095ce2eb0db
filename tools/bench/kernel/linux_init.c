// Does the measurements of src/kernel/testing/bench in Linux, as the only program of the machine (`/init`).
//
// Each result is a line `NAME NUMBER`, in nanoseconds, with the names that Cairn's kernel uses. Two threads on CPU 0
// are what two fibers are in Cairn. Then the machine is switched off.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void report(const char* name, uint64_t value) { printf("%s %llu\n", name, (unsigned long long)value); }

static int compare(const void* a, const void* b) {
  const uint64_t x = *(const uint64_t*)a, y = *(const uint64_t*)b;
  return x < y ? -1 : x > y;
}

static void report_samples(const char* name, uint64_t* values, size_t count) {
  char full[64];
  qsort(values, count, sizeof *values, compare);
  snprintf(full, sizeof full, "%s.median", name);
  report(full, values[count / 2]);
  snprintf(full, sizeof full, "%s.p99", name);
  report(full, values[count * 99 / 100]);
}

static void run_on_cpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

static void run_on_all(void) {
  cpu_set_t set;
  memset(&set, 0xff, sizeof set);
  sched_setaffinity(0, sizeof set, &set);
}

static void relax(void) { __builtin_ia32_pause(); }

static void spin(uint64_t nanoseconds) {
  const uint64_t end = now() + nanoseconds;
  while (now() < end) relax();
}

static void park(atomic_uint* word, unsigned value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void unpark(atomic_uint* word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }

static uint64_t context_switches(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (uint64_t)usage.ru_nvcsw + (uint64_t)usage.ru_nivcsw;
}

// Runs two threads on CPU 0 to their end, and returns how many nanoseconds that took.
static uint64_t run_two(void* (*body)(void*)) {
  pthread_t threads[2];
  run_on_cpu(0);
  const uint64_t start = now();
  for (uintptr_t i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, body, (void*)i);
  for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  const uint64_t time = now() - start;
  run_on_all();
  return time;
}

enum { kSwitches = 20000 };

static void* yield_often(void* argument) {
  for (int i = 0; i < kSwitches / 2; ++i) sched_yield();
  return argument;
}

static atomic_uint tokens[2];

static void* hand_over(void* argument) {
  const uintptr_t i = (uintptr_t)argument;
  for (int n = 0; n < kSwitches / 2; ++n) {
    while (atomic_load(&tokens[i]) == 0) park(&tokens[i], 0);
    atomic_store(&tokens[i], 0);
    atomic_store(&tokens[1 - i], 1);
    unpark(&tokens[1 - i]);
  }
  return argument;
}

static void measure_switches(void) {
  // A call of sched_yield need not switch, so the switches are counted.
  const uint64_t before = context_switches();
  const uint64_t time = run_two(yield_often);
  report("yield", time / (context_switches() - before));
  tokens[0] = 1;
  const uint64_t handing = run_two(hand_over) / kSwitches;
  report("hand_over", handing);
  report("notify", handing);
}

static void measure_page_faults(void) {
  enum { kPages = 4096, kPageSize = 4096 };
  char* const memory = mmap(NULL, kPages * kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(memory, kPages * kPageSize, MADV_NOHUGEPAGE);
  const uint64_t start = now();
  for (size_t i = 0; i < kPages; ++i) ((volatile char*)memory)[i * kPageSize] = 1;
  report("fault", (now() - start) / kPages);
  munmap(memory, kPages * kPageSize);
}

// Sleeps, and returns how many nanoseconds too late the sleep ended.
static uint64_t sleep_for(uint64_t nanoseconds) {
  const uint64_t end = now() + nanoseconds;
  const struct timespec t = {.tv_sec = (time_t)(end / 1000000000), .tv_nsec = (long)(end % 1000000000)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
  return now() - end;
}

static void measure_timer(void) {
  enum { kSleeps = 300 };
  static uint64_t lateness[kSleeps];
  prctl(PR_SET_TIMERSLACK, 1);
  for (uint64_t i = 0; i < kSleeps; ++i) lateness[i] = sleep_for(1000000 + i * 3331);
  report_samples("timer", lateness, kSleeps);
}

static pid_t start_program(const char* what) {
  extern char** environ;
  char* const arguments[] = {"/init", (char*)what, NULL};
  pid_t child = 0;
  posix_spawn(&child, "/init", NULL, NULL, arguments, environ);
  return child;
}

static void measure_programs(void) {
  enum { kPrograms = 200 };
  const uint64_t start = now();
  for (int i = 0; i < kPrograms; ++i) waitpid(start_program("exit"), NULL, 0);
  report("program", (now() - start) / kPrograms);
}

// Two programs for each CPU loop, while this one sleeps again and again.
static void measure_interactive(void) {
  enum { kWaits = 300, kMaximum = 256 };
  static uint64_t lateness[kWaits];
  pid_t loops[kMaximum];
  long count = 2 * sysconf(_SC_NPROCESSORS_ONLN);
  if (count > kMaximum) count = kMaximum;
  for (long i = 0; i < count; ++i) loops[i] = start_program("loop");
  spin(50000000);
  for (uint64_t i = 0; i < kWaits; ++i) lateness[i] = sleep_for(3000000 + i * 17011);
  for (long i = 0; i < count; ++i) {
    kill(loops[i], SIGKILL);
    waitpid(loops[i], NULL, 0);
  }
  report_samples("interactive", lateness, kWaits);
}

static void* end_at_once(void* argument) { return argument; }

static void measure_threads(void) {
  enum { kThreads = 300 };
  const uint64_t start = now();
  for (int i = 0; i < kThreads; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, end_at_once, NULL);
    pthread_join(thread, NULL);
  }
  report("thread", (now() - start) / kThreads);
}

enum { kWakes = 500, kInterrupts = 2000 };
static atomic_uint word, ready, woken, may_end;
static uint64_t woken_at;

static void* sleep_often(void* argument) {
  run_on_cpu(1);
  for (unsigned round = 1; round <= kWakes; ++round) {
    atomic_store(&ready, round);
    while (atomic_load(&word) == 0) park(&word, 0);
    woken_at = now();
    atomic_store(&word, 0);
    atomic_store(&woken, round);
  }
  return argument;
}

static void* be_busy(void* argument) {
  run_on_cpu(1);
  atomic_store(&ready, 1);
  while (atomic_load(&may_end) == 0) relax();
  return argument;
}

static void measure_cpus(void) {
  static uint64_t latency[kInterrupts];
  pthread_t thread;
  run_on_cpu(0);
  pthread_create(&thread, NULL, sleep_often, NULL);
  for (unsigned round = 1; round <= kWakes; ++round) {
    while (atomic_load(&ready) != round) relax();
    spin(100000);  // so that the thread waits, and its CPU has halted
    const uint64_t start = now();
    atomic_store(&word, 1);
    unpark(&word);
    while (atomic_load(&woken) != round) relax();
    latency[round - 1] = woken_at - start;
  }
  pthread_join(thread, NULL);
  report_samples("wake", latency, kWakes);

  // A barrier interrupts the CPUs that run threads of the process, and waits until they have been interrupted.
  syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  atomic_store(&ready, 0);
  pthread_create(&thread, NULL, be_busy, NULL);
  while (atomic_load(&ready) == 0) relax();
  for (int round = 0; round < kInterrupts; ++round) {
    const uint64_t start = now();
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    latency[round] = now() - start;
  }
  atomic_store(&may_end, 1);
  pthread_join(thread, NULL);
  run_on_all();
  report_samples("interrupt", latency, kInterrupts);
}

// The loop of computing_guest() in src/kernel/testing/bench/guests.cpp.
static volatile uint32_t computed;
static void* compute(void* argument) {
  uint32_t x = 1;
  for (uint32_t left = 50000000; left != 0; --left) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
  }
  computed = x;
  return argument;
}

static void measure_throughput(void) {
  uint64_t least[2] = {UINT64_MAX, UINT64_MAX};
  for (int round = 0; round < 3; ++round) {
    uint64_t start = now();
    pid_t programs[4];
    for (int i = 0; i < 4; ++i) programs[i] = start_program("compute");
    for (int i = 0; i < 4; ++i) waitpid(programs[i], NULL, 0);
    if (now() - start < least[0]) least[0] = now() - start;
    start = now();
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, compute, NULL);
    for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
    if (now() - start < least[1]) least[1] = now() - start;
  }
  report("four_programs", least[0]);
  report("four_threads", least[1]);
}

int main(int count, char** arguments) {
  if (count > 1 && strcmp(arguments[1], "exit") == 0) return 0;
  if (count > 1 && strcmp(arguments[1], "compute") == 0) {
    compute(NULL);
    return 0;
  }
  if (count > 1 && strcmp(arguments[1], "loop") == 0) {
    for (;;) relax();
  }
  measure_switches();
  measure_page_faults();
  measure_programs();
  measure_threads();
  measure_timer();
  if (sysconf(_SC_NPROCESSORS_ONLN) > 1) measure_cpus();
  measure_interactive();
  measure_throughput();
  fflush(stdout);
  reboot(RB_POWER_OFF);
  return 0;
}
