// Starts itself as a child, in the way that its first argument names. Prints "good", or what went wrong.
#include <cairn_system.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

static void check(const char *what, uint32_t is, uint32_t wanted) {
  if (is == wanted) return;
  printf("%s is %u, not %u\n", what, is, wanted);
  exit(1);
}

static struct cairn_request request(const char *how) {
  static char arguments[64];
  const int length = snprintf(arguments, sizeof arguments, "system%c%s", 0, how) + 1;
  return (struct cairn_request){.flags = CAIRN_HAS_SYSTEM,
                                .module = "system",
                                .module_length = 6,
                                .arguments = arguments,
                                .arguments_length = (uint32_t)length,
                                .standard = {0, 1, 2}};
}

static uint32_t start(const char *how) {
  const struct cairn_request asked = request(how);
  uint32_t child = 0;
  check("spawn", cairn_spawn(&asked, &child), 0);
  return child;
}

static void expect_end(uint32_t child, uint32_t kind, uint32_t code) {
  struct cairn_end end;
  check("wait", cairn_wait(child, CAIRN_FOREVER, &end), 0);
  check("kind", end.kind, kind);
  check("code", end.code, code);
  check("wait again", cairn_wait(child, 0, &end), __WASI_ERRNO_BADF);
}

static void sleep_ms(long ms) { nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL); }

// --- what children do

static int copy(void) {
  char buffer[1000];
  for (ssize_t n; (n = read(0, buffer, sizeof buffer)) > 0;) write(1, buffer, (size_t)n);
  return 0;
}
static int write_forever(void) {
  static char buffer[4096];
  while (write(1, buffer, sizeof buffer) > 0) continue;
  return 9;
}
static int has_children(const char *how) {
  struct cairn_request asked = request(how);
  static const char limits[] = "fibers=4";
  asked.limits = limits;
  asked.limits_length = sizeof limits;
  uint32_t child;
  if (cairn_spawn(&asked, &child) != 0) return 8;
  struct cairn_end end;
  cairn_wait(child, CAIRN_FOREVER, &end);
  return (int)end.code;
}

// --- cases

static void test_ends(void) {
  expect_end(start("7"), CAIRN_EXITED, 7);
  expect_end(start("trap"), CAIRN_TRAPPED, 0);
  const uint32_t child = start("spin");
  struct cairn_end end;
  check("short wait", cairn_wait(child, 1000000, &end), __WASI_ERRNO_TIMEDOUT);
  check("kill", cairn_kill(child), 0);
  expect_end(child, CAIRN_KILLED, 0);
  // A child without the capability cannot import the functions.
  struct cairn_request asked = request("7");
  asked.flags = 0;
  uint32_t without;
  check("spawn", cairn_spawn(&asked, &without), 0);
  expect_end(without, CAIRN_REFUSED, __WASI_ERRNO_NOEXEC);
}

static void test_pipe(void) {
  uint32_t in[2], out[2];
  check("pipe", cairn_pipe(&in[0], &in[1]), 0);
  check("pipe", cairn_pipe(&out[0], &out[1]), 0);
  struct cairn_request asked = request("copy");
  asked.standard[0] = in[0], asked.standard[1] = out[1];
  uint32_t child;
  check("spawn", cairn_spawn(&asked, &child), 0);
  close((int)in[0]), close((int)out[1]);
  char sent[5000], received[5000];
  for (size_t i = 0; i < sizeof sent; ++i) sent[i] = (char)i;
  check("write", (uint32_t)write((int)in[1], sent, sizeof sent), sizeof sent);
  close((int)in[1]);
  size_t size = 0;
  for (ssize_t n; (n = read((int)out[0], received + size, sizeof received - size)) > 0;) size += (size_t)n;
  check("size", (uint32_t)size, sizeof sent);
  check("bytes", memcmp(sent, received, size) != 0, 0);
  expect_end(child, CAIRN_EXITED, 0);
}

static void test_broken_pipe(void) {
  uint32_t reader, writer;
  check("pipe", cairn_pipe(&reader, &writer), 0);
  for (int killed = 0; killed < 2; ++killed) {
    struct cairn_request asked = request("write");
      asked.standard[1] = writer;
    uint32_t child;
    check("spawn", cairn_spawn(&asked, &child), 0);
    sleep_ms(50);
    if (killed) {
      close((int)writer), close((int)reader);
    } else {
      check("kill", cairn_kill(child), 0);
    }
    expect_end(child, killed ? CAIRN_EXITED : CAIRN_KILLED, killed ? 9 : 0);
  }
}

static void test_stop(void) {
  uint32_t reader, writer;
  check("pipe", cairn_pipe(&reader, &writer), 0);
  struct cairn_request asked = request("copy");
  asked.standard[0] = reader;
  uint32_t child;
  struct cairn_end end;
  check("spawn", cairn_spawn(&asked, &child), 0);
  check("stop", cairn_stop(child, UINT64_C(60000000000), &end), 0);
  check("kind", end.kind, CAIRN_EXITED);
  child = start("stops");
  check("request", cairn_request_stop(child), 0);
  expect_end(child, CAIRN_EXITED, 3);
  child = start("spin");
  check("stop", cairn_stop(child, 1000000, &end), 0);
  check("kind", end.kind, CAIRN_KILLED);
  check("stop of nothing", cairn_stop(child, 0, &end), __WASI_ERRNO_BADF);
}

