/* Locks around the parts of wasi-libc that share data and that most programs call: the allocator and the streams of
 * <stdio.h>. libc.a was built for one thread. The linker's option --wrap leads all calls here, those within libc.a
 * included. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "wait.h"

static int allocator;

#define ALLOCATES(result_type, name, parameters, arguments) \
  result_type __real_##name parameters;                     \
  result_type __wrap_##name parameters {                    \
    cairn_lock(&allocator);                                 \
    result_type const result = __real_##name arguments;     \
    cairn_unlock(&allocator);                               \
    return result;                                          \
  }
ALLOCATES(void *, malloc, (size_t size), (size))
ALLOCATES(void *, calloc, (size_t count, size_t size), (count, size))
ALLOCATES(void *, realloc, (void *memory, size_t size), (memory, size))
ALLOCATES(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
ALLOCATES(int, posix_memalign, (void **memory, size_t alignment, size_t size), (memory, alignment, size))

void __real_free(void *memory);
void __wrap_free(void *memory) {
  cairn_lock(&allocator);
  __real_free(memory);
  cairn_unlock(&allocator);
}

/* One lock for all streams. A function of <stdio.h> may call another one, so a thread may take it again. */
static int streams;
static int *owner; /* the address of `own` in the thread that holds the lock; null: no thread holds it */
static unsigned depth;
static _Thread_local int own;

static void lock_streams(void) {
  if (__atomic_load_n(&owner, __ATOMIC_RELAXED) != &own) {
    cairn_lock(&streams);
    __atomic_store_n(&owner, &own, __ATOMIC_RELAXED);
  }
  ++depth;
}
static void unlock_streams(void) {
  if (--depth != 0) return;
  __atomic_store_n(&owner, (int *)0, __ATOMIC_RELAXED);
  cairn_unlock(&streams);
}

#define STREAMS(result_type, name, parameters, arguments) \
  result_type __real_##name parameters;                   \
  result_type __wrap_##name parameters {                  \
    lock_streams();                                       \
    result_type const result = __real_##name arguments;   \
    unlock_streams();                                     \
    return result;                                        \
  }
STREAMS(int, vfprintf, (FILE *f, const char *format, va_list list), (f, format, list))
STREAMS(int, vfscanf, (FILE *f, const char *format, va_list list), (f, format, list))
STREAMS(size_t, fwrite, (const void *from, size_t size, size_t count, FILE *f), (from, size, count, f))
STREAMS(size_t, fread, (void *to, size_t size, size_t count, FILE *f), (to, size, count, f))
STREAMS(int, fputs, (const char *text, FILE *f), (text, f))
STREAMS(int, puts, (const char *text), (text))
STREAMS(int, fputc, (int c, FILE *f), (c, f))
STREAMS(int, putc, (int c, FILE *f), (c, f))
STREAMS(int, putchar, (int c), (c))
STREAMS(int, fgetc, (FILE *f), (f))
STREAMS(int, getc, (FILE *f), (f))
STREAMS(int, getchar, (void), ())
STREAMS(int, ungetc, (int c, FILE *f), (c, f))
STREAMS(char *, fgets, (char *to, int size, FILE *f), (to, size, f))
STREAMS(int, fflush, (FILE *f), (f))
STREAMS(int, fclose, (FILE *f), (f))
STREAMS(FILE *, fopen, (const char *path, const char *mode), (path, mode))
STREAMS(int, fseek, (FILE *f, long offset, int whence), (f, offset, whence))
STREAMS(long, ftell, (FILE *f), (f))
