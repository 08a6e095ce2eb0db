// Shifts of vectors by one count.
#include <bit>

#include "compiler/x64/encoding/vector_encodings.hpp"
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::SimdOp;
using ir::Value;

void X64Lowering::lower_vector_shift(Value value) {
  const Instruction& instruction = inst(value);
  const SimdOp op = instruction.simd();
  enum { left, right_signed, right_unsigned } kind = left;
  unsigned bits = 0;
  switch (op) {
    case SimdOp::i8x16_shl: bits = 8; break;
    case SimdOp::i8x16_shr_s: bits = 8, kind = right_signed; break;
    case SimdOp::i8x16_shr_u: bits = 8, kind = right_unsigned; break;
    case SimdOp::i16x8_shl: bits = 16; break;
    case SimdOp::i16x8_shr_s: bits = 16, kind = right_signed; break;
    case SimdOp::i16x8_shr_u: bits = 16, kind = right_unsigned; break;
    case SimdOp::i32x4_shl: bits = 32; break;
    case SimdOp::i32x4_shr_s: bits = 32, kind = right_signed; break;
    case SimdOp::i32x4_shr_u: bits = 32, kind = right_unsigned; break;
    case SimdOp::i64x2_shl: bits = 64; break;
    case SimdOp::i64x2_shr_s: bits = 64, kind = right_signed; break;
    case SimdOp::i64x2_shr_u: bits = 64, kind = right_unsigned; break;
    default: CAIRN_UNREACHABLE();
  }
  const VReg d = def(value);
  const VReg source = use(instruction.operands[0]);
  const auto constant = integer_constant(instruction.operands[1]);
  const unsigned fixed = constant ? static_cast<unsigned>(*constant) & (bits - 1) : 0;
  // The instruction's lane width: bytes go by words.
  const unsigned lane = bits == 8 ? 16 : bits;
  const unsigned log = static_cast<unsigned>(std::countr_zero(lane)) - 4;  // 0, 1, 2
  const auto by_imm = [&](VReg to, VReg from, unsigned digit, unsigned count) {
    x_shift_imm_to(to, i66(static_cast<uint8_t>(0x71 + log)), digit, from, count);
  };
  const auto by_xmm = [&](uint8_t base, VReg from, VReg count) {
    return x_binary(i66(static_cast<uint8_t>(base + log)), from, count);
  };
  constexpr unsigned kLeft = 6, kLogical = 2, kArithmetic = 4;
  const auto count_register = [&](unsigned add) {
    const VReg masked = temporary(RegClass::integer);
    MachineInst& mask =
        put(Op::alu_ri, {Operand::def_reuse(masked, 1), Operand::use(use_low(instruction.operands[1]))}, 4);
    mask.extra = static_cast<uint8_t>(Alu::and_);
    mask.immediate = bits - 1;
    VReg sum = masked;
    if (add != 0) {
      sum = temporary(RegClass::integer);
      put(Op::add_ri, {Operand::def(sum), Operand::use(masked)}, 4).immediate = add;
    }
    const VReg count = x_temporary();
    put(Op::x_from_gpr, {Operand::def(count), Operand::use_any(sum)}, 4);
    return count;
  };

  if (bits == 64 && kind == right_signed) {
    // (x >>> n ^ m) - m with m the sign bit shifted alike.
    VReg shifted, sign;
    if (constant) {
      shifted = x_temporary();
      by_imm(shifted, source, kLogical, fixed);
      const uint64_t m = (uint64_t{1} << 63) >> fixed;
      const uint64_t both[2] = {m, m};
      sign = x_temporary();
      put_address(Op::load_x, {Operand::def(sign)}, constant_address(both, 16), 16,
                  codegen::InstFlag::rematerializable);
    } else {
      const VReg count = count_register(0);
      shifted = by_xmm(0xd1, source, count);
      const VReg top = x_temporary();
      put_address(Op::load_x, {Operand::def(top)}, splat_constant(uint64_t{1} << 63), 16,
                  codegen::InstFlag::rematerializable);
      sign = by_xmm(0xd1, top, count);
    }
    x_binary_to(d, i66(0xfb), x_binary(kPxor, shifted, sign), sign);
    return;
  }
  if (bits != 8) {
    const unsigned digit = kind == left ? kLeft : kind == right_signed ? kArithmetic : kLogical;
    if (constant) {
      by_imm(d, source, digit, fixed);
      return;
    }
    const uint8_t base = kind == left ? 0xf1 : kind == right_signed ? 0xe1 : 0xd1;
    const VReg count = count_register(0);
    x_binary_to(d, i66(static_cast<uint8_t>(base + log)), source, count);
    return;
  }
  if (kind == right_signed) {
    // Each byte in the upper half of a word.
    const VReg low = x_binary(i66(0x60), source, source), high = x_binary(i66(0x68), source, source);
    VReg low_shifted, high_shifted;
    if (constant) {
      low_shifted = x_temporary(), high_shifted = x_temporary();
      by_imm(low_shifted, low, kArithmetic, fixed + 8);
      by_imm(high_shifted, high, kArithmetic, fixed + 8);
    } else {
      const VReg count = count_register(8);
      low_shifted = by_xmm(0xe1, low, count);
      high_shifted = by_xmm(0xe1, high, count);
    }
    x_binary_to(d, i66(0x63), low_shifted, high_shifted);
    return;
  }
  // Shift words, then clear what came over from the neighbour.
  if (constant) {
    const VReg shifted = x_temporary();
    by_imm(shifted, source, kind == left ? kLeft : kLogical, fixed);
    const uint64_t byte = kind == left ? (0xffu << fixed) & 0xff : 0xffu >> fixed;
    x_binary_constant_to(d, kPand, shifted, splat_constant(byte * 0x0101'0101'0101'0101u));
    return;
  }
  const VReg count = count_register(0);
  const VReg shifted = by_xmm(kind == left ? 0xf1 : 0xd1, source, count);
  VReg mask;
  if (kind == left) {
    mask = by_xmm(0xf1, x_ones(), count);
  } else {
    const VReg bytes = x_temporary();
    by_imm(bytes, x_ones(), kLogical, 8);
    mask = by_xmm(0xd1, bytes, count);
  }
  x_binary_to(d, kPand, shifted, x_binary(kPshufb, mask, x_zero()));
}

}  // namespace cairn::x64
