// Functions that the programs of this folder share: calls with names as C strings, and a count of wrong results.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wasi/api.h>

#define ALL 0x1fffffffull
#define READ __WASI_RIGHTS_FD_READ
#define WRITE __WASI_RIGHTS_FD_WRITE
#define CREATE __WASI_OFLAGS_CREAT
#define EXCLUSIVE __WASI_OFLAGS_EXCL
#define DIRECTORY __WASI_OFLAGS_DIRECTORY
#define TRUNCATE __WASI_OFLAGS_TRUNC
#define FOLLOW __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW
#define E(name) __WASI_ERRNO_##name

static int wrong;

// Counts and prints the call if its result is not `right`.
#define EXPECT(call, right)                                                 \
  do {                                                                      \
    const long long got_ = (long long)(call), right_ = (long long)(right);  \
    if (got_ != right_) {                                                   \
      ++wrong;                                                              \
      printf("line %d: " #call ": %lld, not %lld\n", __LINE__, got_, right_); \
    }                                                                       \
  } while (0)

// Opens a path below descriptor 3.
static inline int open_as(const char* path, int follow, int flags, uint64_t rights, __wasi_fd_t* fd) {
  return __wasi_path_open(3, (unsigned)follow, path, (unsigned short)flags, rights, rights, 0, fd);
}
// Opens a path, and closes it again.
static inline int try_open(const char* path, int follow, int flags, uint64_t rights) {
  __wasi_fd_t fd;
  const int error = open_as(path, follow, flags, rights, &fd);
  if (error == 0) (void)__wasi_fd_close(fd);
  return error;
}
static inline int make_file(const char* path) { return try_open(path, 0, CREATE | EXCLUSIVE, ALL); }
// Returns the file's type, or minus the error number.
static inline int kind_of(const char* path, int follow) {
  __wasi_filestat_t stat;
  const int error = __wasi_path_filestat_get(3, (unsigned)follow, path, &stat);
  return error ? -error : stat.filetype;
}
static inline int write_at(__wasi_fd_t fd, const void* bytes, size_t size, uint64_t offset, __wasi_size_t* written) {
  __wasi_ciovec_t vector = {bytes, size};
  return __wasi_fd_pwrite(fd, &vector, 1, offset, written);
}
static inline int read_at(__wasi_fd_t fd, void* bytes, size_t size, uint64_t offset, __wasi_size_t* got) {
  __wasi_iovec_t vector = {bytes, size};
  return __wasi_fd_pread(fd, &vector, 1, offset, got);
}
