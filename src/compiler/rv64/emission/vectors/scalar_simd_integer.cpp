// Expands operations on integer lanes for CPUs without the V extension.
#include <bit>

#include "compiler/rv64/emission/vectors/scalar_simd.hpp"

namespace cairn::rv64 {

using ir::SimdOp;

// `kind` is 0 for eq, 1 for ne, 2 for lt, 3 for gt, 4 for le, and 5 for ge.
void ScalarSimd::compare(unsigned size, Op less, Sign sign, unsigned kind) {
  lanes(size, sign, 2, [&] {
    switch (kind) {
      case 0:
        as_.r3(Op::xor_, x_, x_, y_);
        as_.ri(Op::sltiu, x_, x_, 1);
        break;
      case 1:
        as_.r3(Op::xor_, x_, x_, y_);
        as_.r3(Op::sltu, x_, kZero, x_);
        break;
      case 2: as_.r3(less, x_, x_, y_); break;
      case 3: as_.r3(less, x_, y_, x_); break;
      case 4:
        as_.r3(less, x_, y_, x_);
        as_.ri(Op::xori, x_, x_, 1);
        break;
      default:
        as_.r3(less, x_, x_, y_);
        as_.ri(Op::xori, x_, x_, 1);
        break;
    }
    mask();
  });
}

void ScalarSimd::popcount_byte() {
  const auto step = [&](unsigned amount, int64_t bits) {
    as_.ri(Op::srli, y_, x_, amount);
    as_.ri(Op::andi, y_, y_, bits);
    as_.ri(Op::andi, x_, x_, bits);
    as_.r3(Op::add, x_, x_, y_);
  };
  step(1, 0x55);
  step(2, 0x33);
  step(4, 0x0f);
}

bool ScalarSimd::compares(SimdOp op) {
  const unsigned number = static_cast<unsigned>(op);
  // In compiler/ir/simd.def, the comparisons of a shape are ten operations in a row: eq ne lt_s lt_u gt_s gt_u le_s
  // le_u ge_s ge_u. i64x2 has no unsigned comparisons, so it has six operations.
  if (number >= static_cast<unsigned>(SimdOp::i8x16_eq) && number <= static_cast<unsigned>(SimdOp::i32x4_ge_u)) {
    const unsigned at = number - static_cast<unsigned>(SimdOp::i8x16_eq), which = at % 10;
    const bool is_unsigned = which >= 2 && which % 2 == 1;
    compare(1u << at / 10, is_unsigned ? Op::sltu : Op::slt, is_unsigned ? Sign::zero : Sign::sign,
            which < 2 ? which : 1 + which / 2);
    return true;
  }
  if (number >= static_cast<unsigned>(SimdOp::i64x2_eq) && number <= static_cast<unsigned>(SimdOp::i64x2_ge_s)) {
    compare(8, Op::slt, Sign::sign, number - static_cast<unsigned>(SimdOp::i64x2_eq));
    return true;
  }
  return false;
}

bool ScalarSimd::arithmetic(SimdOp op) {
  const auto binary = [&](unsigned size, Op operation, Sign sign = Sign::sign) {
    lanes(size, sign, 2, [&] { as_.r3(operation, x_, x_, y_); });
    return true;
  };
  const auto extreme = [&](unsigned size, bool is_min, Sign sign) {
    // If x < y (for a maximum, if y < x), x stays. Otherwise y replaces it.
    lanes(size, sign, 2, [&] {
      const Label done = as_.new_label();
      as_.branch(Op::blt, is_min ? x_ : y_, is_min ? y_ : x_, done);
      as_.move(x_, y_);
      as_.bind(done);
    });
    return true;
  };
  switch (op) {
    case SimdOp::i8x16_add: return binary(1, Op::add);
    case SimdOp::i16x8_add: return binary(2, Op::add);
    case SimdOp::i32x4_add: return binary(4, Op::add);
    case SimdOp::i64x2_add: return binary(8, Op::add);
    case SimdOp::i8x16_sub: return binary(1, Op::sub);
    case SimdOp::i16x8_sub: return binary(2, Op::sub);
    case SimdOp::i32x4_sub: return binary(4, Op::sub);
    case SimdOp::i64x2_sub: return binary(8, Op::sub);
    case SimdOp::i16x8_mul: return binary(2, Op::mul);
    case SimdOp::i32x4_mul: return binary(4, Op::mul);
    case SimdOp::i64x2_mul: return binary(8, Op::mul);
    case SimdOp::i8x16_min_s: return extreme(1, true, Sign::sign);
    case SimdOp::i8x16_min_u: return extreme(1, true, Sign::zero);
    case SimdOp::i8x16_max_s: return extreme(1, false, Sign::sign);
    case SimdOp::i8x16_max_u: return extreme(1, false, Sign::zero);
    case SimdOp::i16x8_min_s: return extreme(2, true, Sign::sign);
    case SimdOp::i16x8_min_u: return extreme(2, true, Sign::zero);
    case SimdOp::i16x8_max_s: return extreme(2, false, Sign::sign);
    case SimdOp::i16x8_max_u: return extreme(2, false, Sign::zero);
    case SimdOp::i32x4_min_s: return extreme(4, true, Sign::sign);
    case SimdOp::i32x4_min_u: return extreme(4, true, Sign::zero);
    case SimdOp::i32x4_max_s: return extreme(4, false, Sign::sign);
    case SimdOp::i32x4_max_u: return extreme(4, false, Sign::zero);
    default: return false;
  }
}

bool ScalarSimd::saturating_arithmetic(SimdOp op) {
  const auto saturate = [&](unsigned size, Op operation, Sign sign) {
    const int64_t top = int64_t{1} << (8 * size - (sign == Sign::sign ? 1 : 0));
    lanes(size, sign, 2, [&] {
      as_.r3(operation, x_, x_, y_);
      clamp(x_, sign == Sign::sign ? -top : 0, top - 1);
    });
    return true;
  };
  const auto average = [&](unsigned size) {
    lanes(size, Sign::zero, 2, [&] {
      as_.r3(Op::add, x_, x_, y_);
      as_.ri(Op::addi, x_, x_, 1);
      as_.ri(Op::srli, x_, x_, 1);
    });
    return true;
  };
  const auto q15 = [&] {
    lanes(2, Sign::sign, 2, [&] {
      as_.r3(Op::mul, x_, x_, y_);
      as_.upper(Op::lui, kScratch, 4);  // 0x4000, half of 2^15, makes the shift round
      as_.r3(Op::add, x_, x_, kScratch);
      as_.ri(Op::srai, x_, x_, 15);
      clamp(x_, -32768, 32767);
    });
    return true;
  };
  switch (op) {
    case SimdOp::i8x16_add_sat_s: return saturate(1, Op::add, Sign::sign);
    case SimdOp::i8x16_add_sat_u: return saturate(1, Op::add, Sign::zero);
    case SimdOp::i8x16_sub_sat_s: return saturate(1, Op::sub, Sign::sign);
    case SimdOp::i8x16_sub_sat_u: return saturate(1, Op::sub, Sign::zero);
    case SimdOp::i16x8_add_sat_s: return saturate(2, Op::add, Sign::sign);
    case SimdOp::i16x8_add_sat_u: return saturate(2, Op::add, Sign::zero);
    case SimdOp::i16x8_sub_sat_s: return saturate(2, Op::sub, Sign::sign);
    case SimdOp::i16x8_sub_sat_u: return saturate(2, Op::sub, Sign::zero);
    case SimdOp::i8x16_avgr_u: return average(1);
    case SimdOp::i16x8_avgr_u: return average(2);
    case SimdOp::i16x8_q15mulr_sat_s:
    case SimdOp::i16x8_relaxed_q15mulr_s: return q15();
    default: return false;
  }
}

bool ScalarSimd::unary_arithmetic(SimdOp op) {
  const auto negate = [&](unsigned size) {
    lanes(size, Sign::sign, 1, [&] { as_.r3(Op::sub, x_, kZero, x_); });
    return true;
  };
  const auto absolute = [&](unsigned size) {
    lanes(size, Sign::sign, 1, [&] {
      as_.ri(Op::srai, y_, x_, 63);
      as_.r3(Op::xor_, x_, x_, y_);
      as_.r3(Op::sub, x_, x_, y_);
    });
    return true;
  };
  switch (op) {
    case SimdOp::i8x16_neg: return negate(1);
    case SimdOp::i16x8_neg: return negate(2);
    case SimdOp::i32x4_neg: return negate(4);
    case SimdOp::i64x2_neg: return negate(8);
    case SimdOp::i8x16_abs: return absolute(1);
    case SimdOp::i16x8_abs: return absolute(2);
    case SimdOp::i32x4_abs: return absolute(4);
    case SimdOp::i64x2_abs: return absolute(8);
    case SimdOp::i8x16_popcnt: lanes(1, Sign::zero, 1, [&] { popcount_byte(); }); return true;
    default: return false;
  }
}

bool ScalarSimd::reductions(SimdOp op) {
  const auto all_true = [&](unsigned size) {
    as_.load_immediate(y_, 1);
    for (unsigned lane = 0; lane < 16 / size; ++lane) {
      load(x_, 0, size, lane);
      as_.r3(Op::sltu, x_, kZero, x_);
      as_.r3(Op::and_, y_, y_, x_);
    }
    as_.move(scalar_result_, y_);
    return true;
  };
  const auto bitmask = [&](unsigned size) {
    as_.move(y_, kZero);
    for (unsigned lane = 0; lane < 16 / size; ++lane) {
      load(x_, 0, size, lane);
      as_.ri(Op::srli, x_, x_, 63);
      if (lane != 0) as_.ri(Op::slli, x_, x_, lane);
      as_.r3(Op::or_, y_, y_, x_);
    }
    as_.move(scalar_result_, y_);
    return true;
  };
  switch (op) {
    case SimdOp::i8x16_all_true: return all_true(1);
    case SimdOp::i16x8_all_true: return all_true(2);
    case SimdOp::i32x4_all_true: return all_true(4);
    case SimdOp::i64x2_all_true: return all_true(8);
    case SimdOp::i8x16_bitmask: return bitmask(1);
    case SimdOp::i16x8_bitmask: return bitmask(2);
    case SimdOp::i32x4_bitmask: return bitmask(4);
    case SimdOp::i64x2_bitmask: return bitmask(8);
    default: return false;
  }
}

bool ScalarSimd::shifts(SimdOp op) {
  const auto shift = [&](unsigned size, Op operation, Sign sign) {
    as_.ri(Op::andi, z_, scalar_use_, 8 * size - 1);
    lanes(size, sign, 1, [&] { as_.r3(operation, x_, x_, z_); });
    return true;
  };
  switch (op) {
    case SimdOp::i8x16_shl: return shift(1, Op::sll, Sign::sign);
    case SimdOp::i16x8_shl: return shift(2, Op::sll, Sign::sign);
    case SimdOp::i32x4_shl: return shift(4, Op::sll, Sign::sign);
    case SimdOp::i64x2_shl: return shift(8, Op::sll, Sign::sign);
    case SimdOp::i8x16_shr_s: return shift(1, Op::sra, Sign::sign);
    case SimdOp::i16x8_shr_s: return shift(2, Op::sra, Sign::sign);
    case SimdOp::i32x4_shr_s: return shift(4, Op::sra, Sign::sign);
    case SimdOp::i64x2_shr_s: return shift(8, Op::sra, Sign::sign);
    case SimdOp::i8x16_shr_u: return shift(1, Op::srl, Sign::zero);
    case SimdOp::i16x8_shr_u: return shift(2, Op::srl, Sign::zero);
    case SimdOp::i32x4_shr_u: return shift(4, Op::srl, Sign::zero);
    case SimdOp::i64x2_shr_u: return shift(8, Op::srl, Sign::zero);
    default: return false;
  }
}

bool ScalarSimd::reshaping(SimdOp op) {
  const auto narrow = [&](unsigned to, Sign sign) {
    const int64_t top = int64_t{1} << (8 * to - (sign == Sign::sign ? 1 : 0));
    for (unsigned lane = 0; lane < 16 / to; ++lane) {
      const unsigned half = 8 / to;
      load(x_, lane / half, 2 * to, lane % half);
      clamp(x_, sign == Sign::sign ? -top : 0, top - 1);
      store(x_, to, lane);
    }
    return true;
  };
  // Emits x_ = the dot product of `count` neighbouring lanes.
  const auto dot_lane = [&](unsigned from, unsigned first, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      const PReg to = i == 0 ? x_ : z_;
      load(to, 0, from, first + i);
      load(y_, 1, from, first + i);
      as_.r3(Op::mul, to, to, y_);
      if (i != 0) as_.r3(Op::add, x_, x_, z_);
    }
  };
  switch (op) {
    case SimdOp::i8x16_narrow_i16x8_s: return narrow(1, Sign::sign);
    case SimdOp::i8x16_narrow_i16x8_u: return narrow(1, Sign::zero);
    case SimdOp::i16x8_narrow_i32x4_s: return narrow(2, Sign::sign);
    case SimdOp::i16x8_narrow_i32x4_u: return narrow(2, Sign::zero);
    case SimdOp::i32x4_dot_i16x8_s:
      for (unsigned lane = 0; lane < 4; ++lane) {
        dot_lane(2, 2 * lane, 2);
        store(x_, 4, lane);
      }
      return true;
    case SimdOp::i16x8_relaxed_dot_i8x16_i7x16_s:
      for (unsigned lane = 0; lane < 8; ++lane) {
        dot_lane(1, 2 * lane, 2);
        store(x_, 2, lane);
      }
      return true;
    case SimdOp::i32x4_relaxed_dot_i8x16_i7x16_add_s:
      // The sums of two products have 16 bits and wrap around.
      for (unsigned lane = 0; lane < 4; ++lane) {
        dot_lane(1, 4 * lane, 2);
        as_.ri(Op::slli, kScratch, x_, 48);
        as_.ri(Op::srai, kScratch, kScratch, 48);
        dot_lane(1, 4 * lane + 2, 2);
        as_.ri(Op::slli, x_, x_, 48);
        as_.ri(Op::srai, x_, x_, 48);
        as_.r3(Op::add, x_, x_, kScratch);
        load(y_, 2, 4, lane);
        as_.r3(Op::add, x_, x_, y_);
        store(x_, 4, lane);
      }
      return true;
    default: return false;
  }
}

