// Vectors: what is common to machines with V and without, and the memory accesses.
//
// Without V a vector register has no machine register: its class lives in 16-byte stack slots, and every operation
// loads from slots, computes in integer and floating registers and stores to a slot.
#include <bit>

#include "base/assert.hpp"
#include "compiler/rv64/emission/emitter.hpp"
#include "compiler/rv64/emission/simd.hpp"

namespace cairn::rv64 {

using ir::SimdOp;

SimdNeeds needs_of_access(Vectors vectors) {
  SimdNeeds needs;
  if (vectors == Vectors::absent) {
    needs.integers = 1;
    needs.early_result = true;
  }
  return needs;
}

void Emitter::copy_slot(uint32_t from, uint32_t to) {
  for (uint32_t at = 0; at < 16; at += 8) {
    as_.load_far(Op::ld, kScratch, kStackPointer, from + at, kScratch2);
    as_.store_far(Op::sd, kScratch, kStackPointer, to + at, kScratch2);
  }
}

void Emitter::use_vectors(unsigned length, Sew sew, Lmul lmul, Tail tail) {
  const unsigned vtype =
      static_cast<unsigned>(lmul) | static_cast<unsigned>(sew) << 3 | (tail == Tail::agnostic ? 0x40u : 0u) | 0x80u;
  const uint32_t state = length << 16 | vtype;
  if (vector_state_ == state) return;
  as_.vset(length, vtype);
  vector_state_ = state;
}

void Emitter::vector_constant(const MachineInst& inst, Allocation result) {
  const uint64_t halves[] = {vector_payload_low(inst), vector_payload_high(inst)};
  if (!cpu_.v) {
    const uint32_t slot = frame_.slot_offset(result.slot());
    for (unsigned i = 0; i < 2; ++i) {
      const bool zero = halves[i] == 0;
      if (!zero && (i == 0 || halves[0] != halves[1])) as_.load_immediate(kScratch, static_cast<int64_t>(halves[i]));
      as_.store_far(Op::sd, zero ? kZero : kScratch, kStackPointer, slot + 8 * i, kScratch2);
    }
    return;
  }
  // Splats of small numbers need no memory.
  const uint64_t byte = halves[0] & 0xff;
  const auto is_splat = [&](unsigned bits) {
    const uint64_t lane = bits == 64 ? halves[0] : halves[0] & ((uint64_t{1} << bits) - 1);
    uint64_t all = lane;
    for (unsigned b = bits; b < 64; b *= 2) all |= all << b;
    return all == halves[0] && all == halves[1];
  };
  if (is_splat(8) && fits_signed(static_cast<int8_t>(byte), 5)) {
    use_vectors(16, Sew::e8);
    return as_.v1i(Op::vmv_v_i, result.reg(), static_cast<int8_t>(byte));
  }
  if (is_splat(32) && fits_signed(static_cast<int32_t>(halves[0]), 5)) {
    use_vectors(4, Sew::e32);
    return as_.v1i(Op::vmv_v_i, result.reg(), static_cast<int32_t>(halves[0]));
  }
  std::byte bytes[16];
  for (unsigned i = 0; i < 16; ++i) bytes[i] = static_cast<std::byte>(halves[i / 8] >> (8 * (i % 8)));
  as_.rodata(Op::addi, kScratch, kScratch, code_.add_constant(bytes));
  use_vectors(16, Sew::e8);
  as_.vmem(Op::vle8, result.reg(), kScratch);
}

// The address of an access in a register, for instructions without a displacement.
PReg Emitter::address_register(const MachineInst& inst, PReg base, PReg scratch) {
  if (inst.displacement == 0) return base;
  as_.ri(Op::addi, scratch, base, inst.displacement);
  return scratch;
}

void Emitter::vector_access(const MachineInst& inst, Operands operands) {
  const PReg base = operands[0].reg();
  const auto scalar = [](unsigned size, bool is_signed) {
    constexpr Op kSigned[] = {Op::lb, Op::lh, Op::lw, Op::ld}, kUnsigned[] = {Op::lbu, Op::lhu, Op::lwu, Op::ld};
    const int i = std::countr_zero(size);
    return is_signed ? kSigned[i] : kUnsigned[i];
  };
  constexpr Op kStores[] = {Op::sb, Op::sh, Op::sw, Op::sd};
  constexpr Sew kSew[] = {Sew::e8, Sew::e16, Sew::e32, Sew::e64};
  const unsigned log_size = inst.size == 16 ? 0 : static_cast<unsigned>(std::countr_zero(unsigned{inst.size}));
  // A load or store of guest memory; `extra` bytes above the displacement.
  const auto access = [&](bool is_load, Op op, PReg reg, int64_t extra) {
    const int64_t offset = inst.displacement + extra;
    PReg from = base;
    if (!fits_signed(offset, 12)) {
      as_.add_immediate(kScratch2, base, inst.displacement, kScratch2);
      from = kScratch2;
    }
    trap_site(inst);
    const int64_t at = from == base ? offset : extra;
    if (is_load)
      as_.load(op, reg, from, at);
    else
      as_.store(op, reg, from, at);
  };
  const auto slot = [&](size_t i) { return int64_t{frame_.slot_offset(operands[i].slot())}; };
  const auto to_slot = [&](int64_t offset, PReg reg, Op op = Op::sd) {
    as_.store_far(op, reg, kStackPointer, offset, kScratch2);
  };
  switch (static_cast<Pseudo>(inst.opcode)) {
    case Pseudo::simd_load:
      if (!cpu_.v) {
        access(true, Op::ld, kScratch, 0);
        to_slot(slot(1), kScratch);
        access(true, Op::ld, kScratch, 8);
        return to_slot(slot(1) + 8, kScratch);
      }
      {
        const PReg from = address_register(inst, base, kScratch);
        use_vectors(16, Sew::e8);
        trap_site(inst);
        return as_.vmem(Op::vle8, operands[1].reg(), from);
      }
    case Pseudo::simd_store:
      if (!cpu_.v) {
        // The upper half first: what lies outside is behind the memory's end, and nothing may be written then.
        as_.load_far(Op::ld, kScratch, kStackPointer, slot(1) + 8, kScratch2);
        access(false, Op::sd, kScratch, 8);
        as_.load_far(Op::ld, kScratch, kStackPointer, slot(1), kScratch2);
        return access(false, Op::sd, kScratch, 0);
      }
      if (inst.condition != 0) access(true, Op::lb, kZero, 15);
      {
        const PReg to = address_register(inst, base, kScratch);
        use_vectors(16, Sew::e8);
        trap_site(inst);
        return as_.vmem(Op::vse8, operands[1].reg(), to);
      }
    case Pseudo::simd_load_splat:
      access(true, scalar(inst.size, cpu_.v), kScratch, 0);
      if (cpu_.v) {
        use_vectors(16u >> log_size, kSew[log_size]);
        return as_.v1(Op::vmv_v_x, operands[1].reg(), kScratch);
      }
      for (unsigned bits = 8u * inst.size; bits < 64; bits *= 2) {
        as_.ri(Op::slli, kScratch2, kScratch, bits);
        as_.r3(Op::or_, kScratch, kScratch, kScratch2);
      }
      to_slot(slot(1), kScratch);
      return to_slot(slot(1) + 8, kScratch);
    case Pseudo::simd_load_zero:
      access(true, scalar(inst.size, false), kScratch, 0);
      if (cpu_.v) {
        use_vectors(2, Sew::e64);
        as_.v1i(Op::vmv_v_i, operands[1].reg(), 0);
        use_vectors(2, Sew::e64, Lmul::m1, Tail::undisturbed);
        return as_.v1(Op::vmv_s_x, operands[1].reg(), kScratch);
      }
      to_slot(slot(1), kScratch);
      return to_slot(slot(1) + 8, kZero);
    case Pseudo::simd_load_extend: {
      const SimdOp op = static_cast<SimdOp>(inst.immediate);
      const bool is_signed =
          op == SimdOp::v128_load8x8_s || op == SimdOp::v128_load16x4_s || op == SimdOp::v128_load32x2_s;
      const unsigned from = op == SimdOp::v128_load8x8_s || op == SimdOp::v128_load8x8_u     ? 1
                            : op == SimdOp::v128_load16x4_s || op == SimdOp::v128_load16x4_u ? 2
                                                                                             : 4;
      access(true, Op::ld, kScratch, 0);
      if (cpu_.v) {
        use_vectors(1, Sew::e64);
        as_.v1(Op::vmv_s_x, kVectorScratch, kScratch);
        use_vectors(8 / from, kSew[std::countr_zero(2 * from)]);
        return as_.v2(is_signed ? Op::vsext_vf2 : Op::vzext_vf2, operands[1].reg(), kVectorScratch);
      }
      for (unsigned i = 0; i < 8 / from; ++i) {
        as_.ri(Op::slli, kScratch2, kScratch, 64 - 8 * from * (i + 1));
        as_.ri(is_signed ? Op::srai : Op::srli, kScratch2, kScratch2, 64 - 8 * from);
        // Far slots: the address needs a register of its own, so through the stack pointer of the near half.
        const int64_t at = slot(1) + 2 * from * i;
        if (fits_signed(at, 12)) {
          as_.store(kStores[std::countr_zero(2 * from)], kScratch2, kStackPointer, at);
        } else {
          as_.store_far(kStores[std::countr_zero(2 * from)], kScratch2, kStackPointer, at, operands[2].reg());
        }
      }
      return;
    }
    case Pseudo::simd_load_lane:
      if (!cpu_.v) {
        access(true, scalar(inst.size, false), operands[3].reg(), 0);
        copy_slot(frame_.slot_offset(operands[1].slot()), frame_.slot_offset(operands[2].slot()));
        return to_slot(slot(2) + inst.size * inst.extra, operands[3].reg(), kStores[log_size]);
      }
      access(true, scalar(inst.size, false), kScratch, 0);
      insert_lane(operands[2].reg(), operands[1].reg(), kScratch, log_size, inst.extra);
      return;
    case Pseudo::simd_store_lane:
      if (!cpu_.v) {
        as_.load_far(scalar(inst.size, false), kScratch, kStackPointer, slot(1) + inst.size * inst.extra, kScratch2);
      } else {
        use_vectors(1, kSew[log_size]);
        PReg vector = operands[1].reg();
        if (inst.extra != 0) {
          as_.vi(Op::vslidedown_vi, kVectorScratch, vector, inst.extra);
          vector = kVectorScratch;
        }
        as_.v2(Op::vmv_x_s, kScratch, vector);
      }
      return access(false, kStores[log_size], kScratch, 0);
    default: CAIRN_UNREACHABLE();
  }
}

// result = vector with one lane replaced. `result` is not `value`'s register, but may be the vector's.
void Emitter::insert_lane(PReg result, PReg vector, PReg value, unsigned log_size, unsigned lane) {
  constexpr Sew kSew[] = {Sew::e8, Sew::e16, Sew::e32, Sew::e64};
  if (result != vector) as_.v2(Op::vmv1r_v, result, vector);
  use_vectors(lane + 1, kSew[log_size], Lmul::m1, Tail::undisturbed);
  if (lane == 0) return as_.v1(Op::vmv_s_x, result, value);
  as_.v1(Op::vmv_s_x, kVectorScratch, value);
  as_.vi(Op::vslideup_vi, result, kVectorScratch, lane);
}

void Emitter::simd(const MachineInst& inst, Operands operands) {
  switch (static_cast<Pseudo>(inst.opcode)) {
    case Pseudo::simd:
    case Pseudo::simd_shuffle: return cpu_.v ? simd_vector(inst, operands) : simd_scalar(inst, operands);
    case Pseudo::simd_move:
      if (operands[0] == operands[1]) return;
      if (!cpu_.v) return copy_slot(frame_.slot_offset(operands[0].slot()), frame_.slot_offset(operands[1].slot()));
      return as_.v2(Op::vmv1r_v, operands[1].reg(), operands[0].reg());
    case Pseudo::simd_select: {
      const Label done = as_.new_label();
      if (cpu_.v) {
        // The result may share a register with either.
        const PReg a = operands[1].reg(), b = operands[2].reg(), result = operands[3].reg();
        const bool keep_b = result == b;
        if (!keep_b && result != a) as_.v2(Op::vmv1r_v, result, a);
        as_.branch(keep_b ? Op::beq : Op::bne, operands[0].reg(), kZero, done);
        as_.v2(Op::vmv1r_v, result, keep_b ? a : b);
        return as_.bind(done);
      }
      const uint32_t a = frame_.slot_offset(operands[1].slot()), b = frame_.slot_offset(operands[2].slot());
      const uint32_t result = frame_.slot_offset(operands[3].slot());
      const Label other = as_.new_label();
      as_.branch(Op::beq, operands[0].reg(), kZero, other);
      copy_slot(a, result);
      as_.jump(done);
      as_.bind(other);
      copy_slot(b, result);
      return as_.bind(done);
    }
    default: return vector_access(inst, operands);
  }
}

}  // namespace cairn::rv64
