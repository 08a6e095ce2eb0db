// Tests branches to near and far labels.
#include <gtest/gtest.h>

#include "compiler/rv64/encoding/assembler.hpp"

namespace cairn::rv64 {
namespace {

uint32_t word_at(const codegen::CodeBuffer& code, uint32_t offset) {
  uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= static_cast<uint32_t>(code.bytes[offset + i]) << (8 * i);
  return value;
}

// Emits a branch over `gap` bytes of nops (addi x0, x0, 0, which is 0x13) until it fits. Returns the size of the branch
// in bytes, or 0 if it never fits.
uint32_t size_of_forward_branch(uint32_t gap, bool conditional) {
  Arena arena(1 << 24);
  BranchLengths lengths(arena);
  for (unsigned attempt = 0; attempt < 4; ++attempt) {
    codegen::CodeBuffer code(arena);
    Assembler assembler(code, lengths);
    const codegen::Label label = assembler.new_label();
    if (conditional)
      assembler.branch(Op::beq, a(0), a(1), label);
    else
      assembler.jump(label);
    for (uint32_t i = 0; i < gap; i += 4) assembler.emit_long(0x13);
    assembler.bind(label);
    if (assembler.finish()) return code.offset() - gap;
  }
  return 0;
}

TEST(Rv64Assembler, BranchesGrow) {
  EXPECT_EQ(size_of_forward_branch(4088, true), 4u);
  EXPECT_EQ(size_of_forward_branch(4092, true), 8u);
  EXPECT_EQ(size_of_forward_branch((1 << 19) - 12, true), 8u);
  EXPECT_EQ(size_of_forward_branch(1 << 20, true), 12u);
  EXPECT_EQ(size_of_forward_branch((1 << 20) - 8, false), 4u);
  EXPECT_EQ(size_of_forward_branch(1 << 20, false), 8u);
}

TEST(Rv64Assembler, BranchesBackAreShort) {
  Arena arena(1 << 24);
  BranchLengths lengths(arena);
  codegen::CodeBuffer code(arena);
  Assembler assembler(code, lengths);
  const codegen::Label label = assembler.new_label();
  assembler.bind(label);
  assembler.branch(Op::bne, a(0), kZero, label);  // bnez a0, 0: 0xe101
  EXPECT_EQ(assembler.offset(), 2u);
  assembler.jump(label);
  EXPECT_EQ(assembler.offset(), 4u);
  assembler.branch(Op::bltu, a(0), a(1), label);
  EXPECT_EQ(assembler.offset(), 8u);
  for (uint32_t i = 0; i < 4096; i += 4) assembler.emit_long(0x13);
  assembler.branch(Op::bltu, a(0), a(1), label);
  EXPECT_EQ(assembler.offset(), 8u + 4096 + 8);
  ASSERT_TRUE(assembler.finish());
  EXPECT_EQ(word_at(code, 0), 0xbffdu << 16 | 0xe101u);  // bnez a0, +0; j -2
  EXPECT_EQ(word_at(code, 4), 0xfeb56ee3u);              // bltu a0, a1, -4
}

}  // namespace
}  // namespace cairn::rv64
