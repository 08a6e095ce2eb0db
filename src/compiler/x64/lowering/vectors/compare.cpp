// Lowers comparisons of vectors, and the operations that reduce a vector to a number or a condition. A comment after a
// line names the instructions whose opcodes the line has.
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::SimdOp;
using ir::Value;

bool is_vector_test(SimdOp op) {
  switch (op) {
    case SimdOp::v128_any_true:
    case SimdOp::i8x16_all_true:
    case SimdOp::i16x8_all_true:
    case SimdOp::i32x4_all_true:
    case SimdOp::i64x2_all_true: return true;
    default: return false;
  }
}

bool X64Lowering::lower_vector_compare(Value value) {
  const Instruction& instruction = inst(value);
  const SimdOp op = instruction.simd();
  const auto a = [&] { return instruction.operands[0]; };
  const auto b = [&] { return instruction.operands[1]; };
  // Emits not(compare(first, second)).
  const auto negated = [&](Encoding encoding, Value first, Value second) {
    const VReg first_reg = use(first);
    const VReg compared = x_binary(encoding, first_reg, use(second));
    x_not_to(def(value), compared);
    return true;
  };
  // Emits a >= b as max(a, b) == a, and a <= b as min(a, b) == a. With `negate`, emits the opposite condition.
  const auto extreme = [&](Encoding choose, Encoding equal, bool negate) {
    const VReg first = use(a()), second = use(b());
    const VReg chosen = x_binary(choose, first, second);
    if (!negate) {
      x_binary_to(def(value), equal, chosen, first);
    } else {
      x_not_to(def(value), x_binary(equal, chosen, first));
    }
    return true;
  };
  // Emits first > second for signed lanes of 64 bits, or its opposite.
  const auto greater64 = [&](Value first_value, Value second_value, bool negate) {
    const VReg first = use(first_value), second = use(second_value);
    if (cpu_.sse42) {
      if (!negate) {
        x_binary_to(def(value), sse38(0x37), first, second);  // pcmpgtq
      } else {
        x_not_to(def(value), x_binary(sse38(0x37), first, second));  // pcmpgtq
      }
      return true;
    }
    // The code compares 32-bit halves. The instruction takes them as signed numbers, but the low halves are unsigned,
    // so their sign bits are flipped. pshufd with f5 copies the result of each high half to the whole lane, and with a0
    // that of each low half.
    const AddressMode flip = splat_constant(0x80000000);
    const VReg x = x_binary_constant(kPxor, first, flip), y = x_binary_constant(kPxor, second, flip);
    const VReg greater = x_binary(i66(0x66), x, y), equal = x_binary(i66(0x76), x, y);  // pcmpgtd, pcmpeqd
    const VReg low = x_binary(kPand, x_unary(kPshufd, equal, 0xf5), x_unary(kPshufd, greater, 0xa0));
    const VReg high = x_unary(kPshufd, greater, 0xf5);
    if (!negate) {
      x_binary_to(def(value), kPor, low, high);
    } else {
      x_not_to(def(value), x_binary(kPor, low, high));
    }
    return true;
  };
  switch (op) {
    case SimdOp::i8x16_ne: return negated(i66(0x74), a(), b());              // pcmpeqb
    case SimdOp::i16x8_ne: return negated(i66(0x75), a(), b());              // pcmpeqw
    case SimdOp::i32x4_ne: return negated(i66(0x76), a(), b());              // pcmpeqd
    case SimdOp::i64x2_ne: return negated(sse38(0x29), a(), b());            // pcmpeqq
    case SimdOp::i8x16_le_s: return negated(i66(0x64), a(), b());            // pcmpgtb
    case SimdOp::i16x8_le_s: return negated(i66(0x65), a(), b());            // pcmpgtw
    case SimdOp::i32x4_le_s: return negated(i66(0x66), a(), b());            // pcmpgtd
    case SimdOp::i8x16_ge_s: return negated(i66(0x64), b(), a());            // pcmpgtb
    case SimdOp::i16x8_ge_s: return negated(i66(0x65), b(), a());            // pcmpgtw
    case SimdOp::i32x4_ge_s: return negated(i66(0x66), b(), a());            // pcmpgtd
    case SimdOp::i8x16_ge_u: return extreme(i66(0xde), i66(0x74), false);    // pmaxub, pcmpeqb
    case SimdOp::i8x16_lt_u: return extreme(i66(0xde), i66(0x74), true);     // pmaxub, pcmpeqb
    case SimdOp::i8x16_le_u: return extreme(i66(0xda), i66(0x74), false);    // pminub, pcmpeqb
    case SimdOp::i8x16_gt_u: return extreme(i66(0xda), i66(0x74), true);     // pminub, pcmpeqb
    case SimdOp::i16x8_ge_u: return extreme(sse38(0x3e), i66(0x75), false);  // pmaxuw, pcmpeqw
    case SimdOp::i16x8_lt_u: return extreme(sse38(0x3e), i66(0x75), true);   // pmaxuw, pcmpeqw
    case SimdOp::i16x8_le_u: return extreme(sse38(0x3a), i66(0x75), false);  // pminuw, pcmpeqw
    case SimdOp::i16x8_gt_u: return extreme(sse38(0x3a), i66(0x75), true);   // pminuw, pcmpeqw
    case SimdOp::i32x4_ge_u: return extreme(sse38(0x3f), i66(0x76), false);  // pmaxud, pcmpeqd
    case SimdOp::i32x4_lt_u: return extreme(sse38(0x3f), i66(0x76), true);   // pmaxud, pcmpeqd
    case SimdOp::i32x4_le_u: return extreme(sse38(0x3b), i66(0x76), false);  // pminud, pcmpeqd
    case SimdOp::i32x4_gt_u: return extreme(sse38(0x3b), i66(0x76), true);   // pminud, pcmpeqd
    case SimdOp::i64x2_gt_s: return greater64(a(), b(), false);
    case SimdOp::i64x2_lt_s: return greater64(b(), a(), false);
    case SimdOp::i64x2_le_s: return greater64(a(), b(), true);
    case SimdOp::i64x2_ge_s: return greater64(b(), a(), true);
    default: return false;
  }
}

