// Included by force when a real program is compiled for wasm. It has functions of POSIX that wasi-libc lacks, which
// behave as in a system without users, permissions and processes. It includes the system's headers first, and then
// replaces each name.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static inline int cairn_not_supported(void) {
  errno = ENOSYS;
  return -1;
}
static inline int cairn_chmod(const char *path, mode_t mode) { return (void)path, (void)mode, 0; }
static inline int cairn_fchmod(int fd, mode_t mode) { return (void)fd, (void)mode, 0; }
static inline int cairn_chown(const char *path, uid_t user, gid_t group) {
  return (void)path, (void)user, (void)group, 0;
}
static inline int cairn_fchown(int fd, uid_t user, gid_t group) { return (void)fd, (void)user, (void)group, 0; }
static inline mode_t cairn_umask(mode_t mode) { return (void)mode, 022; }
static inline unsigned cairn_root(void) { return 0; }
static inline int cairn_system(const char *command) { return (void)command, cairn_not_supported(); }
static inline FILE *cairn_no_stream(void) { return cairn_not_supported(), (FILE *)0; }
static inline FILE *cairn_popen(const char *command, const char *mode) {
  return (void)command, (void)mode, cairn_no_stream();
}
static inline int cairn_pclose(FILE *stream) { return (void)stream, cairn_not_supported(); }
static inline char *cairn_realpath(const char *path, char *resolved) {
  return (void)path, (void)resolved, cairn_not_supported(), (char *)0;
}

// The constants for locks of files, which wasi-libc lacks.
#ifndef F_RDLCK
#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2
#define F_GETLK 5
#define F_SETLK 6
#define F_SETLKW 7
#endif

#define chmod cairn_chmod
#define fchmod cairn_fchmod
#define chown cairn_chown
#define lchown cairn_chown
#define fchown cairn_fchown
#define umask cairn_umask
#define getuid cairn_root
#define geteuid cairn_root
#define getgid cairn_root
#define getegid cairn_root
#define system cairn_system
#define popen cairn_popen
#define pclose cairn_pclose
#define tmpfile cairn_no_stream
#define realpath cairn_realpath
