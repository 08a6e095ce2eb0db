/* setjmp and longjmp for wasm; compile with -mllvm -wasm-enable-sjlj. See ../README.md. */
#ifndef CAIRN_GUEST_SETJMP_H
#define CAIRN_GUEST_SETJMP_H

#ifdef __cplusplus
extern "C" {
#endif

/* setjmp fills in `invocation` and `label`. `target` and `value` are the payload of a longjmp's exception. */
typedef struct {
  void *invocation; /* identifies the invocation of the function that called setjmp */
  unsigned label;   /* number of the setjmp call within this function, not 0 */
  void *target;     /* the buffer itself */
  int value;        /* the value that setjmp returns */
} jmp_buf[1];
typedef jmp_buf sigjmp_buf;

int setjmp(jmp_buf) __attribute__((returns_twice));
__attribute__((noreturn))
void longjmp(jmp_buf, int);

#define setjmp setjmp
#define _setjmp(buffer) setjmp(buffer)
#define _longjmp(buffer, value) longjmp(buffer, value)
#define sigsetjmp(buffer, save_mask) setjmp(buffer)
#define siglongjmp(buffer, value) longjmp(buffer, value)

#ifdef __cplusplus
}
#endif

#endif
