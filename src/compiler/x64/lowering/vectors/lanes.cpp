// Lowers moves of lanes into vectors and out of them.
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::SimdOp;
using ir::Value;

void X64Lowering::lower_splat(Value value) {
  const Instruction& instruction = inst(value);
  const VReg d = def(value);
  const SimdOp op = instruction.simd();
  if (op == SimdOp::f32x4_splat) {
    x_unary_to(d, kPshufd, use(instruction.operands[0]), 0);
    return;
  }
  if (op == SimdOp::f64x2_splat) {
    x_unary_to(d, sse(Prefix::pf2, 0x12), use(instruction.operands[0]));  // movddup
    return;
  }
  const bool wide = op == SimdOp::i64x2_splat;
  const VReg scalar = x_temporary();
  const VReg source = wide ? use(instruction.operands[0]) : use_low(instruction.operands[0]);
  put(Op::x_from_gpr, {Operand::def(scalar), Operand::use_any(source)}, wide ? 8 : 4);
  switch (op) {
    case SimdOp::i8x16_splat:
      if (cpu_.avx2) return x_unary_to(d, sse38(0x78), scalar);  // vpbroadcastb
      return x_binary_to(d, kPshufb, scalar, x_zero());
    case SimdOp::i16x8_splat:
      if (cpu_.avx2) return x_unary_to(d, sse38(0x79), scalar);                      // vpbroadcastw
      return x_unary_to(d, kPshufd, x_unary(sse(Prefix::pf2, 0x70), scalar, 0), 0);  // pshuflw, then pshufd
    case SimdOp::i32x4_splat: return x_unary_to(d, kPshufd, scalar, 0);
    default: return x_unary_to(d, kPshufd, scalar, 0x44);  // copies the low 64 bits to both lanes
  }
}

void X64Lowering::lower_extract(Value value) {
  const Instruction& instruction = inst(value);
  const VReg d = def(value);
  const VReg source = use(instruction.operands[0]);
  const unsigned lane = instruction.lane();
  // pextrb, pextrd and pextrq have the vector in the reg field of ModRM, and XmmPayload::merges tells emission so. The
  // form of pextrw from SSE2 has the general register in the reg field.
  const auto extract = [&](VReg to, Encoding encoding, bool reg_is_vector) {
    put(Op::int_from_x, {Operand::def(to), Operand::use(source)}, 4).immediate =
        xmm_payload(encoding, static_cast<int>(lane), reg_is_vector);
  };
  const auto sign_extended = [&](Encoding encoding, bool reg_is_vector, Extend extend) {
    const VReg zero_extended = temporary(RegClass::integer);
    extract(zero_extended, encoding, reg_is_vector);
    put(Op::extend, {Operand::def(d), Operand::use_any(zero_extended)}).extra = static_cast<uint8_t>(extend);
  };
  switch (instruction.simd()) {
    case SimdOp::i8x16_extract_lane_u: return extract(d, sse3a(0x14), true);                       // pextrb
    case SimdOp::i8x16_extract_lane_s: return sign_extended(sse3a(0x14), true, Extend::sign8_32);  // pextrb
    case SimdOp::i16x8_extract_lane_u: return extract(d, i66(0xc5), false);                        // pextrw
    case SimdOp::i16x8_extract_lane_s: return sign_extended(i66(0xc5), false, Extend::sign16_32);  // pextrw
    case SimdOp::i32x4_extract_lane:
      if (lane == 0) {
        put(Op::gpr_from_x, {Operand::def(d), Operand::use(source)}, 4);
        return;
      }
      return extract(d, sse3a(0x16), true);  // pextrd
    case SimdOp::i64x2_extract_lane:
      if (lane == 0) {
        put(Op::gpr_from_x, {Operand::def(d), Operand::use(source)}, 8);
        return;
      }
      return extract(d, sse3a(0x16).wide(), true);  // pextrq
    case SimdOp::f32x4_extract_lane:
      if (lane == 0) return x_unary_to(d, kMovaps, source);
      return x_unary_to(d, kPshufd, source, static_cast<int>(lane));
    case SimdOp::f64x2_extract_lane:
      if (lane == 0) return x_unary_to(d, kMovaps, source);
      return x_unary_to(d, kPshufd, source, 0xee);  // copies the high 64 bits to both lanes
    default: CAIRN_UNREACHABLE();
  }
}

void X64Lowering::lower_replace(Value value) {
  const Instruction& instruction = inst(value);
  const VReg d = def(value);
  const VReg vector = use(instruction.operands[0]);
  const auto lane = static_cast<int>(instruction.lane());
  const Operand result = cpu_.avx ? Operand::def(d) : Operand::def_reuse(d, 1);
  const auto insert = [&](Encoding encoding, bool wide) {
    const VReg scalar = wide ? use(instruction.operands[1]) : use_low(instruction.operands[1]);
    put(Op::x_insert, {result, Operand::use(vector), Operand::use_any(scalar)}, 16).immediate =
        xmm_payload(encoding, lane);
  };
  switch (instruction.simd()) {
    case SimdOp::i8x16_replace_lane: return insert(sse3a(0x20), false);        // pinsrb
    case SimdOp::i16x8_replace_lane: return insert(i66(0xc4), false);          // pinsrw
    case SimdOp::i32x4_replace_lane: return insert(sse3a(0x22), false);        // pinsrd
    case SimdOp::i64x2_replace_lane: return insert(sse3a(0x22).wide(), true);  // pinsrq
    case SimdOp::f32x4_replace_lane: {
      const VReg scalar = use(instruction.operands[1]);
      put(Op::x_rrr, {result, Operand::use(vector), Operand::use_any(scalar)}, 16).immediate =
          xmm_payload(sse3a(0x21), lane << 4);  // insertps, whose immediate has the lane in bits 4 and 5
      return;
    }
    case SimdOp::f64x2_replace_lane: {
      // movsd between registers keeps the upper half of its destination, and movlhps keeps the lower half.
      const VReg scalar = use(instruction.operands[1]);
      put(Op::x_rrr, {result, Operand::use(vector), Operand::use(scalar)}, 16).immediate =
          xmm_payload(lane == 0 ? sse(Prefix::pf2, 0x10) : two_byte(0x16));
      return;
    }
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::x64
