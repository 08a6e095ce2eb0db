// Expands bitwise operations and moves of lanes for CPUs without the V extension, and has the accesses to lanes.
#include "compiler/rv64/emission/vectors/scalar_simd.hpp"

#include <bit>

namespace cairn::rv64 {

using codegen::OperandKind;
using ir::SimdOp;

ScalarSimd::ScalarSimd(Emitter& emitter, const MachineInst& inst, Operands operands)
    : e_(emitter), as_(emitter.as_), inst_(inst) {
  const std::span<const codegen::Operand> described = emitter.function_.operands_of(inst);
  size_t at = 0;
  for (; at < described.size() && described[at].kind == OperandKind::use; ++at) {
    if (operands[at].is_slot())
      slots_[uses_] = emitter.frame_.slot_offset(operands[at].slot());
    else
      scalar_use_ = operands[at].reg();
    ++uses_;
  }
  if (operands[at].is_slot())
    result_slot_ = emitter.frame_.slot_offset(operands[at].slot());
  else
    scalar_result_ = operands[at].reg();
  x_ = operands[at + 1].reg();
  y_ = operands[at + 2].reg();
  z_ = operands[at + 3].reg();
  f0_ = operands[at + 4].reg();
  f1_ = operands[at + 5].reg();
}

void ScalarSimd::load(PReg reg, unsigned operand, unsigned size, unsigned lane, Sign sign) {
  constexpr Op kOps[2][4] = {{Op::lbu, Op::lhu, Op::lwu, Op::ld}, {Op::lb, Op::lh, Op::lw, Op::ld}};
  as_.load_far(kOps[sign == Sign::sign][std::countr_zero(size)], reg, kStackPointer, slots_[operand] + size * lane,
               kScratch2);
}

void ScalarSimd::store(PReg reg, unsigned size, unsigned lane) {
  constexpr Op kOps[] = {Op::sb, Op::sh, Op::sw, Op::sd};
  as_.store_far(kOps[std::countr_zero(size)], reg, kStackPointer, result_slot_ + size * lane, kScratch2);
}

void ScalarSimd::load_float(PReg reg, unsigned operand, unsigned size, unsigned lane) {
  as_.load_far(size == 8 ? Op::fld : Op::flw, reg, kStackPointer, slots_[operand] + size * lane, kScratch2);
}

void ScalarSimd::store_float(PReg reg, unsigned size, unsigned lane) {
  as_.store_far(size == 8 ? Op::fsd : Op::fsw, reg, kStackPointer, result_slot_ + size * lane, kScratch2);
}

void ScalarSimd::mask() { as_.r3(Op::sub, x_, kZero, x_); }

void ScalarSimd::clamp(PReg reg, int64_t low, int64_t high) {
  for (const bool upper : {false, true}) {
    const Label done = as_.new_label();
    as_.load_immediate(kScratch, upper ? high : low);
    if (upper)
      as_.branch(Op::bge, kScratch, reg, done);
    else
      as_.branch(Op::bge, reg, kScratch, done);
    as_.move(reg, kScratch);
    as_.bind(done);
  }
}

bool ScalarSimd::bitwise(SimdOp op) {
  const auto binary = [&](Op first, bool invert_second = false) {
    for (unsigned half = 0; half < 2; ++half) {
      load(x_, 0, 8, half);
      load(y_, 1, 8, half);
      if (invert_second) as_.ri(Op::xori, y_, y_, -1);
      as_.r3(first, x_, x_, y_);
      store(x_, 8, half);
    }
    return true;
  };
  switch (op) {
    case SimdOp::v128_and: return binary(Op::and_);
    case SimdOp::v128_or: return binary(Op::or_);
    case SimdOp::v128_xor: return binary(Op::xor_);
    case SimdOp::v128_andnot: return binary(Op::and_, true);
    case SimdOp::v128_not: lanes(8, Sign::sign, 1, [&] { as_.ri(Op::xori, x_, x_, -1); }); return true;
    case SimdOp::v128_bitselect:
    case SimdOp::i8x16_relaxed_laneselect:
    case SimdOp::i16x8_relaxed_laneselect:
    case SimdOp::i32x4_relaxed_laneselect:
    case SimdOp::i64x2_relaxed_laneselect:
      // The result is b ^ ((a ^ b) & mask).
      for (unsigned half = 0; half < 2; ++half) {
        load(x_, 0, 8, half);
        load(y_, 1, 8, half);
        load(z_, 2, 8, half);
        as_.r3(Op::xor_, x_, x_, y_);
        as_.r3(Op::and_, x_, x_, z_);
        as_.r3(Op::xor_, x_, x_, y_);
        store(x_, 8, half);
      }
      return true;
    case SimdOp::v128_any_true:
      load(x_, 0, 8, 0);
      load(y_, 0, 8, 1);
      as_.r3(Op::or_, x_, x_, y_);
      as_.r3(Op::sltu, scalar_result_, kZero, x_);
      return true;
    default: return false;
  }
}

bool ScalarSimd::lane_moves(SimdOp op) {
  const auto splat = [&](unsigned size) {
    if (size < 8) {
      as_.ri(Op::slli, x_, scalar_use_, 64 - 8 * size);
      as_.ri(Op::srli, x_, x_, 64 - 8 * size);
    } else {
      as_.move(x_, scalar_use_);
    }
    // Each step doubles the number of copies of the lane.
    for (unsigned bits = 8 * size; bits < 64; bits *= 2) {
      as_.ri(Op::slli, y_, x_, bits);
      as_.r3(Op::or_, x_, x_, y_);
    }
    store(x_, 8, 0);
    store(x_, 8, 1);
    return true;
  };
  const auto replace = [&](unsigned size, bool is_float = false) {
    load(x_, 0, 8, 0);
    load(y_, 0, 8, 1);
    store(x_, 8, 0);
    store(y_, 8, 1);
    if (is_float)
      store_float(scalar_use_, size, inst_.extra);
    else
      store(scalar_use_, size, inst_.extra);
    return true;
  };
  const auto extract = [&](unsigned size, Sign sign) {
    load(scalar_result_, 0, size, inst_.extra, sign);
    return true;
  };
  switch (op) {
    case SimdOp::i8x16_splat: return splat(1);
    case SimdOp::i16x8_splat: return splat(2);
    case SimdOp::i32x4_splat: return splat(4);
    case SimdOp::i64x2_splat: return splat(8);
    case SimdOp::f32x4_splat:
    case SimdOp::f64x2_splat: {
      const unsigned size = op == SimdOp::f32x4_splat ? 4 : 8;
      for (unsigned i = 0; i < 16 / size; ++i) store_float(scalar_use_, size, i);
      return true;
    }
    case SimdOp::i8x16_swizzle:
    case SimdOp::i8x16_relaxed_swizzle:
      // The byte at (index & 15) is loaded. If the index is above 15, an `and` with 0 clears the byte.
      as_.add_immediate(z_, kStackPointer, slots_[0], kScratch);
      for (unsigned i = 0; i < 16; ++i) {
        load(y_, 1, 1, i, Sign::zero);
        as_.ri(Op::andi, x_, y_, 15);
        as_.r3(Op::add, x_, x_, z_);
        as_.load(Op::lbu, x_, x_, 0);
        as_.ri(Op::sltiu, y_, y_, 16);
        as_.r3(Op::sub, y_, kZero, y_);
        as_.r3(Op::and_, x_, x_, y_);
        store(x_, 1, i);
      }
      return true;
    case SimdOp::i8x16_extract_lane_s: return extract(1, Sign::sign);
    case SimdOp::i8x16_extract_lane_u: return extract(1, Sign::zero);
    case SimdOp::i16x8_extract_lane_s: return extract(2, Sign::sign);
    case SimdOp::i16x8_extract_lane_u: return extract(2, Sign::zero);
    case SimdOp::i32x4_extract_lane: return extract(4, Sign::sign);
    case SimdOp::i64x2_extract_lane: return extract(8, Sign::sign);
    case SimdOp::f32x4_extract_lane: load_float(scalar_result_, 0, 4, inst_.extra); return true;
    case SimdOp::f64x2_extract_lane: load_float(scalar_result_, 0, 8, inst_.extra); return true;
    case SimdOp::i8x16_replace_lane: return replace(1);
    case SimdOp::i16x8_replace_lane: return replace(2);
    case SimdOp::i32x4_replace_lane: return replace(4);
    case SimdOp::i64x2_replace_lane: return replace(8);
    case SimdOp::f32x4_replace_lane: return replace(4, true);
    case SimdOp::f64x2_replace_lane: return replace(8, true);
    default: return false;
  }
}

void ScalarSimd::shuffle() {
  const uint64_t halves[] = {vector_payload_low(inst_), vector_payload_high(inst_)};
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned from = halves[i / 8] >> (8 * (i % 8)) & 31;
    load(x_, from / 16, 1, from % 16);
    store(x_, 1, i);
  }
}

void Emitter::simd_scalar(const MachineInst& inst, Operands operands) {
  ScalarSimd expand(*this, inst, operands);
  if (static_cast<Pseudo>(inst.opcode) == Pseudo::simd_shuffle) return expand.shuffle();
  const SimdOp op = static_cast<SimdOp>(inst.immediate);
  const bool known = expand.lane_moves(op) || expand.bitwise(op) || expand.compares(op) || expand.arithmetic(op) ||
                     expand.saturating_arithmetic(op) || expand.unary_arithmetic(op) || expand.reductions(op) ||
                     expand.shifts(op) || expand.reshaping(op) || expand.widening(op) || expand.floats(op) ||
                     expand.conversions(op);
  CAIRN_ASSERT(known);
}

}  // namespace cairn::rv64
