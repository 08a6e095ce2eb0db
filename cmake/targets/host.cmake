# The engine as a Linux process on x86-64, with the C++ library of the toolchain.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-stdlib=libc++>)
add_link_options(-fuse-ld=lld -stdlib=libc++)
if(CAIRN_SANITIZE)
  add_compile_options(-fsanitize=${CAIRN_SANITIZE} -fno-sanitize-recover=all)
  # The C++ library is the static one of the toolchain, not a shared one of the system. The sanitizers' operator new is
  # not linked, because src/host/platform/new.cpp defines it.
  add_link_options(-fsanitize=${CAIRN_SANITIZE} -fno-sanitize-link-c++-runtime -nostdlib++)
  link_libraries(/usr/lib/llvm-22/lib/libc++.a /usr/lib/llvm-22/lib/libc++abi.a)
else()
  add_link_options(-static)
endif()

include_directories(src/host)  # "platform/platform.hpp"
set(CAIRN_OTHER_PORTS "src/(host/platform|base)/rv64/")

# GoogleTest from Debian's sources, built with the project's own C++ library.
add_library(gtest_main STATIC /usr/src/googletest/googletest/src/gtest-all.cc
  /usr/src/googletest/googletest/src/gtest_main.cc)
target_include_directories(gtest_main SYSTEM PUBLIC /usr/src/googletest/googletest/include)
target_include_directories(gtest_main PRIVATE /usr/src/googletest/googletest)
target_compile_definitions(gtest_main PUBLIC GTEST_HAS_PTHREAD=1 GTEST_HAS_EXCEPTIONS=0 GTEST_HAS_RTTI=0)
target_link_libraries(gtest_main PUBLIC pthread)

cairn_layer(cairn_host_platform src/host/platform cairn_runtime)
cairn_layer(cairn_host_system src/host/system cairn_wasi)
cairn_layer(cairn_host_description src/host/description cairn_wasm)
set(CAIRN_TEST_PLATFORM cairn_host_platform)

include(cmake/host-cli.cmake)
