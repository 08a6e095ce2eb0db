// Expands bitwise operations, moves of lanes, and operations on integer lanes, for CPUs with the V extension.
#include "compiler/rv64/emission/vectors/vector_simd.hpp"

#include <bit>

#include "compiler/rv64/emission/vectors/simd_needs.hpp"

namespace cairn::rv64 {

using codegen::OperandKind;
using ir::SimdOp;

namespace {

constexpr PReg kTemp = kVectorScratch;  // v31
constexpr PReg kTemp2 = v(30);
constexpr PReg kMask = kVectorMask;
constexpr Sew sew_of(unsigned size) { return static_cast<Sew>(std::countr_zero(size)); }

}  // namespace

VectorSimd::VectorSimd(Emitter& emitter, const MachineInst& inst, Operands operands)
    : e_(emitter), as_(emitter.as_), inst_(inst) {
  const std::span<const codegen::Operand> described = emitter.function_.operands_of(inst);
  PReg* const vectors[] = {&a_, &b_, &c_};
  unsigned count = 0;
  size_t at = 0;
  for (; at < described.size() && described[at].kind == OperandKind::use; ++at) {
    const PReg reg = operands[at].reg();
    if (reg.number() >= 64)  // a vector register
      *vectors[count++] = reg;
    else
      scalar_use_ = reg;
  }
  (operands[at].reg().number() >= 64 ? result_ : scalar_result_) = operands[at].reg();
}

void VectorSimd::full(unsigned size) { e_.use_vectors(16 / size, sew_of(size)); }

void VectorSimd::whole() {
  // 0xc0 are the bits vta and vma of the vector type: tail and masked-off elements are agnostic.
  for (unsigned size : {1u, 2u, 4u, 8u}) {
    const uint32_t state = (16 / size) << 16 | static_cast<unsigned>(sew_of(size)) << 3 | 0xc0u;
    if (e_.vector_state_ == state) return;
  }
  full(8);
}

void VectorSimd::half(unsigned size) { e_.use_vectors(8 / size, sew_of(size), Lmul::mf2); }

void VectorSimd::ones_where_mask() {
  as_.v1i(Op::vmv_v_i, result_, 0);
  as_.vi(Op::vmerge_vim, result_, result_, -1);
}

bool VectorSimd::bitwise(SimdOp op) {
  const auto binary = [&](Op operation) {
    whole();
    as_.v3(operation, result_, a_, b_);
    return true;
  };
  switch (op) {
    case SimdOp::v128_and: return binary(Op::vand_vv);
    case SimdOp::v128_or: return binary(Op::vor_vv);
    case SimdOp::v128_xor: return binary(Op::vxor_vv);
    case SimdOp::v128_not:
      whole();
      as_.vi(Op::vxor_vi, result_, a_, -1);
      return true;
    case SimdOp::v128_andnot:
      whole();
      as_.vi(Op::vxor_vi, kTemp, b_, -1);
      as_.v3(Op::vand_vv, result_, a_, kTemp);
      return true;
    case SimdOp::v128_bitselect:
    case SimdOp::i8x16_relaxed_laneselect:
    case SimdOp::i16x8_relaxed_laneselect:
    case SimdOp::i32x4_relaxed_laneselect:
    case SimdOp::i64x2_relaxed_laneselect:
      whole();
      as_.v3(Op::vxor_vv, kTemp, a_, b_);
      as_.v3(Op::vand_vv, kTemp, kTemp, c_);
      as_.v3(Op::vxor_vv, result_, kTemp, b_);
      return true;
    case SimdOp::v128_any_true:
      whole();
      as_.vi(Op::vmsne_vi, kTemp, a_, 0);
      as_.v2(Op::vcpop_m, scalar_result_, kTemp);
      as_.r3(Op::sltu, scalar_result_, kZero, scalar_result_);
      return true;
    default: return false;
  }
}

bool VectorSimd::lane_moves(SimdOp op) {
  const auto splat = [&](unsigned size, Op operation) {
    full(size);
    as_.v1(operation, result_, scalar_use_);
    return true;
  };
  // Returns a register whose lane 0 is the lane that the operation extracts.
  const auto to_front = [&](unsigned size) {
    e_.use_vectors(1, sew_of(size));
    if (inst_.extra == 0) return a_;
    as_.vi(Op::vslidedown_vi, kTemp, a_, inst_.extra);
    return kTemp;
  };
  const auto extract = [&](unsigned size, bool is_signed) {
    as_.v2(Op::vmv_x_s, scalar_result_, to_front(size));
    if (is_signed) return true;
    if (size == 1) {
      as_.ri(Op::andi, scalar_result_, scalar_result_, 255);
    } else {
      as_.ri(Op::slli, scalar_result_, scalar_result_, 48);
      as_.ri(Op::srli, scalar_result_, scalar_result_, 48);
    }
    return true;
  };
  const auto replace = [&](unsigned size, bool is_float = false) {
    PReg value = scalar_use_;
    if (is_float) {
      as_.r2(size == 4 ? Op::fmv_x_w : Op::fmv_x_d, kScratch, scalar_use_);
      value = kScratch;
    }
    e_.insert_lane(result_, a_, value, static_cast<unsigned>(std::countr_zero(size)), inst_.extra);
    return true;
  };
  switch (op) {
    case SimdOp::i8x16_splat: return splat(1, Op::vmv_v_x);
    case SimdOp::i16x8_splat: return splat(2, Op::vmv_v_x);
    case SimdOp::i32x4_splat: return splat(4, Op::vmv_v_x);
    case SimdOp::i64x2_splat: return splat(8, Op::vmv_v_x);
    case SimdOp::f32x4_splat: return splat(4, Op::vfmv_v_f);
    case SimdOp::f64x2_splat: return splat(8, Op::vfmv_v_f);
    case SimdOp::i8x16_swizzle:
    case SimdOp::i8x16_relaxed_swizzle:
      // An index beyond the 16 lanes gives 0, even if the register has more lanes.
      full(1);
      as_.vi(Op::vmsleu_vi, kMask, b_, 15);
      as_.v3(Op::vrgather_vv, kTemp, a_, b_);
      as_.v1i(Op::vmv_v_i, kTemp2, 0);
      as_.v3(Op::vmerge_vvm, result_, kTemp2, kTemp);
      return true;
    case SimdOp::i8x16_extract_lane_s: return extract(1, true);
    case SimdOp::i8x16_extract_lane_u: return extract(1, false);
    case SimdOp::i16x8_extract_lane_s: return extract(2, true);
    case SimdOp::i16x8_extract_lane_u: return extract(2, false);
    case SimdOp::i32x4_extract_lane: return extract(4, true);
    case SimdOp::i64x2_extract_lane: return extract(8, true);
    case SimdOp::f32x4_extract_lane: as_.v2(Op::vfmv_f_s, scalar_result_, to_front(4)); return true;
    case SimdOp::f64x2_extract_lane: as_.v2(Op::vfmv_f_s, scalar_result_, to_front(8)); return true;
    case SimdOp::i8x16_replace_lane: return replace(1);
    case SimdOp::i16x8_replace_lane: return replace(2);
    case SimdOp::i32x4_replace_lane: return replace(4);
    case SimdOp::i64x2_replace_lane: return replace(8);
    case SimdOp::f32x4_replace_lane: return replace(4, true);
    case SimdOp::f64x2_replace_lane: return replace(8, true);
    default: return false;
  }
}

// Lanes 0 to 15 are those of a_, and lanes 16 to 31 those of b_. Where an index is out of range for one operand, the
// merge takes the lane of the other one.
void VectorSimd::shuffle() {
  const uint64_t halves[] = {vector_payload_low(inst_), vector_payload_high(inst_)};
  std::byte lanes[16];
  bool from_a = false, from_b = false;
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned from = halves[i / 8] >> (8 * (i % 8)) & 31;
    (from < 16 ? from_a : from_b) = true;
    lanes[i] = static_cast<std::byte>(from);
  }
  const bool one = !from_a || !from_b || a_ == b_;
  if (one)
    for (std::byte& lane : lanes) lane &= std::byte{15};
  as_.rodata(Op::addi, kScratch, kScratch, e_.code_.add_constant(lanes));
  full(1);
  as_.vmem(Op::vle8, kTemp2, kScratch);
  if (one) return as_.v3(Op::vrgather_vv, result_, from_a ? a_ : b_, kTemp2);
  as_.v3(Op::vrgather_vv, kTemp, a_, kTemp2);
  as_.vi(Op::vadd_vi, kTemp2, kTemp2, -16);
  as_.vi(Op::vmsleu_vi, kMask, kTemp2, 15);
  as_.v3(Op::vrgather_vv, result_, b_, kTemp2);
  as_.v3(Op::vmerge_vvm, result_, kTemp, result_);
}

