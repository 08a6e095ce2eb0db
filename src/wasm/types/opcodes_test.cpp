// Tests the look-up of opcodes by their bytes, and the properties of some opcodes.
#include "wasm/types/opcodes.hpp"

#include <gtest/gtest.h>

#include "wasm/validation/function_sink.hpp"

namespace cairn::wasm {
namespace {

TEST(Opcodes, EveryOpcodeIsFoundByItsBytes) {
  for (uint32_t i = 0; i < kOpcodeCount; ++i) {
    const auto opcode = static_cast<Opcode>(i);
    EXPECT_EQ(find_opcode(info(opcode).prefix, info(opcode).code), opcode) << to_string(opcode);
  }
}

TEST(Opcodes, UnassignedBytesAreNotFound) {
  EXPECT_FALSE(find_opcode(0, 0x16));
  EXPECT_FALSE(find_opcode(0, 0xff));
  EXPECT_FALSE(find_opcode(0xfd, 154));
  EXPECT_FALSE(find_opcode(0xfd, 0x114));
  EXPECT_FALSE(find_opcode(0xfa, 0));
  EXPECT_FALSE(find_opcode(0xfe, 0xffff'ffff));
}

TEST(Opcodes, TableFacts) {
  EXPECT_EQ(kOpcodeCount, 575u);
  EXPECT_EQ(find_opcode(0, 0x6a), Opcode::i32_add);
  EXPECT_EQ(find_opcode(0xfd, 174), Opcode::i32x4_add);
  EXPECT_EQ(to_string(Opcode::return_), "return");
  EXPECT_EQ(info(Opcode::i64_load32_u).shape, 2);
  EXPECT_EQ(info(Opcode::v128_load).feature, Feature::simd);
  EXPECT_EQ(info(Opcode::i32_add).feature, std::nullopt);
  EXPECT_TRUE(is_plain(Opcode::i64_mul_wide_u));
  EXPECT_FALSE(is_plain(Opcode::drop));
}

}  // namespace
}  // namespace cairn::wasm
