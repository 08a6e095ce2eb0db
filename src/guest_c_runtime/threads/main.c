/* _start for programs with threads, instead of the one in Debian's crt1.o. That one leaves it to the linker to run
 * constructors and destructors, and the linker would run them around every exported function: also around
 * wasi_thread_start. The linker does not do so when the program refers to __wasm_call_ctors. */
#include <wasi/api.h>

void __wasm_call_ctors(void);
void __wasm_call_dtors(void);
int __main_void(void);

__attribute__((export_name("_start"))) void _start(void) {
  __wasm_call_ctors();
  const int status = __main_void();
  __wasm_call_dtors();
  if (status != 0) __wasi_proc_exit((__wasi_exitcode_t)status);
}
