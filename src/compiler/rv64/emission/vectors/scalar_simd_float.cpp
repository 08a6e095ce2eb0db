// Expands operations on floating-point lanes for CPUs without the V extension.
#include <bit>

#include "compiler/rv64/emission/vectors/scalar_simd.hpp"

namespace cairn::rv64 {

using ir::SimdOp;

// `kind` is 0 for eq, 1 for ne, 2 for lt, 3 for gt, 4 for le, and 5 for ge.
void ScalarSimd::float_compare(unsigned size, unsigned kind) {
  const bool wide = size == 8;
  const Op eq = wide ? Op::feq_d : Op::feq_s, lt = wide ? Op::flt_d : Op::flt_s, le = wide ? Op::fle_d : Op::fle_s;
  for (unsigned lane = 0; lane < 16 / size; ++lane) {
    load_float(f0_, 0, size, lane);
    load_float(f1_, 1, size, lane);
    switch (kind) {
      case 0: as_.r3(eq, x_, f0_, f1_); break;
      case 1:
        as_.r3(eq, x_, f0_, f1_);
        as_.ri(Op::xori, x_, x_, 1);
        break;
      case 2: as_.r3(lt, x_, f0_, f1_); break;
      case 3: as_.r3(lt, x_, f1_, f0_); break;
      case 4: as_.r3(le, x_, f0_, f1_); break;
      default: as_.r3(le, x_, f1_, f0_); break;
    }
    mask();
    store(x_, size, lane);
  }
}

// Rounds as Emitter::float_round does. The limit in f1_ is 2^52, or 2^23 for f32. All numbers from it on are integers.
void ScalarSimd::round_lanes(unsigned size, Rounding rounding) {
  const bool wide = size == 8;
  as_.load_immediate(kScratch, wide ? 0x4330'0000'0000'0000 : 0x4b00'0000);
  as_.r2(wide ? Op::fmv_d_x : Op::fmv_w_x, f1_, kScratch);
  float_lanes(size, 1, [&] {
    const Label small = as_.new_label(), done = as_.new_label();
    as_.r3(wide ? Op::fsgnjx_d : Op::fsgnjx_s, kFloatScratch, f0_, f0_);
    as_.r3(wide ? Op::flt_d : Op::flt_s, x_, kFloatScratch, f1_);
    as_.branch(Op::bne, x_, kZero, small);
    as_.r2(wide ? Op::fmv_d_x : Op::fmv_w_x, kFloatScratch, kZero);
    as_.r3(wide ? Op::fadd_d : Op::fadd_s, f0_, f0_, kFloatScratch);
    as_.jump(done);
    as_.bind(small);
    as_.r2(wide ? Op::fcvt_l_d : Op::fcvt_w_s, x_, f0_, rounding);
    as_.r2(wide ? Op::fcvt_d_l : Op::fcvt_s_w, kFloatScratch, x_);
    as_.r3(wide ? Op::fsgnj_d : Op::fsgnj_s, f0_, kFloatScratch, f0_);
    as_.bind(done);
  });
}

// If an operand is NaN, the sum of both is the result, because it is NaN.
void ScalarSimd::extremes(unsigned size, bool is_min) {
  const bool wide = size == 8;
  const Op eq = wide ? Op::feq_d : Op::feq_s;
  float_lanes(size, 2, [&] {
    const Label numbers = as_.new_label(), done = as_.new_label();
    as_.r3(eq, x_, f0_, f0_);
    as_.r3(eq, y_, f1_, f1_);
    as_.r3(Op::and_, x_, x_, y_);
    as_.branch(Op::bne, x_, kZero, numbers);
    as_.r3(wide ? Op::fadd_d : Op::fadd_s, f0_, f0_, f1_);
    as_.jump(done);
    as_.bind(numbers);
    as_.r3(is_min ? (wide ? Op::fmin_d : Op::fmin_s) : (wide ? Op::fmax_d : Op::fmax_s), f0_, f0_, f1_);
    as_.bind(done);
  });
}

// pmin is b < a ? b : a, and pmax is a < b ? b : a.
void ScalarSimd::pseudo_extremes(unsigned size, bool is_min) {
  const bool wide = size == 8;
  float_lanes(size, 2, [&] {
    const Label done = as_.new_label();
    as_.r3(wide ? Op::flt_d : Op::flt_s, x_, is_min ? f1_ : f0_, is_min ? f0_ : f1_);
    as_.branch(Op::beq, x_, kZero, done);
    as_.r3(wide ? Op::fsgnj_d : Op::fsgnj_s, f0_, f1_, f1_);
    as_.bind(done);
  });
}

bool ScalarSimd::floats(SimdOp op) {
  const unsigned number = static_cast<unsigned>(op);
  if (number >= static_cast<unsigned>(SimdOp::f32x4_eq) && number <= static_cast<unsigned>(SimdOp::f64x2_ge)) {
    const unsigned at = number - static_cast<unsigned>(SimdOp::f32x4_eq);
    float_compare(at < 6 ? 4 : 8, at % 6);
    return true;
  }
  const auto binary = [&](unsigned size, Op operation) {
    float_lanes(size, 2, [&] { as_.r3(operation, f0_, f0_, f1_, kNearest); });
    return true;
  };
  const auto sign = [&](unsigned size, Op operation) {
    float_lanes(size, 1, [&] { as_.r3(operation, f0_, f0_, f0_); });
    return true;
  };
  const auto root = [&](unsigned size, Op operation) {
    float_lanes(size, 1, [&] { as_.r2(operation, f0_, f0_, kNearest); });
    return true;
  };
  const auto fused = [&](unsigned size, Op operation) {
    float_lanes(size, 3, [&] { as_.r4(operation, f0_, f0_, f1_, kFloatScratch, kNearest); });
    return true;
  };
  switch (op) {
    case SimdOp::f32x4_add: return binary(4, Op::fadd_s);
    case SimdOp::f32x4_sub: return binary(4, Op::fsub_s);
    case SimdOp::f32x4_mul: return binary(4, Op::fmul_s);
    case SimdOp::f32x4_div: return binary(4, Op::fdiv_s);
    case SimdOp::f64x2_add: return binary(8, Op::fadd_d);
    case SimdOp::f64x2_sub: return binary(8, Op::fsub_d);
    case SimdOp::f64x2_mul: return binary(8, Op::fmul_d);
    case SimdOp::f64x2_div: return binary(8, Op::fdiv_d);
    case SimdOp::f32x4_abs: return sign(4, Op::fsgnjx_s);
    case SimdOp::f64x2_abs: return sign(8, Op::fsgnjx_d);
    case SimdOp::f32x4_neg: return sign(4, Op::fsgnjn_s);
    case SimdOp::f64x2_neg: return sign(8, Op::fsgnjn_d);
    case SimdOp::f32x4_sqrt: return root(4, Op::fsqrt_s);
    case SimdOp::f64x2_sqrt: return root(8, Op::fsqrt_d);
    case SimdOp::f32x4_ceil: round_lanes(4, Rounding::rup); return true;
    case SimdOp::f32x4_floor: round_lanes(4, Rounding::rdn); return true;
    case SimdOp::f32x4_trunc: round_lanes(4, Rounding::rtz); return true;
    case SimdOp::f32x4_nearest: round_lanes(4, Rounding::rne); return true;
    case SimdOp::f64x2_ceil: round_lanes(8, Rounding::rup); return true;
    case SimdOp::f64x2_floor: round_lanes(8, Rounding::rdn); return true;
    case SimdOp::f64x2_trunc: round_lanes(8, Rounding::rtz); return true;
    case SimdOp::f64x2_nearest: round_lanes(8, Rounding::rne); return true;
    case SimdOp::f32x4_min:
    case SimdOp::f32x4_relaxed_min: extremes(4, true); return true;
    case SimdOp::f32x4_max:
    case SimdOp::f32x4_relaxed_max: extremes(4, false); return true;
    case SimdOp::f64x2_min:
    case SimdOp::f64x2_relaxed_min: extremes(8, true); return true;
    case SimdOp::f64x2_max:
    case SimdOp::f64x2_relaxed_max: extremes(8, false); return true;
    case SimdOp::f32x4_pmin: pseudo_extremes(4, true); return true;
    case SimdOp::f32x4_pmax: pseudo_extremes(4, false); return true;
    case SimdOp::f64x2_pmin: pseudo_extremes(8, true); return true;
    case SimdOp::f64x2_pmax: pseudo_extremes(8, false); return true;
    case SimdOp::f32x4_relaxed_madd: return fused(4, Op::fmadd_s);
    case SimdOp::f32x4_relaxed_nmadd: return fused(4, Op::fnmsub_s);
    case SimdOp::f64x2_relaxed_madd: return fused(8, Op::fmadd_d);
    case SimdOp::f64x2_relaxed_nmadd: return fused(8, Op::fnmsub_d);
    default: return false;
  }
}

void ScalarSimd::truncate_lane(unsigned from, bool is_unsigned) {
  const bool wide = from == 8;
  as_.r2(wide ? (is_unsigned ? Op::fcvt_wu_d : Op::fcvt_w_d) : (is_unsigned ? Op::fcvt_wu_s : Op::fcvt_w_s), x_, f0_,
         Rounding::rtz);
  as_.r3(wide ? Op::feq_d : Op::feq_s, y_, f0_, f0_);
  as_.r3(Op::sub, y_, kZero, y_);
  as_.r3(Op::and_, x_, x_, y_);
}

void ScalarSimd::zero_high_half() { store(kZero, 8, 1); }

bool ScalarSimd::conversions(SimdOp op) {
  const auto truncate = [&](unsigned from, bool is_unsigned) {
    for (unsigned lane = 0; lane < 16 / from; ++lane) {
      load_float(f0_, 0, from, lane);
      truncate_lane(from, is_unsigned);
      store(x_, 4, lane);
    }
    if (from == 8) zero_high_half();
    return true;
  };
  // The result is not in the operand's slot, so the lanes may be converted in any order.
  const auto convert = [&](unsigned to, Op operation) {
    for (unsigned lane = 0; lane < 16 / to; ++lane) {
      load(x_, 0, 4, lane);
      as_.r2(operation, f0_, x_, kNearest);
      store_float(f0_, to, lane);
    }
    return true;
  };
  switch (op) {
    case SimdOp::i32x4_trunc_sat_f32x4_s:
    case SimdOp::i32x4_relaxed_trunc_f32x4_s: return truncate(4, false);
    case SimdOp::i32x4_trunc_sat_f32x4_u:
    case SimdOp::i32x4_relaxed_trunc_f32x4_u: return truncate(4, true);
    case SimdOp::i32x4_trunc_sat_f64x2_s_zero:
    case SimdOp::i32x4_relaxed_trunc_f64x2_s_zero: return truncate(8, false);
    case SimdOp::i32x4_trunc_sat_f64x2_u_zero:
    case SimdOp::i32x4_relaxed_trunc_f64x2_u_zero: return truncate(8, true);
    case SimdOp::f32x4_convert_i32x4_s: return convert(4, Op::fcvt_s_w);
    case SimdOp::f32x4_convert_i32x4_u: return convert(4, Op::fcvt_s_wu);
    case SimdOp::f64x2_convert_low_i32x4_s: return convert(8, Op::fcvt_d_w);
    case SimdOp::f64x2_convert_low_i32x4_u: return convert(8, Op::fcvt_d_wu);
    case SimdOp::f32x4_demote_f64x2_zero:
      for (unsigned lane = 0; lane < 2; ++lane) {
        load_float(f0_, 0, 8, lane);
        as_.r2(Op::fcvt_s_d, f0_, f0_, kNearest);
        store_float(f0_, 4, lane);
      }
      zero_high_half();
      return true;
    case SimdOp::f64x2_promote_low_f32x4:
      for (unsigned lane = 0; lane < 2; ++lane) {
        load_float(f0_, 0, 4, lane);
        as_.r2(Op::fcvt_d_s, f0_, f0_);
        store_float(f0_, 8, lane);
      }
      return true;
    default: return false;
  }
}

}  // namespace cairn::rv64
