// Emits code that lies after the blocks: traps, and the rare cases of other operations.
#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

using wasm::TrapKind;

// Traps of the same kind in one instruction share their code, which is looked for among the last four entries of
// colds_.
Label Emitter::trap_label(TrapKind kind) {
  for (size_t i = colds_.size(), tries = 0; i-- > 0 && tries < 4; ++tries) {
    const Cold& cold = colds_[i];
    if (cold.kind == ColdKind::trap && cold.position == position_ && cold.detail == static_cast<uint8_t>(kind))
      return cold.entry;
  }
  return cold_label(ColdKind::trap, Label::none(), static_cast<uint8_t>(kind));
}

Label Emitter::cold_label(ColdKind kind, Label back, uint8_t detail) {
  const Label entry = asm_.new_label();
  colds_.push_back({kind, detail, entry, back, nullptr, position_});
  return entry;
}

void Emitter::emit_cold(const Cold& cold_reference) {
  const Cold cold = cold_reference;  // a copy, because colds_ may grow and move its entries
  position_ = cold.position;
  asm_.bind(cold.entry);
  switch (cold.kind) {
    case ColdKind::trap:
      asm_.set_trap(cold.position, static_cast<TrapKind>(cold.detail));
      asm_.record_trap();
      asm_.ud2();
      return;
    case ColdKind::divide_overflow: {
      // The divisor is -1, so only the least dividend overflows. It is the only one whose comparison with 1 sets OF.
      asm_.alu_rm_i(Alu::cmp, cold.inst->size, Rm::r(rax), 1);
      asm_.jcc(Cc::o, trap_label(TrapKind::integer_overflow));
      break;
    }
    case ColdKind::remainder_zero: asm_.mov_ri(rdx, 0); break;
    case ColdKind::nan_add: {
      const Encoding add = sse(cold.inst->size == 4 ? Prefix::pf3 : Prefix::pf2, 0x58);  // addss or addsd
      x_op(add, reg(*cold.inst, 0), reg(*cold.inst, 0), Rm::r(reg(*cold.inst, 2)));
      break;
    }
    case ColdKind::truncate:
      if (!emit_trunc_slow(*cold.inst, cold)) return;
      break;
    case ColdKind::convert_u64: {
      // The number is halved, with the lost bit merged into the lowest one, so that the conversion rounds correctly.
      // The result is doubled.
      const unsigned to = reg(*cold.inst, 0), odd = reg(*cold.inst, 1), from = reg(*cold.inst, 2);
      const Prefix prefix = cold.inst->size == 4 ? Prefix::pf3 : Prefix::pf2;
      asm_.mov_rr(true, kScratch, from);
      asm_.mov_rr(false, odd, from);
      asm_.shift_i(Shift::shr, true, kScratch, 1);
      asm_.alu_rm_i(Alu::and_, 4, Rm::r(odd), 1);
      asm_.alu_rr(Alu::or_, true, kScratch, odd);
      x_op(sse(prefix, 0x2a).wide(), to, to, Rm::r(kScratch));  // cvtsi2ss or cvtsi2sd
      x_op(sse(prefix, 0x58), to, to, Rm::r(to));               // addss or addsd
      break;
    }
    case ColdKind::gc: emit_gc_slow(*cold.inst); break;
    case ColdKind::other_instance:                               // r11 holds the callee's VMContext
      asm_.rm(one_byte(0x87, true), kScratch, Rm::r(kContext));  // xchg: r11 holds the caller's VMContext afterwards
      // memory0_base is the first field of VMContext, and `code` is the first one of VMFuncRef.
      asm_.load(true, kMemory, {.base = kContext});
      asm_.call_rm(Rm::m({.base = static_cast<uint8_t>(reg(*cold.inst, 0))}));
      record_call(*cold.inst);
      restore_instance();
      break;
  }
  asm_.jmp(cold.back);
}

}  // namespace cairn::x64
