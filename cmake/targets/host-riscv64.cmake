# The engine as a Linux process on RV64, run by qemu-riscv64. Debian has libc++'s headers but no libc++ binary for this
# architecture: the headers are configured as in the kernels, and src/cstd/libcxx replaces the binary.
add_compile_options(
  $<$<COMPILE_LANGUAGE:CXX>:-nostdinc++>
  "SHELL:$<$<COMPILE_LANGUAGE:CXX>:-isystem ${CMAKE_SOURCE_DIR}/cmake/libcxx>"
  "SHELL:$<$<COMPILE_LANGUAGE:CXX>:-isystem /usr/lib/llvm-22/include/c++/v1>")
add_compile_options(-march=rv64gc -mabi=lp64d)
add_link_options(-fuse-ld=lld -nostdlib++ -static)

include_directories(src/host)  # "platform/platform.hpp"
set(CAIRN_OTHER_PORTS "src/(host/platform|base)/x64/")

file(GLOB cstd CONFIGURE_DEPENDS src/cstd/libcxx/*.cpp)
add_library(cairn_cstd OBJECT ${cstd})
target_compile_options(cairn_cstd PRIVATE ${CAIRN_WARNINGS})

cairn_layer(cairn_host_platform src/host/platform cairn_runtime)
cairn_layer(cairn_host_system src/host/system cairn_wasi)
cairn_layer(cairn_host_description src/host/description cairn_wasm)

include(cmake/host-cli.cmake)
