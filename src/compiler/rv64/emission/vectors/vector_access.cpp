// Expands loads and stores of vectors, for CPUs with the V extension and without.
#include <bit>

#include "base/assert.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

using codegen::Allocation;
using ir::SimdOp;

namespace {

constexpr Op kStores[] = {Op::sb, Op::sh, Op::sw, Op::sd};
constexpr Sew kSew[] = {Sew::e8, Sew::e16, Sew::e32, Sew::e64};

Op signed_load(unsigned size) {
  constexpr Op kLoads[] = {Op::lb, Op::lh, Op::lw, Op::ld};
  return kLoads[std::countr_zero(size)];
}
Op unsigned_load(unsigned size) {
  constexpr Op kLoads[] = {Op::lbu, Op::lhu, Op::lwu, Op::ld};
  return kLoads[std::countr_zero(size)];
}

}  // namespace

PReg Emitter::address_register(const MachineInst& inst, PReg base, PReg scratch) {
  if (inst.displacement == 0) return base;
  as_.ri(Op::addi, scratch, base, inst.displacement);
  return scratch;
}

// Expands one access. The operands are the address and then the vectors.
class VectorAccess {
 public:
  VectorAccess(Emitter& emitter, const MachineInst& inst, std::span<const Allocation> operands)
      : e_(emitter), as_(emitter.as_), inst_(inst), operands_(operands), base_(operands[0].reg()) {}

  void load();
  void store();
  void load_splat();
  void load_zero();
  void load_extend();
  void load_lane();
  void store_lane();

 private:
  // The address base + offset. The offset fits in the 12 bits that a load or store has for it.
  struct Place {
    PReg base;
    int64_t offset;
  };
  [[nodiscard]] bool has_v() const { return e_.cpu_.v; }
  // The binary logarithm of the access's size in bytes.
  [[nodiscard]] unsigned log_size() const { return static_cast<unsigned>(std::countr_zero(unsigned{inst_.size})); }
  // The register (with V) or the slot (without V) of an operand; a slot is its byte offset from the stack pointer.
  [[nodiscard]] PReg vector(size_t operand) const { return operands_[operand].reg(); }
  [[nodiscard]] int64_t slot(size_t operand) const { return int64_t{e_.frame_.slot_offset(operands_[operand].slot())}; }
  // Stores a register to the stack, at `offset` bytes from the stack pointer.
  void to_slot(int64_t offset, PReg reg, Op op = Op::sd) { as_.store_far(op, reg, kStackPointer, offset, kScratch2); }
  // Returns the place in guest memory that is `extra` bytes after the start of the access. Records that the next
  // instruction may fault.
  Place guest_place(int64_t extra);
  void load_guest(Op op, PReg reg, int64_t extra = 0) {
    const Place place = guest_place(extra);
    as_.load(op, reg, place.base, place.offset);
  }
  void store_guest(Op op, PReg reg, int64_t extra = 0) {
    const Place place = guest_place(extra);
    as_.store(op, reg, place.base, place.offset);
  }

  Emitter& e_;
  Assembler& as_;
  const MachineInst& inst_;
  std::span<const Allocation> operands_;
  PReg base_;
};

VectorAccess::Place VectorAccess::guest_place(int64_t extra) {
  const int64_t offset = inst_.displacement + extra;
  PReg from = base_;
  if (!fits_signed(offset, 12)) {
    as_.add_immediate(kScratch2, base_, inst_.displacement, kScratch2);
    from = kScratch2;
  }
  e_.trap_site(inst_);
  return {from, from == base_ ? offset : extra};
}

void VectorAccess::load() {
  if (!has_v()) {
    load_guest(Op::ld, kScratch);
    to_slot(slot(1), kScratch);
    load_guest(Op::ld, kScratch, 8);
    return to_slot(slot(1) + 8, kScratch);
  }
  const PReg from = e_.address_register(inst_, base_, kScratch);
  e_.use_vectors(16, Sew::e8);
  e_.trap_site(inst_);
  as_.vmem(Op::vle8, vector(1), from);
}

void VectorAccess::store() {
  if (!has_v()) {
    // The upper half is stored first. An access that is partly outside of the memory ends outside of it, so the store
    // of the upper half traps before anything is written.
    as_.load_far(Op::ld, kScratch, kStackPointer, slot(1) + 8, kScratch2);
    store_guest(Op::sd, kScratch, 8);
    as_.load_far(Op::ld, kScratch, kStackPointer, slot(1), kScratch2);
    return store_guest(Op::sd, kScratch);
  }
  // The last byte is loaded first, so that an access that ends outside of the memory traps before anything is written.
  if (inst_.condition != 0) load_guest(Op::lb, kZero, 15);
  const PReg to = e_.address_register(inst_, base_, kScratch);
  e_.use_vectors(16, Sew::e8);
  e_.trap_site(inst_);
  as_.vmem(Op::vse8, vector(1), to);
}

