# What both kernels are compiled with: libc++'s headers with our configuration, picolibc's C headers, no library below.
# (picolibc is packaged for RISC-V; its headers serve every machine, ours is the code.)
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
