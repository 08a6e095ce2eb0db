# The kernel for bare x86-64. The floor is SSE4.1; the kernel itself is compiled for it, so it needs no rounding
# functions.
include(cmake/freestanding.cmake)
set(CAIRN_PORT x64)
add_compile_options(--target=x86_64-unknown-elf -msse4.1 -mno-red-zone -mcmodel=kernel)
# 128-bit division and the like.
set(CAIRN_COMPILER_LIBRARY /usr/lib/llvm-22/lib/clang/22/lib/linux/libclang_rt.builtins-x86_64.a)
include(cmake/targets/kernel.cmake)
