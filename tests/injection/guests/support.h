// Macros for guests that run out of memory on purpose. A call that is refused for lack of memory is repeated once, and
// must then succeed as a whole. A second refusal ends the guest with status 3, and a wrong answer ends it with 1.
#pragma once
#include <string.h>
#include <wasi/api.h>

static void say(const char* text) {
  const __wasi_ciovec_t part = {(const uint8_t*)text, strlen(text)};
  __wasi_size_t written;
  (void)__wasi_fd_write(1, &part, 1, &written);
}

static _Noreturn void end(const char* verdict, const char* what, unsigned error, int status) {
  char number[] = ", errno 00\n";
  number[8] = (char)('0' + error / 10 % 10);
  number[9] = (char)('0' + error % 10);
  say(verdict);
  say(what);
  say(number);
  __wasi_proc_exit(status);
}

static int is_limit(__wasi_errno_t error) {
  return error == __WASI_ERRNO_NOMEM || error == __WASI_ERRNO_NOSPC || error == __WASI_ERRNO_NFILE ||
         error == __WASI_ERRNO_MFILE;
}

// The call must succeed, at the latest when it is repeated.
#define MUST(call)                                                        \
  do {                                                                    \
    __wasi_errno_t error_ = (call);                                       \
    if (is_limit(error_)) error_ = (call);                                \
    if (is_limit(error_)) end("refused: ", #call, error_, 3);             \
    if (error_ != __WASI_ERRNO_SUCCESS) end("wrong: ", #call, error_, 1); \
  } while (0)

// The call must fail with this error number.
#define FAILS(call, expected)                                      \
  do {                                                             \
    __wasi_errno_t error_ = (call);                                \
    if (is_limit(error_)) error_ = (call);                         \
    if (is_limit(error_)) end("refused: ", #call, error_, 3);      \
    if (error_ != (expected)) end("wrong: ", #call, error_, 1);    \
  } while (0)

#define CHECK(condition)                              \
  do {                                                \
    if (!(condition)) end("wrong: ", #condition, 0, 1); \
  } while (0)