// `kind` is 0 for eq, 1 for ne, 2 for lt, 3 for gt, 4 for le, and 5 for ge.
void VectorSimd::compare(unsigned size, unsigned kind, bool is_unsigned) {
  full(size);
  const Op less = is_unsigned ? Op::vmsltu_vv : Op::vmslt_vv, less_equal = is_unsigned ? Op::vmsleu_vv : Op::vmsle_vv;
  switch (kind) {
    case 0: as_.v3(Op::vmseq_vv, kMask, a_, b_); break;
    case 1: as_.v3(Op::vmsne_vv, kMask, a_, b_); break;
    case 2: as_.v3(less, kMask, a_, b_); break;
    case 3: as_.v3(less, kMask, b_, a_); break;
    case 4: as_.v3(less_equal, kMask, a_, b_); break;
    default: as_.v3(less_equal, kMask, b_, a_); break;
  }
  ones_where_mask();
}

bool VectorSimd::compares(SimdOp op) {
  const unsigned number = static_cast<unsigned>(op);
  // ScalarSimd::compares explains the order of the comparisons.
  if (between(op, SimdOp::i8x16_eq, SimdOp::i32x4_ge_u)) {
    const unsigned at = number - static_cast<unsigned>(SimdOp::i8x16_eq), which = at % 10;
    compare(1u << at / 10, which < 2 ? which : 1 + which / 2, which >= 2 && which % 2 == 1);
    return true;
  }
  if (between(op, SimdOp::i64x2_eq, SimdOp::i64x2_ge_s)) {
    compare(8, number - static_cast<unsigned>(SimdOp::i64x2_eq), false);
    return true;
  }
  return false;
}

