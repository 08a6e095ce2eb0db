#include "compiler/rv64/emission/vectors/simd_needs.hpp"

namespace cairn::rv64 {

using ir::SimdOp;

namespace {

// Whether the result must not share a register with an operand, because the result is written before the operands are
// read, or because the instruction forbids it.
bool writes_early(SimdOp op) {
  switch (op) {
    case SimdOp::i8x16_swizzle:  // needs_of_shuffle() uses the needs of swizzle
    case SimdOp::i32x4_relaxed_dot_i8x16_i7x16_add_s:
    case SimdOp::f64x2_convert_low_i32x4_s:
    case SimdOp::f64x2_convert_low_i32x4_u:
    case SimdOp::f64x2_promote_low_f32x4: return true;
    default:
      return between(op, SimdOp::i16x8_extend_low_i8x16_s, SimdOp::i16x8_extmul_high_i8x16_u) ||
             between(op, SimdOp::i32x4_extend_low_i16x8_s, SimdOp::i32x4_extmul_high_i16x8_u) ||
             between(op, SimdOp::i64x2_extend_low_i32x4_s, SimdOp::i64x2_extmul_high_i32x4_u);
  }
}

}  // namespace

SimdNeeds needs_of(SimdOp op, Vectors vectors) {
  SimdNeeds needs;
  if (vectors == Vectors::absent) {  // the temporaries of ScalarSimd
    needs.integers = 3;
    needs.floats = 2;
    needs.early_result = true;
  } else {
    needs.early_result = writes_early(op);
  }
  return needs;
}

SimdNeeds needs_of_shuffle(Vectors vectors) {
  if (vectors == Vectors::present) return needs_of(SimdOp::i8x16_swizzle, vectors);
  return needs_of(SimdOp::i8x16_add, vectors);  // without V, all operations have the same needs
}

SimdNeeds needs_of_access(Vectors vectors) {
  SimdNeeds needs;
  if (vectors == Vectors::absent) {
    needs.integers = 1;
    needs.early_result = true;
  }
  return needs;
}

}  // namespace cairn::rv64
