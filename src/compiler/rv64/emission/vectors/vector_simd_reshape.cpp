// Expands narrowing, widening and pairwise operations, floating-point operations, and conversions for CPUs with the V
// extension.
#include "compiler/rv64/emission/vectors/vector_simd.hpp"

namespace cairn::rv64 {

using ir::SimdOp;

namespace {

constexpr PReg kTemp = kVectorScratch;  // v31
constexpr PReg kTemp2 = v(30);
constexpr PReg kMask = kVectorMask;

}  // namespace

void VectorSimd::narrow(unsigned to, bool is_unsigned) {
  PReg low = a_, high = b_;
  if (is_unsigned) {
    full(2 * to);
    as_.v3(Op::vmax_vx, kTemp, b_, kZero);
    as_.v3(Op::vmax_vx, kTemp2, a_, kZero);
    low = kTemp2, high = kTemp;
  }
  half(to);
  const Op clip = is_unsigned ? Op::vnclipu_wi : Op::vnclip_wi;
  as_.vi(clip, kTemp, high, 0);
  as_.vi(clip, result_, low, 0);
  full(to);
  as_.vi(Op::vslideup_vi, result_, kTemp, 8 / to);
}

void VectorSimd::extend(unsigned from, bool high, bool is_signed) {
  full(2 * from);
  PReg source = a_;
  if (high) {
    as_.vi(Op::vslidedown_vi, kTemp, a_, 4 / from);
    source = kTemp;
  }
  as_.v2(is_signed ? Op::vsext_vf2 : Op::vzext_vf2, result_, source);
}

void VectorSimd::multiply_wide(unsigned from, bool high, bool is_signed) {
  PReg x = a_, y = b_;
  if (high) {
    full(8);
    as_.vi(Op::vslidedown_vi, kTemp, a_, 1);
    as_.vi(Op::vslidedown_vi, kTemp2, b_, 1);
    x = kTemp, y = kTemp2;
  }
  half(from);
  as_.v3(is_signed ? Op::vwmul_vv : Op::vwmulu_vv, result_, x, y);
}

// Emits the sums of neighbouring lanes. A wide lane holds an even and an odd lane. Shifts extend each of the two to the
// width of the wide lane: left and then right for the even lane, right for the odd one.
void VectorSimd::pairwise(PReg to, PReg vector, unsigned from, bool is_signed) {
  const unsigned bits = 8 * from;
  const Op down = is_signed ? Op::vsra_vi : Op::vsrl_vi;
  full(2 * from);
  as_.vi(Op::vsll_vi, kTemp, vector, bits);
  as_.vi(down, kTemp, kTemp, bits);
  as_.vi(down, kTemp2, vector, bits);
  as_.v3(Op::vadd_vv, to, kTemp, kTemp2);
}

// `to` may be a register of an operand, because no operand is read after `to` is written.
void VectorSimd::dot(PReg to, unsigned from) {
  const unsigned bits = 8 * from;
  full(2 * from);
  as_.vi(Op::vsll_vi, kTemp, a_, bits);
  as_.vi(Op::vsra_vi, kTemp, kTemp, bits);
  as_.vi(Op::vsll_vi, kTemp2, b_, bits);
  as_.vi(Op::vsra_vi, kTemp2, kTemp2, bits);
  as_.v3(Op::vmul_vv, kTemp, kTemp, kTemp2);
  as_.vi(Op::vsra_vi, kTemp2, a_, bits);
  as_.vi(Op::vsra_vi, to, b_, bits);
  as_.v3(Op::vmul_vv, to, to, kTemp2);
  as_.v3(Op::vadd_vv, to, to, kTemp);
}

bool VectorSimd::reshaping(SimdOp op) {
  const auto extended = [&](unsigned from, bool high, bool is_signed) { return extend(from, high, is_signed), true; };
  const auto multiplied = [&](unsigned from, bool high, bool is_signed) {
    return multiply_wide(from, high, is_signed), true;
  };
  switch (op) {
    case SimdOp::i8x16_narrow_i16x8_s: narrow(1, false); return true;
    case SimdOp::i8x16_narrow_i16x8_u: narrow(1, true); return true;
    case SimdOp::i16x8_narrow_i32x4_s: narrow(2, false); return true;
    case SimdOp::i16x8_narrow_i32x4_u: narrow(2, true); return true;
    case SimdOp::i16x8_extend_low_i8x16_s: return extended(1, false, true);
    case SimdOp::i16x8_extend_low_i8x16_u: return extended(1, false, false);
    case SimdOp::i16x8_extend_high_i8x16_s: return extended(1, true, true);
    case SimdOp::i16x8_extend_high_i8x16_u: return extended(1, true, false);
    case SimdOp::i32x4_extend_low_i16x8_s: return extended(2, false, true);
    case SimdOp::i32x4_extend_low_i16x8_u: return extended(2, false, false);
    case SimdOp::i32x4_extend_high_i16x8_s: return extended(2, true, true);
    case SimdOp::i32x4_extend_high_i16x8_u: return extended(2, true, false);
    case SimdOp::i64x2_extend_low_i32x4_s: return extended(4, false, true);
    case SimdOp::i64x2_extend_low_i32x4_u: return extended(4, false, false);
    case SimdOp::i64x2_extend_high_i32x4_s: return extended(4, true, true);
    case SimdOp::i64x2_extend_high_i32x4_u: return extended(4, true, false);
    case SimdOp::i16x8_extmul_low_i8x16_s: return multiplied(1, false, true);
    case SimdOp::i16x8_extmul_low_i8x16_u: return multiplied(1, false, false);
    case SimdOp::i16x8_extmul_high_i8x16_s: return multiplied(1, true, true);
    case SimdOp::i16x8_extmul_high_i8x16_u: return multiplied(1, true, false);
    case SimdOp::i32x4_extmul_low_i16x8_s: return multiplied(2, false, true);
    case SimdOp::i32x4_extmul_low_i16x8_u: return multiplied(2, false, false);
    case SimdOp::i32x4_extmul_high_i16x8_s: return multiplied(2, true, true);
    case SimdOp::i32x4_extmul_high_i16x8_u: return multiplied(2, true, false);
    case SimdOp::i64x2_extmul_low_i32x4_s: return multiplied(4, false, true);
    case SimdOp::i64x2_extmul_low_i32x4_u: return multiplied(4, false, false);
    case SimdOp::i64x2_extmul_high_i32x4_s: return multiplied(4, true, true);
    case SimdOp::i64x2_extmul_high_i32x4_u: return multiplied(4, true, false);
    case SimdOp::i16x8_extadd_pairwise_i8x16_s: pairwise(result_, a_, 1, true); return true;
    case SimdOp::i16x8_extadd_pairwise_i8x16_u: pairwise(result_, a_, 1, false); return true;
    case SimdOp::i32x4_extadd_pairwise_i16x8_s: pairwise(result_, a_, 2, true); return true;
    case SimdOp::i32x4_extadd_pairwise_i16x8_u: pairwise(result_, a_, 2, false); return true;
    case SimdOp::i32x4_dot_i16x8_s: dot(result_, 2); return true;
    case SimdOp::i16x8_relaxed_dot_i8x16_i7x16_s: dot(result_, 1); return true;
    case SimdOp::i32x4_relaxed_dot_i8x16_i7x16_add_s:
      dot(result_, 1);
      pairwise(result_, result_, 2, true);
      as_.v3(Op::vadd_vv, result_, result_, c_);
      return true;
    default: return false;
  }
}

// `kind` is 0 for eq, 1 for ne, 2 for lt, 3 for gt, 4 for le, and 5 for ge.
void VectorSimd::float_compare(unsigned size, unsigned kind) {
  full(size);
  switch (kind) {
    case 0: as_.v3(Op::vmfeq_vv, kMask, a_, b_); break;
    case 1: as_.v3(Op::vmfne_vv, kMask, a_, b_); break;
    case 2: as_.v3(Op::vmflt_vv, kMask, a_, b_); break;
    case 3: as_.v3(Op::vmflt_vv, kMask, b_, a_); break;
    case 4: as_.v3(Op::vmfle_vv, kMask, a_, b_); break;
    default: as_.v3(Op::vmfle_vv, kMask, b_, a_); break;
  }
  ones_where_mask();
}

// Emits the minimum or maximum where both lanes are numbers, and elsewhere their sum, which is NaN.
void VectorSimd::extremes(unsigned size, bool is_min) {
  full(size);
  as_.v3(Op::vmfeq_vv, kMask, a_, a_);
  as_.v3(Op::vmfeq_vv, kTemp, b_, b_);
  as_.v3(Op::vmand_mm, kMask, kMask, kTemp);
  as_.v3(is_min ? Op::vfmin_vv : Op::vfmax_vv, kTemp, a_, b_);
  as_.v3(Op::vfadd_vv, kTemp2, a_, b_);
  as_.v3(Op::vmerge_vvm, result_, kTemp2, kTemp);
}

// Converts in the given rounding mode. V has instructions that always round to zero, but QEMU 7.2 stops with a failed
// assertion of its own if one of them is the first floating-point instruction of a translated block.
void VectorSimd::convert_rounded(Op operation, PReg to, PReg from, Rounding rounding) {
  const bool set_mode = rounding != Rounding::rne;
  if (set_mode) as_.r2(Op::fsrmi, kZero, PReg::integer(static_cast<unsigned>(rounding)));
  as_.v2(operation, to, from);
  if (set_mode) as_.r2(Op::fsrmi, kZero, PReg::integer(static_cast<unsigned>(Rounding::rne)));
}

// Rounds as Emitter::float_round does: by a conversion to integers and back where |x| is below 2^52 (2^23 for f32), and
// by x + 0 elsewhere.
void VectorSimd::round(unsigned size, Rounding rounding) {
  const bool wide = size == 8;
  full(size);
  as_.load_immediate(kScratch, wide ? 0x4330'0000'0000'0000 : 0x4b00'0000);
  as_.r2(wide ? Op::fmv_d_x : Op::fmv_w_x, kFloatScratch, kScratch);
  as_.v3(Op::vfsgnjx_vv, kTemp, a_, a_);
  as_.v3(Op::vmflt_vf, kMask, kTemp, kFloatScratch);
  convert_rounded(Op::vfcvt_x_f_v, kTemp, a_, rounding);
  as_.v2(Op::vfcvt_f_x_v, kTemp, kTemp);
  as_.v3(Op::vfsgnj_vv, kTemp, kTemp, a_);
  as_.v1i(Op::vmv_v_i, kTemp2, 0);
  as_.v3(Op::vfadd_vv, kTemp2, a_, kTemp2);
  as_.v3(Op::vmerge_vvm, result_, kTemp2, kTemp);
}

bool VectorSimd::floats(SimdOp op) {
  const unsigned number = static_cast<unsigned>(op);
  if (op >= SimdOp::f32x4_eq && op <= SimdOp::f64x2_ge) {
    const unsigned at = number - static_cast<unsigned>(SimdOp::f32x4_eq);
    float_compare(at < 6 ? 4 : 8, at % 6);
    return true;
  }
  const auto binary = [&](unsigned size, Op operation) {
    full(size);
    as_.v3(operation, result_, a_, b_);
    return true;
  };
  const auto same_twice = [&](unsigned size, Op operation) {
    full(size);
    as_.v3(operation, result_, a_, a_);
    return true;
  };
  const auto root = [&](unsigned size) {
    full(size);
    as_.v2(Op::vfsqrt_v, result_, a_);
    return true;
  };
  // pmin is b < a ? b : a, and pmax is a < b ? b : a.
  const auto pseudo = [&](unsigned size, bool is_min) {
    full(size);
    as_.v3(Op::vmflt_vv, kMask, is_min ? b_ : a_, is_min ? a_ : b_);
    as_.v3(Op::vmerge_vvm, result_, a_, b_);
    return true;
  };
  const auto fused = [&](unsigned size, Op operation) {
    full(size);
    as_.v2(Op::vmv1r_v, kTemp, c_);
    as_.v3(operation, kTemp, b_, a_);
    as_.v2(Op::vmv1r_v, result_, kTemp);
    return true;
  };
  switch (op) {
    case SimdOp::f32x4_add: return binary(4, Op::vfadd_vv);
    case SimdOp::f32x4_sub: return binary(4, Op::vfsub_vv);
    case SimdOp::f32x4_mul: return binary(4, Op::vfmul_vv);
    case SimdOp::f32x4_div: return binary(4, Op::vfdiv_vv);
    case SimdOp::f64x2_add: return binary(8, Op::vfadd_vv);
    case SimdOp::f64x2_sub: return binary(8, Op::vfsub_vv);
    case SimdOp::f64x2_mul: return binary(8, Op::vfmul_vv);
    case SimdOp::f64x2_div: return binary(8, Op::vfdiv_vv);
    case SimdOp::f32x4_abs: return same_twice(4, Op::vfsgnjx_vv);
    case SimdOp::f64x2_abs: return same_twice(8, Op::vfsgnjx_vv);
    case SimdOp::f32x4_neg: return same_twice(4, Op::vfsgnjn_vv);
    case SimdOp::f64x2_neg: return same_twice(8, Op::vfsgnjn_vv);
    case SimdOp::f32x4_sqrt: return root(4);
    case SimdOp::f64x2_sqrt: return root(8);
    case SimdOp::f32x4_ceil: round(4, Rounding::rup); return true;
    case SimdOp::f32x4_floor: round(4, Rounding::rdn); return true;
    case SimdOp::f32x4_trunc: round(4, Rounding::rtz); return true;
    case SimdOp::f32x4_nearest: round(4, Rounding::rne); return true;
    case SimdOp::f64x2_ceil: round(8, Rounding::rup); return true;
    case SimdOp::f64x2_floor: round(8, Rounding::rdn); return true;
    case SimdOp::f64x2_trunc: round(8, Rounding::rtz); return true;
    case SimdOp::f64x2_nearest: round(8, Rounding::rne); return true;
    case SimdOp::f32x4_min:
    case SimdOp::f32x4_relaxed_min: extremes(4, true); return true;
    case SimdOp::f32x4_max:
    case SimdOp::f32x4_relaxed_max: extremes(4, false); return true;
    case SimdOp::f64x2_min:
    case SimdOp::f64x2_relaxed_min: extremes(8, true); return true;
    case SimdOp::f64x2_max:
    case SimdOp::f64x2_relaxed_max: extremes(8, false); return true;
    case SimdOp::f32x4_pmin: return pseudo(4, true);
    case SimdOp::f32x4_pmax: return pseudo(4, false);
    case SimdOp::f64x2_pmin: return pseudo(8, true);
    case SimdOp::f64x2_pmax: return pseudo(8, false);
    case SimdOp::f32x4_relaxed_madd: return fused(4, Op::vfmacc_vv);
    case SimdOp::f32x4_relaxed_nmadd: return fused(4, Op::vfnmsac_vv);
    case SimdOp::f64x2_relaxed_madd: return fused(8, Op::vfmacc_vv);
    case SimdOp::f64x2_relaxed_nmadd: return fused(8, Op::vfnmsac_vv);
    default: return false;
  }
}

bool VectorSimd::conversions(SimdOp op) {
  // The instruction saturates, as WebAssembly demands, but WebAssembly converts a NaN to 0.
  const auto truncate = [&](Op operation) {
    full(4);
    as_.v3(Op::vmfeq_vv, kMask, a_, a_);
    convert_rounded(operation, kTemp, a_, Rounding::rtz);
    as_.v1i(Op::vmv_v_i, kTemp2, 0);
    as_.v3(Op::vmerge_vvm, result_, kTemp2, kTemp);
    return true;
  };
  // The two lanes become the low half of the result. The upper lanes stay 0, because the tail is undisturbed.
  const auto truncate_wide = [&](Op operation) {
    full(8);
    as_.v3(Op::vmfeq_vv, kMask, a_, a_);
    half(4);
    convert_rounded(operation, kTemp, a_, Rounding::rtz);
    full(4);
    as_.v1i(Op::vmv_v_i, result_, 0);
    e_.use_vectors(2, Sew::e32, Lmul::m1, Tail::undisturbed);
    as_.v3(Op::vmerge_vvm, result_, result_, kTemp);
    return true;
  };
  const auto convert = [&](Op operation) {
    full(4);
    as_.v2(operation, result_, a_);
    return true;
  };
  const auto widen = [&](Op operation) {
    half(4);
    as_.v2(operation, result_, a_);
    return true;
  };
  switch (op) {
    case SimdOp::i32x4_trunc_sat_f32x4_s:
    case SimdOp::i32x4_relaxed_trunc_f32x4_s: return truncate(Op::vfcvt_x_f_v);
    case SimdOp::i32x4_trunc_sat_f32x4_u:
    case SimdOp::i32x4_relaxed_trunc_f32x4_u: return truncate(Op::vfcvt_xu_f_v);
    case SimdOp::i32x4_trunc_sat_f64x2_s_zero:
    case SimdOp::i32x4_relaxed_trunc_f64x2_s_zero: return truncate_wide(Op::vfncvt_x_f_w);
    case SimdOp::i32x4_trunc_sat_f64x2_u_zero:
    case SimdOp::i32x4_relaxed_trunc_f64x2_u_zero: return truncate_wide(Op::vfncvt_xu_f_w);
    case SimdOp::f32x4_convert_i32x4_s: return convert(Op::vfcvt_f_x_v);
    case SimdOp::f32x4_convert_i32x4_u: return convert(Op::vfcvt_f_xu_v);
    case SimdOp::f64x2_convert_low_i32x4_s: return widen(Op::vfwcvt_f_x_v);
    case SimdOp::f64x2_convert_low_i32x4_u: return widen(Op::vfwcvt_f_xu_v);
    case SimdOp::f64x2_promote_low_f32x4: return widen(Op::vfwcvt_f_f_v);
    case SimdOp::f32x4_demote_f64x2_zero:
      half(4);
      as_.v2(Op::vfncvt_f_f_w, kTemp, a_);
      full(4);
      as_.v1i(Op::vmv_v_i, result_, 0);
      e_.use_vectors(2, Sew::e32, Lmul::m1, Tail::undisturbed);
      as_.v1(Op::vmv_v_v, result_, kTemp);
      return true;
    default: return false;
  }
}

}  // namespace cairn::rv64
