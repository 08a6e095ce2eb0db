/* errno for programs with threads, instead of wasi-libc's header of this name: libc.a was built for one thread, so its
 * errno is an ordinary variable, which all threads share. */
#ifndef CAIRN_ERRNO_H
#define CAIRN_ERRNO_H

#ifdef __cplusplus
extern "C" {
#endif

extern int errno;
#define errno errno

#ifdef __cplusplus
}
#endif

#endif