bool VectorSimd::binary(unsigned size, Op operation) {
  full(size);
  as_.v3(operation, result_, a_, b_);
  return true;
}

bool VectorSimd::arithmetic(SimdOp op) {
  switch (op) {
    case SimdOp::i8x16_add: return binary(1, Op::vadd_vv);
    case SimdOp::i16x8_add: return binary(2, Op::vadd_vv);
    case SimdOp::i32x4_add: return binary(4, Op::vadd_vv);
    case SimdOp::i64x2_add: return binary(8, Op::vadd_vv);
    case SimdOp::i8x16_sub: return binary(1, Op::vsub_vv);
    case SimdOp::i16x8_sub: return binary(2, Op::vsub_vv);
    case SimdOp::i32x4_sub: return binary(4, Op::vsub_vv);
    case SimdOp::i64x2_sub: return binary(8, Op::vsub_vv);
    case SimdOp::i16x8_mul: return binary(2, Op::vmul_vv);
    case SimdOp::i32x4_mul: return binary(4, Op::vmul_vv);
    case SimdOp::i64x2_mul: return binary(8, Op::vmul_vv);
    case SimdOp::i8x16_min_s: return binary(1, Op::vmin_vv);
    case SimdOp::i8x16_min_u: return binary(1, Op::vminu_vv);
    case SimdOp::i8x16_max_s: return binary(1, Op::vmax_vv);
    case SimdOp::i8x16_max_u: return binary(1, Op::vmaxu_vv);
    case SimdOp::i16x8_min_s: return binary(2, Op::vmin_vv);
    case SimdOp::i16x8_min_u: return binary(2, Op::vminu_vv);
    case SimdOp::i16x8_max_s: return binary(2, Op::vmax_vv);
    case SimdOp::i16x8_max_u: return binary(2, Op::vmaxu_vv);
    case SimdOp::i32x4_min_s: return binary(4, Op::vmin_vv);
    case SimdOp::i32x4_min_u: return binary(4, Op::vminu_vv);
    case SimdOp::i32x4_max_s: return binary(4, Op::vmax_vv);
    case SimdOp::i32x4_max_u: return binary(4, Op::vmaxu_vv);
    default: return false;
  }
}

bool VectorSimd::saturating_arithmetic(SimdOp op) {
  const auto rounded = [&](unsigned size, Op operation) {
    as_.op0(Op::csrwi_vxrm);
    return binary(size, operation);
  };
  switch (op) {
    case SimdOp::i8x16_add_sat_s: return binary(1, Op::vsadd_vv);
    case SimdOp::i8x16_add_sat_u: return binary(1, Op::vsaddu_vv);
    case SimdOp::i8x16_sub_sat_s: return binary(1, Op::vssub_vv);
    case SimdOp::i8x16_sub_sat_u: return binary(1, Op::vssubu_vv);
    case SimdOp::i16x8_add_sat_s: return binary(2, Op::vsadd_vv);
    case SimdOp::i16x8_add_sat_u: return binary(2, Op::vsaddu_vv);
    case SimdOp::i16x8_sub_sat_s: return binary(2, Op::vssub_vv);
    case SimdOp::i16x8_sub_sat_u: return binary(2, Op::vssubu_vv);
    case SimdOp::i8x16_avgr_u: return rounded(1, Op::vaaddu_vv);
    case SimdOp::i16x8_avgr_u: return rounded(2, Op::vaaddu_vv);
    case SimdOp::i16x8_q15mulr_sat_s:
    case SimdOp::i16x8_relaxed_q15mulr_s: return rounded(2, Op::vsmul_vv);
    default: return false;
  }
}

