# The kernel for bare RISC-V: RV64GC.
include(cmake/freestanding.cmake)
set(CAIRN_PORT rv64)
add_compile_options(--target=riscv64-unknown-elf -march=rv64gc -mabi=lp64d -mcmodel=medany)
# Functions that the compiler calls, such as 128-bit division, come from libgcc: Debian has clang's own library only for
# other machines.
execute_process(COMMAND riscv64-unknown-elf-gcc -march=rv64gc -mabi=lp64d -print-libgcc-file-name
  OUTPUT_VARIABLE CAIRN_COMPILER_LIBRARY OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
include(cmake/targets/kernel.cmake)
