# Options of both kernels. They use the headers of libc++, with the configuration in cmake/libcxx, and the C headers of
# picolibc, but the code of neither library: src/cstd has the functions that are needed. Debian has picolibc only for
# RISC-V; the headers are the same for every machine.
set(CAIRN_FREESTANDING ON)
set(CAIRN_PICOLIBC /usr/lib/picolibc/riscv64-unknown-elf/include)
add_compile_options(
  -nostdlibinc $<$<COMPILE_LANGUAGE:CXX>:-nostdinc++>
  "SHELL:$<$<COMPILE_LANGUAGE:CXX>:-isystem ${CMAKE_SOURCE_DIR}/cmake/libcxx>"
  "SHELL:$<$<COMPILE_LANGUAGE:CXX>:-isystem /usr/lib/llvm-22/include/c++/v1>"
  "SHELL:-isystem ${CAIRN_PICOLIBC}"
  -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables
  -ffunction-sections -fdata-sections
  -fno-common
  $<$<COMPILE_LANGUAGE:CXX>:-fno-c++-static-destructors>)