bool ScalarSimd::widening(SimdOp op) {
  // Extends half of the lanes. If `multiply` is set, the extended lanes of both operands are multiplied.
  const auto extend = [&](unsigned from, bool high, Sign sign, bool multiply = false) {
    const unsigned count = 8 / from;
    for (unsigned lane = 0; lane < count; ++lane) {
      load(x_, 0, from, lane + (high ? count : 0), sign);
      if (multiply) {
        load(y_, 1, from, lane + (high ? count : 0), sign);
        as_.r3(Op::mul, x_, x_, y_);
      }
      store(x_, 2 * from, lane);
    }
    return true;
  };
  const auto pairwise = [&](unsigned from, Sign sign) {
    for (unsigned lane = 0; lane < 8 / from; ++lane) {
      load(x_, 0, from, 2 * lane, sign);
      load(y_, 0, from, 2 * lane + 1, sign);
      as_.r3(Op::add, x_, x_, y_);
      store(x_, 2 * from, lane);
    }
    return true;
  };
  switch (op) {
    case SimdOp::i16x8_extend_low_i8x16_s: return extend(1, false, Sign::sign);
    case SimdOp::i16x8_extend_low_i8x16_u: return extend(1, false, Sign::zero);
    case SimdOp::i16x8_extend_high_i8x16_s: return extend(1, true, Sign::sign);
    case SimdOp::i16x8_extend_high_i8x16_u: return extend(1, true, Sign::zero);
    case SimdOp::i32x4_extend_low_i16x8_s: return extend(2, false, Sign::sign);
    case SimdOp::i32x4_extend_low_i16x8_u: return extend(2, false, Sign::zero);
    case SimdOp::i32x4_extend_high_i16x8_s: return extend(2, true, Sign::sign);
    case SimdOp::i32x4_extend_high_i16x8_u: return extend(2, true, Sign::zero);
    case SimdOp::i64x2_extend_low_i32x4_s: return extend(4, false, Sign::sign);
    case SimdOp::i64x2_extend_low_i32x4_u: return extend(4, false, Sign::zero);
    case SimdOp::i64x2_extend_high_i32x4_s: return extend(4, true, Sign::sign);
    case SimdOp::i64x2_extend_high_i32x4_u: return extend(4, true, Sign::zero);
    case SimdOp::i16x8_extmul_low_i8x16_s: return extend(1, false, Sign::sign, true);
    case SimdOp::i16x8_extmul_low_i8x16_u: return extend(1, false, Sign::zero, true);
    case SimdOp::i16x8_extmul_high_i8x16_s: return extend(1, true, Sign::sign, true);
    case SimdOp::i16x8_extmul_high_i8x16_u: return extend(1, true, Sign::zero, true);
    case SimdOp::i32x4_extmul_low_i16x8_s: return extend(2, false, Sign::sign, true);
    case SimdOp::i32x4_extmul_low_i16x8_u: return extend(2, false, Sign::zero, true);
    case SimdOp::i32x4_extmul_high_i16x8_s: return extend(2, true, Sign::sign, true);
    case SimdOp::i32x4_extmul_high_i16x8_u: return extend(2, true, Sign::zero, true);
    case SimdOp::i64x2_extmul_low_i32x4_s: return extend(4, false, Sign::sign, true);
    case SimdOp::i64x2_extmul_low_i32x4_u: return extend(4, false, Sign::zero, true);
    case SimdOp::i64x2_extmul_high_i32x4_s: return extend(4, true, Sign::sign, true);
    case SimdOp::i64x2_extmul_high_i32x4_u: return extend(4, true, Sign::zero, true);
    case SimdOp::i16x8_extadd_pairwise_i8x16_s: return pairwise(1, Sign::sign);
    case SimdOp::i16x8_extadd_pairwise_i8x16_u: return pairwise(1, Sign::zero);
    case SimdOp::i32x4_extadd_pairwise_i16x8_s: return pairwise(2, Sign::sign);
    case SimdOp::i32x4_extadd_pairwise_i16x8_u: return pairwise(2, Sign::zero);
    default: return false;
  }
}

}  // namespace cairn::rv64
