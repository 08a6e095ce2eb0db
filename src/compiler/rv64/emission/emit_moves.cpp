// Emits the moves that the register allocator has inserted.
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

using codegen::InsertedMove;

void Emitter::moves_before(uint32_t inst) {
  for (; next_move_ < allocation_.moves.size() && allocation_.moves[next_move_].before.index() == inst; ++next_move_)
    move(allocation_.moves[next_move_]);
}

void Emitter::move(const InsertedMove& m) {
  if (m.rematerialize.valid()) {  // the move repeats the instruction that makes a constant
    const MachineInst& inst = function_.insts[m.rematerialize.index()];
    if (m.to.is_register() || (m.reg_class == RegClass::vector && !cpu_.v)) return instruction(inst, {&m.to, 1});
    const PReg scratch = codegen::in_integer_registers(m.reg_class) ? kScratch
                         : m.reg_class == RegClass::floating        ? kFloatScratch
                                                                    : kVectorScratch;
    const Allocation through = Allocation::in_register(scratch);
    instruction(inst, {&through, 1});
    return move_to_slot(m.reg_class, scratch, frame_.slot_offset(m.to.slot()));
  }
  if (m.from.is_slot() && m.to.is_slot()) {
    const uint32_t from = frame_.slot_offset(m.from.slot()), to = frame_.slot_offset(m.to.slot());
    if (m.reg_class == RegClass::vector && !cpu_.v) return copy_slot(from, to);
    const PReg scratch = codegen::in_integer_registers(m.reg_class) ? kScratch
                         : m.reg_class == RegClass::floating        ? kFloatScratch
                                                                    : kVectorScratch;
    move_from_slot(m.reg_class, scratch, from);
    return move_to_slot(m.reg_class, scratch, to);
  }
  if (m.from.is_slot()) return move_from_slot(m.reg_class, m.to.reg(), frame_.slot_offset(m.from.slot()));
  if (m.to.is_slot()) return move_to_slot(m.reg_class, m.from.reg(), frame_.slot_offset(m.to.slot()));
  const PReg from = m.from.reg(), to = m.to.reg();
  if (from == to) return;
  switch (m.reg_class) {
    case RegClass::integer:
    case RegClass::reference: return as_.move(to, from);
    case RegClass::floating: return as_.r3(Op::fsgnj_d, to, from, from);
    case RegClass::vector: return as_.v2(Op::vmv1r_v, to, from);
  }
}

void Emitter::move_to_slot(RegClass reg_class, PReg from, uint32_t offset) {
  switch (reg_class) {
    case RegClass::integer:
    case RegClass::reference: return as_.store_far(Op::sd, from, kStackPointer, offset, kScratch2);
    case RegClass::floating: return as_.store_far(Op::fsd, from, kStackPointer, offset, kScratch2);
    case RegClass::vector:
      as_.add_immediate(kScratch2, kStackPointer, offset, kScratch2);
      use_vectors(16, Sew::e8);
      return as_.vmem(Op::vse8, from, kScratch2);
  }
}

void Emitter::move_from_slot(RegClass reg_class, PReg to, uint32_t offset) {
  switch (reg_class) {
    case RegClass::integer:
    case RegClass::reference: return as_.load_far(Op::ld, to, kStackPointer, offset, kScratch2);
    case RegClass::floating: return as_.load_far(Op::fld, to, kStackPointer, offset, kScratch2);
    case RegClass::vector:
      as_.add_immediate(kScratch2, kStackPointer, offset, kScratch2);
      use_vectors(16, Sew::e8);
      return as_.vmem(Op::vle8, to, kScratch2);
  }
}

}  // namespace cairn::rv64
