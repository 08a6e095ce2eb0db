// Emits the moves that the register allocator has inserted.
#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

using codegen::InsertedMove;

// Emits one move: a constant, or a copy between two registers or a register and a slot. The allocator makes no move
// from slot to slot.
void Emitter::emit_move(const InsertedMove& move) {
  if (move.rematerialize) {  // the move repeats the instruction that makes a constant
    MachineInst inst = function_.insts[move.rematerialize.index()];
    const bool to_slot = move.to.is_slot();
    const bool integer = codegen::in_integer_registers(move.reg_class);
    const unsigned to = to_slot ? (integer ? unsigned{kScratch} : kScratchXmm) : move.to.reg().encoding();
    switch (static_cast<Op>(inst.opcode)) {
      case Op::mov_imm: asm_.mov_ri(to, static_cast<uint64_t>(inst.immediate)); break;
      case Op::mov_context: asm_.mov_rr(true, to, kContext); break;
      case Op::type_id:
        asm_.mov_ri(to, 0x7fff'ffff);  // a placeholder of 4 bytes, which the relocation replaces
        code_.relocations.push_back(
            {codegen::RelocationKind::type_id, code_.offset() - 4, static_cast<uint32_t>(inst.immediate), 0});
        break;
      default: emit_xmm(inst, to); break;
    }
    if (!to_slot) return;
    if (integer) {
      asm_.store(8, slot_address(move.to.slot()), to);
    } else {
      asm_.store_xmm(cpu_.avx, move.reg_class == RegClass::vector ? 16 : 8, slot_address(move.to.slot()), to);
    }
    return;
  }
  const unsigned size = move.reg_class == RegClass::vector ? 16 : 8;
  if (move.to.is_slot()) {
    CAIRN_ASSERT(move.from.is_register());
    if (codegen::in_integer_registers(move.reg_class)) {
      asm_.store(8, slot_address(move.to.slot()), move.from.reg().encoding());
    } else {
      asm_.store_xmm(cpu_.avx, size, slot_address(move.to.slot()), move.from.reg().encoding());
    }
  } else if (move.from.is_slot()) {
    if (codegen::in_integer_registers(move.reg_class)) {
      asm_.load(true, move.to.reg().encoding(), slot_address(move.from.slot()));
    } else {
      asm_.load_xmm(cpu_.avx, size, move.to.reg().encoding(), slot_address(move.from.slot()));
    }
  } else if (codegen::in_integer_registers(move.reg_class)) {
    asm_.mov_rr(true, move.to.reg().encoding(), move.from.reg().encoding());
  } else {
    asm_.movaps(cpu_.avx, move.to.reg().encoding(), move.from.reg().encoding());
  }
}

}  // namespace cairn::x64
