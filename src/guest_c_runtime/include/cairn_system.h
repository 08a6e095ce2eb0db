// The functions of the import module `cairn:system` for C programs. docs/manual/system-interface.md describes them. All
// return 0 or an error number of WASI.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CAIRN_FOREVER UINT64_MAX  // a wait without end
#define CAIRN_SELF UINT32_MAX     // cairn_counters(): the calling program
#define CAIRN_NULL UINT32_MAX     // a standard stream that is empty and discards what is written

enum { CAIRN_HAS_SYSTEM = 1, CAIRN_HAS_BYTES = 2 };
enum cairn_end_kind { CAIRN_EXITED, CAIRN_TRAPPED, CAIRN_KILLED, CAIRN_LIMITED, CAIRN_REFUSED };

struct cairn_directory {
  uint32_t descriptor;
  const char *name;
  uint32_t name_length;
};

// Lists of texts: each text ends with NUL, and lengths count the NULs.
struct cairn_request {
  uint32_t flags;
  const void *module;
  uint32_t module_length;
  const char *arguments;
  uint32_t arguments_length;
  const char *environment;
  uint32_t environment_length;
  const char *limits;
  uint32_t limits_length;
  const struct cairn_directory *directories;
  uint32_t directory_count;
  uint32_t standard[3];
};

struct cairn_end {
  uint32_t kind;
  uint32_t code;
  uint64_t cpu_nanoseconds;
};

struct cairn_counters {
  uint64_t cpu_nanoseconds, fibers, descriptors, file_bytes, instances, table_elements;
};

#define CAIRN_IMPORT(name) __attribute__((import_module("cairn:system"), import_name(#name)))
CAIRN_IMPORT(counters) uint32_t cairn_counters(uint32_t child, struct cairn_counters *counters);
CAIRN_IMPORT(kill) uint32_t cairn_kill(uint32_t child);
CAIRN_IMPORT(log) uint32_t cairn_log(const char *text, uint32_t length);
CAIRN_IMPORT(pipe) uint32_t cairn_pipe(uint32_t *reader, uint32_t *writer);
CAIRN_IMPORT(request_stop) uint32_t cairn_request_stop(uint32_t child);
CAIRN_IMPORT(spawn) uint32_t cairn_spawn(const struct cairn_request *request, uint32_t *child);
CAIRN_IMPORT(stop) uint32_t cairn_stop(uint32_t child, uint64_t grace, struct cairn_end *end);
CAIRN_IMPORT(stop_requested) uint32_t cairn_stop_requested(uint64_t timeout);
CAIRN_IMPORT(wait) uint32_t cairn_wait(uint32_t child, uint64_t timeout, struct cairn_end *end);
#undef CAIRN_IMPORT

#ifdef __cplusplus
}
#endif
