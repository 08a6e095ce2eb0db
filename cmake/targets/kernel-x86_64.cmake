# The kernel for bare x86-64. It needs a CPU with SSE4.1 and is compiled for it, so rounding of floats needs no library.
include(cmake/freestanding.cmake)
set(CAIRN_PORT x64)
add_compile_options(--target=x86_64-unknown-elf -msse4.1 -mno-red-zone -mcmodel=kernel)
# Functions that the compiler calls, such as 128-bit division.
set(CAIRN_COMPILER_LIBRARY /usr/lib/llvm-22/lib/clang/22/lib/linux/libclang_rt.builtins-x86_64.a)
include(cmake/targets/kernel.cmake)
