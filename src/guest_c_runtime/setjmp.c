/* What clang calls for setjmp and longjmp. A longjmp is an exception with the tag __c_longjmp, whose payload is the address of
 * {buffer, value}. Each function that calls setjmp catches it and asks __wasm_setjmp_test whether the buffer is one of its
 * own invocation's; if not, it throws it on. */
#include "setjmp.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { c_longjmp_tag = 1 };

void __wasm_setjmp(void *buffer, unsigned label, void *invocation) {
  jmp_buf *b = (jmp_buf *)buffer;
  (*b)->invocation = invocation;
  (*b)->label = label;
}

/* The label of the setjmp call that the buffer was filled by, if that was in this invocation; else 0. */
unsigned __wasm_setjmp_test(void *buffer, void *invocation) {
  const jmp_buf *b = (const jmp_buf *)buffer;
  return (*b)->invocation == invocation ? (*b)->label : 0;
}

__attribute__((noreturn)) void __wasm_longjmp(void *buffer, int value) {
  jmp_buf *b = (jmp_buf *)buffer;
  (*b)->target = buffer;
  (*b)->value = value == 0 ? 1 : value;
  __builtin_wasm_throw(c_longjmp_tag, &(*b)->target);
}

#ifdef __cplusplus
}
#endif
