// Lowers vector operations that have no line in the table of ../lower_vector.cpp, most of which take several
// instructions.
#include <bit>

#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::SimdOp;
using ir::Value;

namespace {

// The opcodes that this file writes as numbers, by the function that makes the Encoding (encoding/instructions.hpp):
//   i66    0x61 punpcklwd, 0x69 punpckhwd, 0x75 pcmpeqw, 0xd5 pmullw, 0xdc paddusb, 0xe4 pmulhuw, 0xe5 pmulhw,
//          0xe6 cvttpd2dq, 0xed paddsw, 0xf8 psubb, 0xf9 psubw, 0xfa psubd, 0xfb psubq, 0xfc paddb, 0xfe paddd
//   ps/pd  0x14 unpcklps, 0x54 and, 0x55 andn, 0x56 or, 0x57 xor, 0x58 add, 0x59 mul, 0x5b cvtdq2ps, 0x5c sub,
//          0x5d min, 0x5f max, 0xc2 cmp, 0xc6 shufps; as two_byte: 0x28 movaps; with the prefix f3: 0x5b cvttps2dq
//   sse38  0x0b pmulhrsw, 0x20 pmovsxbw, 0x23 pmovsxwd, 0x25 pmovsxdq, 0x28 pmuldq, 0x30 pmovzxbw, 0x33 pmovzxwd,
//          0x35 pmovzxdq, 0x3d pmaxsd, 0xb8 vfmadd231, 0xbc vfnmadd231; sse3a: 0x09 roundpd
constexpr Encoding kPmuludq = i66(0xf4), kPaddq = i66(0xd4);
constexpr Encoding kShiftW = i66(0x71), kShiftD = i66(0x72), kShiftQ = i66(0x73);  // of 16, 32 and 64 bits
constexpr unsigned kLeft = 6, kLogical = 2, kArithmetic = 4;  // the opcode digits of the shifts by an immediate
constexpr Encoding kMaddUnsignedSigned = sse38(0x04), kMaddWords = i66(0xf5);  // pmaddubsw, pmaddwd

}  // namespace