static void test_limits(void) {
  static const char *const limits[] = {"fibers=5000", "memory=16777216", "cpu-time=0", "nothing=1", "descriptors=1"};
  const uint32_t errors[] = {__WASI_ERRNO_INVAL, __WASI_ERRNO_NOTSUP, __WASI_ERRNO_INVAL, __WASI_ERRNO_INVAL,
                             __WASI_ERRNO_INVAL};
  struct cairn_request asked = request("7");
  uint32_t child;
  for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
    asked.limits = limits[i], asked.limits_length = (uint32_t)strlen(limits[i]) + 1;
    check(limits[i], cairn_spawn(&asked, &child), errors[i]);
  }
  asked = request("spin");
  static const char time[] = "cpu-time=20000000";
  asked.limits = time, asked.limits_length = sizeof time;
  check("spawn", cairn_spawn(&asked, &child), 0);
  expect_end(child, CAIRN_LIMITED, 12);
}

static void test_bad(void) {
  uint32_t child, reader, writer;
  struct cairn_end end;
  struct cairn_request asked = request("7");
  check("no module", (asked.module = "none", asked.module_length = 4, cairn_spawn(&asked, &child)), __WASI_ERRNO_NOENT);
  asked = request("7");
  check("pointer", cairn_spawn((void *)-8, &child), __WASI_ERRNO_FAULT);
  check("result", cairn_spawn(&asked, (void *)-2), __WASI_ERRNO_FAULT);
  check("pipe", cairn_pipe((void *)-2, &writer), __WASI_ERRNO_FAULT);
  check("pipe", cairn_pipe(&reader, (void *)-2), __WASI_ERRNO_FAULT);
  check("wait", cairn_wait(77, 0, &end), __WASI_ERRNO_BADF);
  check("kill", cairn_kill(77), __WASI_ERRNO_BADF);
  asked.arguments_length = UINT32_MAX;
  check("arguments", cairn_spawn(&asked, &child) != 0, 1);
  asked = request("7"), asked.standard[1] = 99;
  check("stream", cairn_spawn(&asked, &child), __WASI_ERRNO_BADF);
  asked = request("7"), asked.flags |= CAIRN_HAS_BYTES, asked.module_length = 0x7fffffff;
  check("bytes", cairn_spawn(&asked, &child), __WASI_ERRNO_FAULT);
  asked.module = "not a module", asked.module_length = 12;
  check("spawn", cairn_spawn(&asked, &child), 0);
  expect_end(child, CAIRN_REFUSED, __WASI_ERRNO_NOEXEC);
  check("log", cairn_log("a line\033[31m", 11), 0);
  check("long line", cairn_log((void *)1024, 100000), __WASI_ERRNO_NAMETOOLONG);
  struct cairn_counters counters;
  check("counters", cairn_counters(CAIRN_SELF, &counters), 0);
  check("fibers", (uint32_t)counters.fibers, 1);
}

// Starts children until there is no room, and ends while they run.
static void test_bomb(void) {
  uint32_t error, child, count = 0;
  struct cairn_request asked = request("spin");
  while ((error = cairn_spawn(&asked, &child)) == 0) ++count;
  check("error", error, __WASI_ERRNO_AGAIN);
  check("count", count, 7);
}

// Grandchildren end with a child that is killed.
static void test_tree(void) {
  struct cairn_request asked = request("parent");
  static const char limits[] = "fibers=6";
  asked.limits = limits, asked.limits_length = sizeof limits;
  uint32_t child;
  check("spawn", cairn_spawn(&asked, &child), 0);
  struct cairn_counters counters;
  do {
    sleep_ms(10);
  } while (cairn_counters(child, &counters) == 0 && counters.fibers < 5);
  check("kill", cairn_kill(child), 0);
  expect_end(child, CAIRN_KILLED, 0);
  check("counters", cairn_counters(CAIRN_SELF, &counters), 0);
  check("fibers", (uint32_t)counters.fibers, 1);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*run)(void);
  } cases[] = {{"ends", test_ends},     {"pipe", test_pipe}, {"broken", test_broken_pipe}, {"stop", test_stop},
               {"limits", test_limits}, {"bad", test_bad},   {"bomb", test_bomb},          {"tree", test_tree}};
  const char *const how = argc > 1 ? argv[1] : "";
  if (strcmp(how, "copy") == 0) return copy();
  if (strcmp(how, "write") == 0) return write_forever();
  if (strcmp(how, "parent") == 0) return has_children("spin");
  if (strcmp(how, "stops") == 0) return cairn_stop_requested(CAIRN_FOREVER) == 0 ? 3 : 4;
  if (strcmp(how, "trap") == 0) __builtin_trap();
  while (strcmp(how, "spin") == 0) continue;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    if (strcmp(how, cases[i].name) != 0) continue;
    cases[i].run();
    puts("good");
    return 0;
  }
  return atoi(how);
}
