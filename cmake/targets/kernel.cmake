# What both kernels have in common; CAIRN_PORT names the folder of src/kernel/arch.
set(CAIRN_TEST_PLATFORM "")
if(CAIRN_PORT STREQUAL x64)
  set(CAIRN_OTHER_PORTS "src/base/rv64/")
else()
  set(CAIRN_OTHER_PORTS "src/base/x64/")
endif()
# By the linker itself: for these targets the compiler would ask for the machine's own gcc.
set(CMAKE_CXX_LINK_EXECUTABLE "ld.lld-22 -static -nostdlib --gc-sections -z max-page-size=4096 -z noexecstack --build-id=none <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>")
include_directories(src/kernel src/kernel/arch/${CAIRN_PORT})

file(GLOB CAIRN_CSTD CONFIGURE_DEPENDS src/cstd/c/*.cpp src/cstd/libcxx/*.cpp)
add_library(cairn_cstd OBJECT ${CAIRN_CSTD})
target_compile_options(cairn_cstd PRIVATE ${CAIRN_WARNINGS} -fno-builtin)

function(cairn_target_program)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/kernel/*.cpp)
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/arch/")
  file(GLOB port CONFIGURE_DEPENDS src/kernel/arch/${CAIRN_PORT}/*.cpp src/kernel/arch/${CAIRN_PORT}/*.S)
  add_library(cairn_kernel OBJECT ${sources} ${port})
  target_compile_options(cairn_kernel PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${CAIRN_WARNINGS}>)
  cairn_precompiled(standard_library cairn_kernel)

  # Linked twice: the second time with the table of the first one's symbols, which lies last and so moves nothing.
  set(script ${CMAKE_SOURCE_DIR}/src/kernel/arch/${CAIRN_PORT}/kernel.ld)
  foreach(stage cairn-kernel-unnamed cairn-kernel.debug)
    add_executable(${stage} $<TARGET_OBJECTS:cairn_kernel> $<TARGET_OBJECTS:cairn_cstd>)
    target_link_libraries(${stage} PRIVATE cairn_wasi ${CAIRN_COMPILER_LIBRARY})
    target_link_options(${stage} PRIVATE -T ${script})
    set_target_properties(${stage} PROPERTIES LINK_DEPENDS ${script})
  endforeach()
  set(symbols ${CMAKE_BINARY_DIR}/kernel_symbols.S)
  add_custom_command(OUTPUT ${symbols} DEPENDS cairn-kernel-unnamed ${CMAKE_SOURCE_DIR}/tools/kernel_symbols.py
    COMMAND python3 ${CMAKE_SOURCE_DIR}/tools/kernel_symbols.py $<TARGET_FILE:cairn-kernel-unnamed> ${symbols})
  target_sources(cairn-kernel.debug PRIVATE ${symbols})
  # The image that is booted: without debug information.
  add_custom_command(OUTPUT cairn-kernel DEPENDS cairn-kernel.debug
    COMMAND llvm-objcopy-22 --strip-all $<TARGET_FILE:cairn-kernel.debug> cairn-kernel)
  add_custom_target(kernel-image ALL DEPENDS cairn-kernel)
endfunction()