// Lowers operations on integer lanes, and passes other operations on to lower_vector_widening().
void X64Lowering::lower_vector_arithmetic(Value value) {
  const Instruction& instruction = inst(value);
  const SimdOp op = instruction.simd();
  const VReg d = def(value);
  const auto operand = [&](unsigned i) { return use(instruction.operands[i]); };
  const auto negate = [&](Encoding subtract) {
    const VReg zero = x_zero();
    x_binary_to(d, subtract, zero, operand(0));
  };
  const bool exact = options_.deterministic_relaxed_simd;
  switch (op) {
    case SimdOp::i8x16_swizzle:
    case SimdOp::i8x16_relaxed_swizzle: {
      const VReg a = operand(0), indices = operand(1);
      if (op == SimdOp::i8x16_relaxed_swizzle && !exact) return x_binary_to(d, kPshufb, a, indices);
      // The saturating addition sets the top bit of every index above 15. pshufb gives zero for such an index.
      return x_binary_to(d, kPshufb, a, x_binary_constant(i66(0xdc), indices, splat_constant(0x7070'7070'7070'7070)));
    }
    case SimdOp::i8x16_neg: return negate(i66(0xf8));
    case SimdOp::i16x8_neg: return negate(i66(0xf9));
    case SimdOp::i32x4_neg: return negate(i66(0xfa));
    case SimdOp::i64x2_neg: return negate(i66(0xfb));
    case SimdOp::i64x2_abs: {
      const VReg a = operand(0);
      // Each lane of `sign` has 64 copies of the lane's sign bit.
      // pshufd with f5 copies the upper 32 bits of each lane to the lower ones.
      const VReg sign = x_unary(kPshufd, x_shift_imm(kShiftD, kArithmetic, a, 31), 0xf5);
      return x_binary_to(d, i66(0xfb), x_binary(kPxor, a, sign), sign);
    }
    case SimdOp::i8x16_popcnt: {
      // A table has the number of set bits for each of the 16 half bytes.
      const VReg a = operand(0);
      const AddressMode nibbles = splat_constant(0x0f0f'0f0f'0f0f'0f0f);
      const uint64_t counts[2] = {0x0302'0201'0201'0100, 0x0403'0302'0302'0201};
      const auto table = [&] {
        const VReg reg = x_temporary();
        put_address(Op::load_x, {Operand::def(reg)}, constant_address(counts, 16), 16,
                    codegen::InstFlag::rematerializable);
        return reg;
      };
      const VReg low = x_binary_constant(kPand, a, nibbles);
      const VReg high = x_binary_constant(kPand, x_shift_imm(kShiftW, kLogical, a, 4), nibbles);
      const VReg low_count = x_binary(kPshufb, table(), low);
      return x_binary_to(d, i66(0xfc), low_count, x_binary(kPshufb, table(), high));
    }
    case SimdOp::i64x2_mul: {
      // low * low + ((high * low + low * high) << 32)
      const VReg a = operand(0), b = operand(1);
      const VReg first = x_binary(kPmuludq, x_shift_imm(kShiftQ, kLogical, a, 32), b);
      const VReg second = x_binary(kPmuludq, x_shift_imm(kShiftQ, kLogical, b, 32), a);
      const VReg cross = x_shift_imm(kShiftQ, kLeft, x_binary(kPaddq, first, second), 32);
      return x_binary_to(d, kPaddq, cross, x_binary(kPmuludq, a, b));
    }
    case SimdOp::i16x8_q15mulr_sat_s:
    case SimdOp::i16x8_relaxed_q15mulr_s: {
      const VReg a = operand(0), b = operand(1);
      if (op == SimdOp::i16x8_relaxed_q15mulr_s && !exact) return x_binary_to(d, sse38(0x0b), a, b);
      // The lanes are fixed-point numbers from -1 to almost 1, with 15 bits after the point. Only -1 * -1 overflows:
      // pmulhrsw gives 0x8000 for it, which becomes 0x7fff.
      const VReg product = x_binary(sse38(0x0b), a, b);
      const VReg overflow = x_binary_constant(i66(0x75), product, splat_constant(0x8000'8000'8000'8000));
      return x_binary_to(d, kPxor, product, overflow);
    }
    default: return lower_vector_widening(value);
  }
}

// Lowers extensions, extending multiplications, pairwise additions and relaxed dot products, and passes other
// operations on to lower_vector_float().
void X64Lowering::lower_vector_widening(Value value) {
  const Instruction& instruction = inst(value);
  const VReg d = def(value);
  const auto operand = [&](unsigned i) { return use(instruction.operands[i]); };
  // pshufd with ee moves the high half of the vector to the low half.
  const auto high_half = [&](Encoding extend) { x_unary_to(d, extend, x_unary(kPshufd, operand(0), 0xee)); };
  const bool exact = options_.deterministic_relaxed_simd;
  switch (instruction.simd()) {
    case SimdOp::i16x8_extadd_pairwise_i8x16_s: {
      const VReg ones = x_temporary();
      put_address(Op::load_x, {Operand::def(ones)}, splat_constant(0x0101'0101'0101'0101), 16,
                  codegen::InstFlag::rematerializable);
      return x_binary_to(d, kMaddUnsignedSigned, ones, operand(0));
    }
    case SimdOp::i16x8_extadd_pairwise_i8x16_u:
      return x_binary_constant_to(d, kMaddUnsignedSigned, operand(0), splat_constant(0x0101'0101'0101'0101));
    case SimdOp::i32x4_extadd_pairwise_i16x8_s:
      return x_binary_constant_to(d, kMaddWords, operand(0), splat_constant(0x0001'0001'0001'0001));
    case SimdOp::i32x4_extadd_pairwise_i16x8_u: {
      // pmaddwd multiplies signed words. So 2^15 is subtracted from each word first, and the last addition adds 2^16 to
      // each sum of two words.
      const VReg less = x_binary_constant(kPxor, operand(0), splat_constant(0x8000'8000'8000'8000));
      const VReg sum = x_binary_constant(kMaddWords, less, splat_constant(0x0001'0001'0001'0001));
      return x_binary_constant_to(d, i66(0xfe), sum, splat_constant(0x0001'0000'0001'0000));
    }
    case SimdOp::i16x8_extend_high_i8x16_s: return high_half(sse38(0x20));
    case SimdOp::i16x8_extend_high_i8x16_u: return high_half(sse38(0x30));
    case SimdOp::i32x4_extend_high_i16x8_s: return high_half(sse38(0x23));
    case SimdOp::i32x4_extend_high_i16x8_u: return high_half(sse38(0x33));
    case SimdOp::i64x2_extend_high_i32x4_s: return high_half(sse38(0x25));
    case SimdOp::i64x2_extend_high_i32x4_u: return high_half(sse38(0x35));
    case SimdOp::i16x8_extmul_low_i8x16_s:
    case SimdOp::i16x8_extmul_low_i8x16_u:
    case SimdOp::i16x8_extmul_high_i8x16_s:
    case SimdOp::i16x8_extmul_high_i8x16_u:
    case SimdOp::i32x4_extmul_low_i16x8_s:
    case SimdOp::i32x4_extmul_low_i16x8_u:
    case SimdOp::i32x4_extmul_high_i16x8_s:
    case SimdOp::i32x4_extmul_high_i16x8_u:
    case SimdOp::i64x2_extmul_low_i32x4_s:
    case SimdOp::i64x2_extmul_low_i32x4_u:
    case SimdOp::i64x2_extmul_high_i32x4_s:
    case SimdOp::i64x2_extmul_high_i32x4_u: return lower_extend_multiply(value);
    case SimdOp::i16x8_relaxed_dot_i8x16_i7x16_s: {
      const VReg a = operand(0), b = operand(1);
      if (!exact) return x_binary_to(d, kMaddUnsignedSigned, b, a);
      return x_unary_to(d, two_byte(0x28), dot_bytes(a, b));
    }
    case SimdOp::i32x4_relaxed_dot_i8x16_i7x16_add_s: {
      const VReg a = operand(0), b = operand(1);
      const VReg words = exact ? dot_bytes(a, b) : x_binary(kMaddUnsignedSigned, b, a);
      const VReg sums = x_binary_constant(kMaddWords, words, splat_constant(0x0001'0001'0001'0001));
      return x_binary_to(d, i66(0xfe), sums, operand(2));
    }
    default: return lower_vector_float(value);
  }
}

// Lowers arithmetic on float lanes, and passes other operations on to lower_vector_conversion().
void X64Lowering::lower_vector_float(Value value) {
  const Instruction& instruction = inst(value);
  const SimdOp op = instruction.simd();
  const VReg d = def(value);
  const auto operand = [&](unsigned i) { return use(instruction.operands[i]); };
  const bool exact = options_.deterministic_relaxed_simd;
  switch (op) {
    case SimdOp::f32x4_abs: return x_binary_constant_to(d, ps(0x54), operand(0), splat_constant(0x7fff'ffff'7fff'ffff));
    case SimdOp::f64x2_abs: return x_binary_constant_to(d, pd(0x54), operand(0), splat_constant(0x7fff'ffff'ffff'ffff));
    case SimdOp::f32x4_neg: return x_binary_constant_to(d, ps(0x57), operand(0), splat_constant(0x8000'0000'8000'0000));
    case SimdOp::f64x2_neg: return x_binary_constant_to(d, pd(0x57), operand(0), splat_constant(0x8000'0000'0000'0000));
    case SimdOp::f32x4_min: return lower_vector_min_max(value, true, false);
    case SimdOp::f32x4_max: return lower_vector_min_max(value, true, true);
    case SimdOp::f64x2_min: return lower_vector_min_max(value, false, false);
    case SimdOp::f64x2_max: return lower_vector_min_max(value, false, true);
    case SimdOp::f32x4_relaxed_min:
    case SimdOp::f32x4_relaxed_max:
    case SimdOp::f64x2_relaxed_min:
    case SimdOp::f64x2_relaxed_max: {
      const bool single = op == SimdOp::f32x4_relaxed_min || op == SimdOp::f32x4_relaxed_max;
      const bool is_max = op == SimdOp::f32x4_relaxed_max || op == SimdOp::f64x2_relaxed_max;
      if (exact) return lower_vector_min_max(value, single, is_max);
      const uint8_t opcode = is_max ? 0x5f : 0x5d;
      const VReg a = operand(0), b = operand(1);
      return x_binary_to(d, single ? ps(opcode) : pd(opcode), a, b);
    }
    case SimdOp::f32x4_relaxed_madd:
    case SimdOp::f32x4_relaxed_nmadd:
    case SimdOp::f64x2_relaxed_madd:
    case SimdOp::f64x2_relaxed_nmadd: return lower_multiply_add(value);
    default: return lower_vector_conversion(value);
  }
}

void X64Lowering::lower_multiply_add(Value value) {
  const Instruction& instruction = inst(value);
  const SimdOp op = instruction.simd();
  const bool single = op == SimdOp::f32x4_relaxed_madd || op == SimdOp::f32x4_relaxed_nmadd;
  const bool negated = op == SimdOp::f32x4_relaxed_nmadd || op == SimdOp::f64x2_relaxed_nmadd;
  const VReg d = def(value);
  const VReg a = use(instruction.operands[0]), b = use(instruction.operands[1]), c = use(instruction.operands[2]);
  if (cpu_.fma && cpu_.avx && !options_.deterministic_relaxed_simd) {
    put(Op::fma, {Operand::def_reuse(d, 1), Operand::use(c), Operand::use(a), Operand::use_any(b)}, 16).immediate =
        xmm_payload(sse38(negated ? 0xbc : 0xb8).wide(!single));
    return;
  }
  const VReg product = x_binary(single ? ps(0x59) : pd(0x59), a, b);
  if (negated) return x_binary_to(d, single ? ps(0x5c) : pd(0x5c), c, product);
  return x_binary_to(d, single ? ps(0x58) : pd(0x58), product, c);
}

void X64Lowering::lower_vector_conversion(Value value) {
  const Instruction& instruction = inst(value);
  const SimdOp op = instruction.simd();
  const VReg d = def(value);
  const auto operand = [&](unsigned i) { return use(instruction.operands[i]); };
  const bool exact = options_.deterministic_relaxed_simd;
  switch (op) {
    case SimdOp::i32x4_trunc_sat_f32x4_s:
    case SimdOp::i32x4_trunc_sat_f32x4_u:
    case SimdOp::i32x4_trunc_sat_f64x2_s_zero:
    case SimdOp::i32x4_trunc_sat_f64x2_u_zero: return lower_vector_trunc(value, op);
    case SimdOp::i32x4_relaxed_trunc_f32x4_s:
      if (!exact) return x_unary_to(d, sse(Prefix::pf3, 0x5b), operand(0));
      return lower_vector_trunc(value, SimdOp::i32x4_trunc_sat_f32x4_s);
    case SimdOp::i32x4_relaxed_trunc_f64x2_s_zero:
      if (!exact) return x_unary_to(d, i66(0xe6), operand(0));
      return lower_vector_trunc(value, SimdOp::i32x4_trunc_sat_f64x2_s_zero);
    case SimdOp::i32x4_relaxed_trunc_f32x4_u: return lower_vector_trunc(value, SimdOp::i32x4_trunc_sat_f32x4_u);
    case SimdOp::i32x4_relaxed_trunc_f64x2_u_zero:
      return lower_vector_trunc(value, SimdOp::i32x4_trunc_sat_f64x2_u_zero);
    case SimdOp::f32x4_convert_i32x4_u: {
      // The low 16 bits of a lane convert exactly. The value of the upper 16 bits may not fit a signed integer, so half
      // of this value is converted, and doubled afterwards; both are exact. Only the last addition rounds.
      const VReg a = operand(0);
      const VReg low = x_unary(ps(0x5b), x_binary_constant(kPand, a, splat_constant(0x0000'ffff'0000'ffff)));
      const VReg half = x_unary(ps(0x5b), x_shift_imm(kShiftD, kLeft, x_shift_imm(kShiftD, kLogical, a, 16), 15));
      return x_binary_to(d, ps(0x58), x_binary(ps(0x58), half, half), low);
    }
    case SimdOp::f64x2_convert_low_i32x4_u: {
      // The 32 bits of x become the low bits of the double 2^52 + x, from which 2^52 is subtracted.
      const VReg joined = x_binary_constant(ps(0x14), operand(0), splat_constant(0x4330'0000'4330'0000));
      return x_binary_constant_to(d, pd(0x5c), joined, splat_constant(0x4330'0000'0000'0000));
    }
    default: CAIRN_UNREACHABLE();
  }
}

// Multiplies signed bytes, and adds neighbouring products with saturation, which gives lanes of 16 bits.
VReg X64Lowering::dot_bytes(VReg a, VReg b) {
  const auto even = [&](VReg v) { return x_shift_imm(kShiftW, kArithmetic, x_shift_imm(kShiftW, kLeft, v, 8), 8); };
  const auto odd = [&](VReg v) { return x_shift_imm(kShiftW, kArithmetic, v, 8); };
  const VReg first = x_binary(i66(0xd5), even(a), even(b));
  const VReg second = x_binary(i66(0xd5), odd(a), odd(b));
  return x_binary(i66(0xed), first, second);
}

// minps and maxps give their second operand if an operand is NaN or both are zeros. So the result is computed with both
// orders of the operands, and the bits of the two results are joined.
void X64Lowering::lower_vector_min_max(Value value, bool single, bool is_max) {
  const Instruction& instruction = inst(value);
  const auto op = [&](uint8_t opcode) { return single ? ps(opcode) : pd(opcode); };
  const Encoding unordered = op(0xc2);
  const VReg a = use(instruction.operands[0]), b = use(instruction.operands[1]);
  const VReg d = def(value);
  const uint8_t opcode = is_max ? 0x5f : 0x5d;
  const VReg one = x_binary(op(opcode), a, b), other = x_binary(op(opcode), b, a);
  VReg joined, nan;
  if (!is_max) {
    // -0 | +0 is -0. A NaN stays a NaN, and the mask makes it quiet.
    const VReg either = x_binary(op(0x56), one, other);
    nan = x_binary(unordered, other, either, 3);  // 3 is the condition "unordered"
    joined = x_binary(op(0x56), either, nan);
  } else {
    // The two results differ only for zeros and NaNs. For zeros of different signs, the subtraction below gives +0; a
    // NaN stays a NaN.
    const VReg difference = x_binary(op(0x57), other, one);
    const VReg either = x_binary(op(0x56), one, difference);
    joined = x_binary(op(0x5c), either, difference);
    nan = x_binary(unordered, difference, joined, 3);
  }
  // The payload of a NaN is what follows its sign, exponent and quiet bit, which are 10 bits of an f32 and 13 of an
  // f64. `andn` with this mask clears the payload.
  const VReg payload = x_shift_imm(single ? kShiftD : kShiftQ, kLogical, nan, single ? 10 : 13);
  x_binary_to(d, op(0x55), payload, joined);
}

void X64Lowering::lower_extend_multiply(Value value) {
  const Instruction& instruction = inst(value);
  const SimdOp op = instruction.simd();
  const VReg a = use(instruction.operands[0]), b = use(instruction.operands[1]);
  const VReg d = def(value);
  // Each of these three functions handles lanes of one size; `high` chooses the high half of the operands.
  const auto bytes = [&](bool high, Encoding extend) {
    const auto half = [&](VReg v) { return x_unary(extend, high ? x_unary(kPshufd, v, 0xee) : v); };
    const VReg first = half(a);
    x_binary_to(d, i66(0xd5), first, half(b));
  };
  const auto words = [&](bool high, uint8_t multiply_high) {
    const VReg low_part = x_binary(i66(0xd5), a, b);
    x_binary_to(d, i66(high ? 0x69 : 0x61), low_part, x_binary(i66(multiply_high), a, b));
  };
  // The instruction multiplies the lower 32 bits of each lane of 64 bits. pshufd with 50 copies the lanes 0 and 1 of 32
  // bits there, and with fa the lanes 2 and 3.
  const auto dwords = [&](bool high, Encoding multiply) {
    const int lanes = high ? 0xfa : 0x50;
    const VReg first = x_unary(kPshufd, a, lanes);
    x_binary_to(d, multiply, first, x_unary(kPshufd, b, lanes));
  };
  switch (op) {
    case SimdOp::i16x8_extmul_low_i8x16_s: return bytes(false, sse38(0x20));
    case SimdOp::i16x8_extmul_low_i8x16_u: return bytes(false, sse38(0x30));
    case SimdOp::i16x8_extmul_high_i8x16_s: return bytes(true, sse38(0x20));
    case SimdOp::i16x8_extmul_high_i8x16_u: return bytes(true, sse38(0x30));
    case SimdOp::i32x4_extmul_low_i16x8_s: return words(false, 0xe5);
    case SimdOp::i32x4_extmul_low_i16x8_u: return words(false, 0xe4);
    case SimdOp::i32x4_extmul_high_i16x8_s: return words(true, 0xe5);
    case SimdOp::i32x4_extmul_high_i16x8_u: return words(true, 0xe4);
    case SimdOp::i64x2_extmul_low_i32x4_s: return dwords(false, sse38(0x28));
    case SimdOp::i64x2_extmul_low_i32x4_u: return dwords(false, kPmuludq);
    case SimdOp::i64x2_extmul_high_i32x4_s: return dwords(true, sse38(0x28));
    case SimdOp::i64x2_extmul_high_i32x4_u: return dwords(true, kPmuludq);
    default: CAIRN_UNREACHABLE();
  }
}

void X64Lowering::lower_vector_trunc(Value value, SimdOp op) {
  const VReg x = use(inst(value).operands[0]);
  const VReg d = def(value);
  const Encoding to_int = sse(Prefix::pf3, 0x5b);
  const auto number_splat = [&](double number) { return splat_constant(std::bit_cast<uint64_t>(number)); };
  switch (op) {
    case SimdOp::i32x4_trunc_sat_f32x4_s: {
      const VReg ordered = x_binary(ps(0xc2), x, x, 0);         // set where x == x
      const VReg numbers = x_binary(ps(0x54), x, ordered);      // a NaN becomes 0
      const VReg positive = x_binary(kPxor, ordered, numbers);  // the top bit is set if the number is not negative
      const VReg converted = x_unary(to_int, numbers);          // 0x80000000 if it is out of range
      const VReg too_large = x_shift_imm(kShiftD, kArithmetic, x_binary(kPand, positive, converted), 31);
      return x_binary_to(d, kPxor, converted, too_large);
    }
    case SimdOp::i32x4_trunc_sat_f32x4_u: {
      // cvttps2dq gives 0x80000000 for numbers from 2^31 on. `upper` is the excess over 2^31, but not less than 0 and
      // not more than 0x7fffffff. The sum of the two is the result.
      const VReg numbers = x_binary(ps(0x5f), x, x_zero());  // NaNs and negative numbers become 0
      const VReg half = x_temporary();                       // 2^31 in each lane
      put_address(Op::load_x, {Operand::def(half)}, splat_constant(0x4f00'0000'4f00'0000), 16,
                  codegen::InstFlag::rematerializable);
      const VReg excess = x_binary(ps(0x5c), numbers, half);
      const VReg overflow = x_binary(ps(0xc2), half, excess, 2);  // set where 2^31 <= excess
      const VReg excess_int = x_binary(kPxor, x_unary(to_int, excess), overflow);
      const VReg upper = x_binary(sse38(0x3d), excess_int, x_zero());
      return x_binary_to(d, i66(0xfe), x_unary(to_int, numbers), upper);
    }
    case SimdOp::i32x4_trunc_sat_f64x2_s_zero: {
      const VReg ordered = x_binary(pd(0xc2), x, x, 0);                                     // set where x == x
      const VReg limit = x_binary_constant(pd(0x54), ordered, number_splat(2147483647.0));  // 0 for a NaN
      return x_unary_to(d, i66(0xe6), x_binary(pd(0x5d), x, limit));
    }
    default: {  // i32x4_trunc_sat_f64x2_u_zero
      const VReg low = x_binary(pd(0x5f), x, x_zero());
      const VReg clamped = x_binary_constant(pd(0x5d), low, number_splat(4294967295.0));
      const VReg whole = x_unary(sse3a(0x09), clamped, 11);                        // roundpd toward zero
      const VReg bits = x_binary_constant(pd(0x58), whole, number_splat(0x1p52));  // the integer is in the low half
      return x_binary_to(d, ps(0xc6), bits, x_zero(), 0x88);  // shufps joins the low halves of both lanes, and zeros
    }
  }
}

}  // namespace cairn::x64