bool VectorSimd::unary_arithmetic(SimdOp op) {
  const auto negate = [&](unsigned size) {
    full(size);
    as_.vi(Op::vrsub_vi, result_, a_, 0);
    return true;
  };
  const auto absolute = [&](unsigned size) {
    full(size);
    as_.vi(Op::vrsub_vi, kTemp, a_, 0);
    as_.v3(Op::vmax_vv, result_, a_, kTemp);
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
    case SimdOp::i8x16_popcnt:
      // Counts the bits in fields of two bits, then of four, then of eight.
      full(1);
      as_.vi(Op::vsrl_vi, kTemp, a_, 1);
      as_.load_immediate(kScratch, 0x55);
      as_.v3(Op::vand_vx, kTemp, kTemp, kScratch);
      as_.v3(Op::vsub_vv, kTemp, a_, kTemp);
      as_.load_immediate(kScratch, 0x33);
      as_.vi(Op::vsrl_vi, kTemp2, kTemp, 2);
      as_.v3(Op::vand_vx, kTemp2, kTemp2, kScratch);
      as_.v3(Op::vand_vx, kTemp, kTemp, kScratch);
      as_.v3(Op::vadd_vv, kTemp, kTemp, kTemp2);
      as_.vi(Op::vsrl_vi, kTemp2, kTemp, 4);
      as_.v3(Op::vadd_vv, kTemp, kTemp, kTemp2);
      as_.vi(Op::vand_vi, result_, kTemp, 15);
      return true;
    default: return false;
  }
}

bool VectorSimd::reductions(SimdOp op) {
  const auto all_true = [&](unsigned size) {
    full(size);
    as_.vi(Op::vmseq_vi, kTemp, a_, 0);
    as_.v2(Op::vcpop_m, scalar_result_, kTemp);
    as_.ri(Op::sltiu, scalar_result_, scalar_result_, 1);
    return true;
  };
  const auto bitmask = [&](unsigned size) {
    full(size);
    as_.v3(Op::vmslt_vx, kTemp, a_, kZero);
    e_.use_vectors(1, Sew::e16);
    as_.v2(Op::vmv_x_s, scalar_result_, kTemp);
    if (size != 1) {
      as_.ri(Op::andi, scalar_result_, scalar_result_, (1 << 16 / size) - 1);
    } else {
      as_.ri(Op::slli, scalar_result_, scalar_result_, 48);
      as_.ri(Op::srli, scalar_result_, scalar_result_, 48);
    }
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

bool VectorSimd::shifts(SimdOp op) {
  const auto shift = [&](unsigned size, Op operation) {
    full(size);
    as_.v3(operation, result_, a_, scalar_use_);
    return true;
  };
  switch (op) {
    case SimdOp::i8x16_shl: return shift(1, Op::vsll_vx);
    case SimdOp::i16x8_shl: return shift(2, Op::vsll_vx);
    case SimdOp::i32x4_shl: return shift(4, Op::vsll_vx);
    case SimdOp::i64x2_shl: return shift(8, Op::vsll_vx);
    case SimdOp::i8x16_shr_s: return shift(1, Op::vsra_vx);
    case SimdOp::i16x8_shr_s: return shift(2, Op::vsra_vx);
    case SimdOp::i32x4_shr_s: return shift(4, Op::vsra_vx);
    case SimdOp::i64x2_shr_s: return shift(8, Op::vsra_vx);
    case SimdOp::i8x16_shr_u: return shift(1, Op::vsrl_vx);
    case SimdOp::i16x8_shr_u: return shift(2, Op::vsrl_vx);
    case SimdOp::i32x4_shr_u: return shift(4, Op::vsrl_vx);
    case SimdOp::i64x2_shr_u: return shift(8, Op::vsrl_vx);
    default: return false;
  }
}

void Emitter::simd_vector(const MachineInst& inst, Operands operands) {
  VectorSimd expand(*this, inst, operands);
  if (static_cast<Pseudo>(inst.opcode) == Pseudo::simd_shuffle) return expand.shuffle();
  const SimdOp op = static_cast<SimdOp>(inst.immediate);
  const bool known = expand.lane_moves(op) || expand.bitwise(op) || expand.compares(op) || expand.arithmetic(op) ||
                     expand.saturating_arithmetic(op) || expand.unary_arithmetic(op) || expand.reductions(op) ||
                     expand.shifts(op) || expand.reshaping(op) || expand.floats(op) || expand.conversions(op);
  CAIRN_ASSERT(known);
}

}  // namespace cairn::rv64
