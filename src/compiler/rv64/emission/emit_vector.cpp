// Emits the vector operations that vectors/ does not expand: constants, copies and selections, with V and without.
//
// Without V no machine register can hold a vector. Values of the vector class live in stack slots of 16 bytes. Every
// operation loads from slots, computes in integer and floating-point registers, and stores to a slot.
#include "base/assert.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

void Emitter::copy_slot(uint32_t from, uint32_t to) {
  for (uint32_t at = 0; at < 16; at += 8) {
    as_.load_far(Op::ld, kScratch, kStackPointer, from + at, kScratch2);
    as_.store_far(Op::sd, kScratch, kStackPointer, to + at, kScratch2);
  }
}

void Emitter::use_vectors(unsigned length, Sew sew, Lmul lmul, Tail tail) {
  // 0x40 is the agnostic tail, and 0x80 the agnostic mask.
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
  // A vector whose lanes are all the same small number needs no constant in memory.
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

// Emits result = `vector` in which lane `lane` is replaced by the integer register `value`. Lanes have 1 << log_size
// bytes. `result` and `vector` may be the same register.
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
        // The result may share a register with either operand.
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
