// Tests that guest code and C++ run on two stacks, and that calls between them stop before a stack is used up.
#include "abi/host_stack.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "platform/platform.hpp"
#include "runtime/configure.hpp"
#include "testing/runtime/descents.hpp"

namespace cairn::runtime {
namespace {

TEST(HostStack, IsTheThreads) {
  const auto here = [] { return static_cast<const std::byte*>(__builtin_frame_address(0)); };
  EXPECT_GT(here(), platform::Platform::host_stack_limit() + abi::kHostStackReserve);
  const std::byte* const mine = platform::Platform::host_stack_limit();
  std::thread([&] {
    EXPECT_NE(platform::Platform::host_stack_limit(), mine);
    EXPECT_GT(here(), platform::Platform::host_stack_limit() + abi::kHostStackReserve);
  }).join();
}

TEST(HostStack, DescentsCallBackToTheEnd) {
  for (const size_t bytes : {size_t{256} << 10, size_t{8} << 20}) {
    EngineConfig config = *configure_engine({});
    config.guest_stack_bytes = bytes;
    EXPECT_EQ(check_descents(config), "") << bytes;
  }
}

TEST(HostStack, CollectionsInDescents) {
  EngineConfig config = *configure_engine({});
  config.guest_stack_bytes = 256 << 10;
  config.heap.stress = true;
  EXPECT_EQ(check_descents(config), "");
}

TEST(HostStack, ManyParametersAndResults) {
  const EngineConfig config = *configure_engine({});
  for (const wasm::ValType type : {wasm::ValType(wasm::ValType::i64), wasm::ValType(wasm::ValType::v128)})
    for (const size_t count : {1, 7, 120, 290, 1000}) EXPECT_EQ(check_many_values(config, type, count), "");
}

}  // namespace
}  // namespace cairn::runtime
