# The common part of both kernels; CAIRN_PORT names the folder of src/kernel/arch.
set(CAIRN_TEST_PLATFORM "")
if(CAIRN_PORT STREQUAL x64)
  set(CAIRN_OTHER_PORTS "src/base/rv64/")
else()
  set(CAIRN_OTHER_PORTS "src/base/x64/")
endif()
# The linker is called directly, because for these targets clang would call the machine's gcc to link.
set(CMAKE_CXX_LINK_EXECUTABLE "ld.lld-22 -static -nostdlib --gc-sections -z max-page-size=4096 -z noexecstack \
--build-id=none <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>")
include_directories(src/kernel src/kernel/arch/${CAIRN_PORT})

file(GLOB CAIRN_CSTD CONFIGURE_DEPENDS src/cstd/c/*.cpp src/cstd/libcxx/*.cpp)
add_library(cairn_cstd OBJECT ${CAIRN_CSTD})
target_compile_options(cairn_cstd PRIVATE ${CAIRN_WARNINGS} -fno-builtin)

# Makes the image `name` from the kernel's objects and the given layers.
function(cairn_kernel_image name)
  # The image is linked twice. The second time it contains a table of the symbols of the first one. The table lies at
  # the end, so the addresses of the symbols are the same.
  set(script ${CMAKE_SOURCE_DIR}/src/kernel/arch/${CAIRN_PORT}/kernel.ld)
  foreach(stage ${name}-unnamed ${name}.debug)
    add_executable(${stage} $<TARGET_OBJECTS:cairn_kernel> $<TARGET_OBJECTS:cairn_cstd>)
    target_link_libraries(${stage} PRIVATE ${ARGN} ${CAIRN_COMPILER_LIBRARY})
    target_link_options(${stage} PRIVATE -T ${script})
    set_target_properties(${stage} PROPERTIES LINK_DEPENDS ${script})
  endforeach()
  set(symbols ${CMAKE_BINARY_DIR}/${name}_symbols.S)
  add_custom_command(OUTPUT ${symbols} DEPENDS ${name}-unnamed ${CMAKE_SOURCE_DIR}/tools/kernel_symbols.py
    COMMAND python3 ${CMAKE_SOURCE_DIR}/tools/kernel_symbols.py $<TARGET_FILE:${name}-unnamed> ${symbols})
  target_sources(${name}.debug PRIVATE ${symbols})
  # The image that is booted: without debug information.
  add_custom_command(OUTPUT ${name} DEPENDS ${name}.debug
    COMMAND llvm-objcopy-22 --strip-all $<TARGET_FILE:${name}.debug> ${name})
  add_custom_target(${name}-image ALL DEPENDS ${name})
endfunction()

# Makes the release image, and the testing image, which has src/kernel/testing as well.
function(cairn_target_program)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/kernel/*.cpp)
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$|/arch/|/testing/|/no_test_modes\\.cpp$")
  file(GLOB port CONFIGURE_DEPENDS src/kernel/arch/${CAIRN_PORT}/*.cpp src/kernel/arch/${CAIRN_PORT}/*.S)
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS src/kernel/testing/*.cpp)
  add_library(cairn_kernel OBJECT ${sources} ${port})
  add_library(cairn_kernel_testing STATIC ${tests})
  add_library(cairn_kernel_release STATIC src/kernel/program/no_test_modes.cpp)
  foreach(part cairn_kernel cairn_kernel_testing cairn_kernel_release)
    target_compile_options(${part} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${CAIRN_WARNINGS}>)
    cairn_precompiled(standard_library ${part})
  endforeach()
  cairn_kernel_image(cairn-kernel cairn_kernel_release cairn_wasi)
  cairn_kernel_image(cairn-kernel-testing cairn_kernel_testing cairn_testing)
endfunction()
