// Builds relaxed vector instructions under the option relaxed=deterministic. Each becomes the instructions that the
// specification's deterministic profile defines ([wasm 7.2]), which give the same results on every target, except for
// the bits of NaNs. Without this option, targets choose the results (numeric.cpp).
//
//   madd a b c        add(mul(a, b), c)
//   nmadd a b c       sub(c, mul(a, b))
//   dot a b           add_sat_s(mul(even(a), even(b)), mul(odd(a), odd(b)))
//   dot_add a b c     add(extadd_pairwise_s(dot a b), c)
//   laneselect a b c  bitselect(a, b, c)
//   swizzle a b       swizzle(a, b), and the same for min and max
//   trunc a           trunc_sat(a)
//   q15mulr a b       q15mulr_sat(a, b)
//
// even(v) and odd(v) are the bytes of v at even and odd positions, each sign-extended to a lane of 16 bits.
#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using ir::Instruction;
using ir::Opcode;
using ir::SimdOp;
using WasmOp = wasm::Opcode;

ir::Value Builder::vector(SimdOp op, Value a, Value b, Value c) {
  Instruction inst;
  inst.opcode = !b.valid() ? Opcode::simd_unary : !c.valid() ? Opcode::simd_binary : Opcode::simd_ternary;
  inst.type = Type::v128;
  inst.immediate = static_cast<int64_t>(op);
  inst.operands[0] = a;
  inst.operands[1] = b;
  inst.operands[2] = c;
  return insert_.emit(inst);
}

ir::Value Builder::dot_bytes(Value a, Value b) {
  // In a 16-bit lane, the byte at the even position is the lower half, and the byte at the odd position the upper half.
  const Value eight = insert_.iconst(Type::i32, 8);
  const auto odd = [&](Value v) { return vector(SimdOp::i16x8_shr_s, v, eight); };
  const auto even = [&](Value v) { return odd(vector(SimdOp::i16x8_shl, v, eight)); };
  const Value first = vector(SimdOp::i16x8_mul, even(a), even(b));
  return vector(SimdOp::i16x8_add_sat_s, first, vector(SimdOp::i16x8_mul, odd(a), odd(b)));
}

void Builder::deterministic(WasmOp opcode) {
  const auto unary = [&](SimdOp op) { push(vector(op, pop())); };
  const auto binary = [&](SimdOp op) {
    const Value b = pop(), a = pop();
    push(vector(op, a, b));
  };
  const auto select = [&] {
    const Value c = pop(), b = pop(), a = pop();
    push(vector(SimdOp::v128_bitselect, a, b, c));
  };
  const auto madd = [&](SimdOp multiply, SimdOp add) {
    const Value c = pop(), b = pop(), a = pop();
    push(vector(add, vector(multiply, a, b), c));
  };
  const auto nmadd = [&](SimdOp multiply, SimdOp subtract) {
    const Value c = pop(), b = pop(), a = pop();
    push(vector(subtract, c, vector(multiply, a, b)));
  };
  switch (opcode) {
    case WasmOp::i8x16_relaxed_swizzle: return binary(SimdOp::i8x16_swizzle);
    case WasmOp::i32x4_relaxed_trunc_f32x4_s: return unary(SimdOp::i32x4_trunc_sat_f32x4_s);
    case WasmOp::i32x4_relaxed_trunc_f32x4_u: return unary(SimdOp::i32x4_trunc_sat_f32x4_u);
    case WasmOp::i32x4_relaxed_trunc_f64x2_s_zero: return unary(SimdOp::i32x4_trunc_sat_f64x2_s_zero);
    case WasmOp::i32x4_relaxed_trunc_f64x2_u_zero: return unary(SimdOp::i32x4_trunc_sat_f64x2_u_zero);
    case WasmOp::f32x4_relaxed_madd: return madd(SimdOp::f32x4_mul, SimdOp::f32x4_add);
    case WasmOp::f32x4_relaxed_nmadd: return nmadd(SimdOp::f32x4_mul, SimdOp::f32x4_sub);
    case WasmOp::f64x2_relaxed_madd: return madd(SimdOp::f64x2_mul, SimdOp::f64x2_add);
    case WasmOp::f64x2_relaxed_nmadd: return nmadd(SimdOp::f64x2_mul, SimdOp::f64x2_sub);
    case WasmOp::i8x16_relaxed_laneselect:
    case WasmOp::i16x8_relaxed_laneselect:
    case WasmOp::i32x4_relaxed_laneselect:
    case WasmOp::i64x2_relaxed_laneselect: return select();
    case WasmOp::f32x4_relaxed_min: return binary(SimdOp::f32x4_min);
    case WasmOp::f32x4_relaxed_max: return binary(SimdOp::f32x4_max);
    case WasmOp::f64x2_relaxed_min: return binary(SimdOp::f64x2_min);
    case WasmOp::f64x2_relaxed_max: return binary(SimdOp::f64x2_max);
    case WasmOp::i16x8_relaxed_q15mulr_s: return binary(SimdOp::i16x8_q15mulr_sat_s);
    case WasmOp::i16x8_relaxed_dot_i8x16_i7x16_s: {
      const Value b = pop(), a = pop();
      return push(dot_bytes(a, b));
    }
    case WasmOp::i32x4_relaxed_dot_i8x16_i7x16_add_s: {
      const Value c = pop(), b = pop(), a = pop();
      return push(vector(SimdOp::i32x4_add, vector(SimdOp::i32x4_extadd_pairwise_i16x8_s, dot_bytes(a, b)), c));
    }
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::compiler