void X64Lowering::make_vector_test(Value value, Test& test) {
  const Instruction& instruction = inst(value);
  VReg tested = use(instruction.operands[0]);
  test.form = Compare::ptest_rr;
  test.condition = static_cast<uint8_t>(Cc::ne);
  Encoding equal{};
  switch (instruction.simd()) {
    case SimdOp::v128_any_true: break;
    case SimdOp::i8x16_all_true: equal = i66(0x74); break;    // pcmpeqb
    case SimdOp::i16x8_all_true: equal = i66(0x75); break;    // pcmpeqw
    case SimdOp::i32x4_all_true: equal = i66(0x76); break;    // pcmpeqd
    case SimdOp::i64x2_all_true: equal = sse38(0x29); break;  // pcmpeqq
    default: CAIRN_UNREACHABLE();
  }
  if (equal.opcode != 0) {  // all_true holds if no lane equals zero
    tested = x_binary(equal, x_zero(), tested);
    test.condition = static_cast<uint8_t>(Cc::e);
  }
  test.operands.add(Operand::use(tested));
  test.operands.add(Operand::use(tested));
}

void X64Lowering::lower_bitmask(Value value) {
  const Instruction& instruction = inst(value);
  const VReg source = use(instruction.operands[0]);
  const VReg d = def(value);
  const auto mask = [&](VReg to, Encoding encoding, VReg from) {
    put(Op::int_from_x, {Operand::def(to), Operand::use(from)}, 4).immediate = xmm_payload(encoding);
  };
  switch (instruction.simd()) {
    case SimdOp::i8x16_bitmask: return mask(d, i66(0xd7), source);  // pmovmskb
    case SimdOp::i32x4_bitmask: return mask(d, ps(0x50), source);   // movmskps
    case SimdOp::i64x2_bitmask: return mask(d, pd(0x50), source);
    default: {  // i16x8_bitmask
      // packsswb makes bytes with the signs of the lanes, twice. The low 8 bits of their mask are the result.
      const VReg bytes = x_binary(i66(0x63), source, source);
      const VReg both = temporary(RegClass::integer);
      mask(both, i66(0xd7), bytes);
      put(Op::extend, {Operand::def(d), Operand::use_any(both)}).extra = static_cast<uint8_t>(Extend::zero8);
      return;
    }
  }
}

}  // namespace cairn::x64
