/* The functions that clang calls for setjmp and longjmp. A longjmp is an exception with the tag __c_longjmp, whose
 * payload is the address of {buffer, value}. Each function that calls setjmp catches this exception and asks
 * __wasm_setjmp_test whether the buffer was filled by its own invocation. If not, the function throws the exception
 * again. */
#include "setjmp.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { c_longjmp_tag = 1 }; /* clang's number of the tag __c_longjmp */

void __wasm_setjmp(void *buffer, unsigned label, void *invocation) {
  jmp_buf *b = (jmp_buf *)buffer;
  (*b)->invocation = invocation;
  (*b)->label = label;
}

/* Returns the label of the setjmp call that filled the buffer, or 0 if another invocation called it. */
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