void VectorAccess::load_splat() {
  load_guest(has_v() ? signed_load(inst_.size) : unsigned_load(inst_.size), kScratch);
  if (has_v()) {
    e_.use_vectors(16u >> log_size(), kSew[log_size()]);
    return as_.v1(Op::vmv_v_x, vector(1), kScratch);
  }
  for (unsigned bits = 8u * inst_.size; bits < 64; bits *= 2) {
    as_.ri(Op::slli, kScratch2, kScratch, bits);
    as_.r3(Op::or_, kScratch, kScratch, kScratch2);
  }
  to_slot(slot(1), kScratch);
  to_slot(slot(1) + 8, kScratch);
}

void VectorAccess::load_zero() {
  load_guest(unsigned_load(inst_.size), kScratch);
  if (has_v()) {
    e_.use_vectors(2, Sew::e64);
    as_.v1i(Op::vmv_v_i, vector(1), 0);
    e_.use_vectors(2, Sew::e64, Lmul::m1, Tail::undisturbed);
    return as_.v1(Op::vmv_s_x, vector(1), kScratch);
  }
  to_slot(slot(1), kScratch);
  to_slot(slot(1) + 8, kZero);
}

void VectorAccess::load_extend() {
  const SimdOp op = static_cast<SimdOp>(inst_.immediate);
  const bool is_signed = op == SimdOp::v128_load8x8_s || op == SimdOp::v128_load16x4_s || op == SimdOp::v128_load32x2_s;
  const unsigned from = op == SimdOp::v128_load8x8_s || op == SimdOp::v128_load8x8_u     ? 1
                        : op == SimdOp::v128_load16x4_s || op == SimdOp::v128_load16x4_u ? 2
                                                                                         : 4;
  load_guest(Op::ld, kScratch);
  if (has_v()) {
    e_.use_vectors(1, Sew::e64);
    as_.v1(Op::vmv_s_x, kVectorScratch, kScratch);
    e_.use_vectors(8 / from, kSew[std::countr_zero(2 * from)]);
    return as_.v2(is_signed ? Op::vsext_vf2 : Op::vzext_vf2, vector(1), kVectorScratch);
  }
  for (unsigned i = 0; i < 8 / from; ++i) {
    as_.ri(Op::slli, kScratch2, kScratch, 64 - 8 * from * (i + 1));
    as_.ri(is_signed ? Op::srai : Op::srli, kScratch2, kScratch2, 64 - 8 * from);
    // The address of a slot that is far from the stack pointer goes through the operation's temporary, because both
    // scratch registers hold other values.
    const int64_t at = slot(1) + 2 * from * i;
    if (fits_signed(at, 12)) {
      as_.store(kStores[std::countr_zero(2 * from)], kScratch2, kStackPointer, at);
    } else {
      as_.store_far(kStores[std::countr_zero(2 * from)], kScratch2, kStackPointer, at, operands_[2].reg());
    }
  }
}

void VectorAccess::load_lane() {
  const PReg lane = has_v() ? kScratch : operands_[3].reg();
  load_guest(unsigned_load(inst_.size), lane);
  if (has_v()) return e_.insert_lane(vector(2), vector(1), lane, log_size(), inst_.extra);
  e_.copy_slot(e_.frame_.slot_offset(operands_[1].slot()), e_.frame_.slot_offset(operands_[2].slot()));
  to_slot(slot(2) + inst_.size * inst_.extra, lane, kStores[log_size()]);
}

void VectorAccess::store_lane() {
  if (!has_v()) {
    as_.load_far(unsigned_load(inst_.size), kScratch, kStackPointer, slot(1) + inst_.size * inst_.extra, kScratch2);
  } else {
    e_.use_vectors(1, kSew[log_size()]);
    PReg from = vector(1);
    if (inst_.extra != 0) {
      as_.vi(Op::vslidedown_vi, kVectorScratch, from, inst_.extra);
      from = kVectorScratch;
    }
    as_.v2(Op::vmv_x_s, kScratch, from);
  }
  store_guest(kStores[log_size()], kScratch);
}

void Emitter::vector_access(const MachineInst& inst, Operands operands) {
  VectorAccess access(*this, inst, operands);
  switch (static_cast<Pseudo>(inst.opcode)) {
    case Pseudo::simd_load: return access.load();
    case Pseudo::simd_store: return access.store();
    case Pseudo::simd_load_splat: return access.load_splat();
    case Pseudo::simd_load_zero: return access.load_zero();
    case Pseudo::simd_load_extend: return access.load_extend();
    case Pseudo::simd_load_lane: return access.load_lane();
    case Pseudo::simd_store_lane: return access.store_lane();
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::rv64
