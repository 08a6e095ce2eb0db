// Emits conditions, branches and jump tables.
#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

using wasm::TrapKind;

void Emitter::jump_to(MBlock target) {
  if (!layout_.falls_through(current_, target)) asm_.jmp(block_labels_[layout_.target(target).index()]);
}

void Emitter::jump_if(uint8_t condition, Label target) {
  if (condition == static_cast<uint8_t>(FloatCc::equal)) {
    const Label skip = asm_.new_label();
    asm_.jcc(Cc::p, skip);
    asm_.jcc(Cc::e, target);
    asm_.bind(skip);
  } else if (condition == static_cast<uint8_t>(FloatCc::not_equal)) {
    asm_.jcc(Cc::p, target);
    asm_.jcc(Cc::ne, target);
  } else {
    asm_.jcc(static_cast<Cc>(condition), target);
  }
}

void Emitter::emit_branch(const MachineInst& inst) {
  const MBlock if_true = layout_.target(inst.targets[0]), if_false = layout_.target(inst.targets[1]);
  if (if_true == if_false) {  // the compare is needed only if its memory operand may trap
    if (AddressBits::traps(inst.scale)) emit_compare(inst, 0);
    jump_to(if_true);
    return;
  }
  emit_compare(inst, 0);
  if (layout_.falls_through(current_, if_true)) {
    jump_if(inst.condition ^ 1, block_labels_[if_false.index()]);  // the opposite condition
    return;
  }
  jump_if(inst.condition, block_labels_[if_true.index()]);
  jump_to(if_false);
}

void Emitter::emit_compare(const MachineInst& inst, unsigned first) {
  const auto immediate = static_cast<int32_t>(inst.immediate);
  const bool wide = inst.size == 8;
  asm_.set_trap(inst.position, TrapKind::out_of_bounds_memory_access);
  const Encoding ucomis = {0x2e, wide ? Prefix::p66 : Prefix::none, Map::m0f, false};  // ucomiss or ucomisd
  switch (static_cast<Compare>(inst.extra)) {
    case Compare::cmp_rr: asm_.alu_r_rm(Alu::cmp, wide, reg(inst, first), rm(inst, first + 1)); break;
    case Compare::cmp_ri: {
      const Rm a = rm(inst, first);
      if (a.is_register && immediate == 0) {
        asm_.test_rr(wide, a.reg, a.reg);
      } else {
        asm_.alu_rm_i(Alu::cmp, inst.size, a, immediate);
      }
      break;
    }
    case Compare::cmp_rm: asm_.alu_r_rm(Alu::cmp, wide, reg(inst, first), Rm::m(address(inst))); break;
    case Compare::cmp_mi: asm_.alu_rm_i(Alu::cmp, inst.size, Rm::m(address(inst)), immediate); break;
    case Compare::test_rr: asm_.test_rr(wide, reg(inst, first), reg(inst, first + 1)); break;
    case Compare::test_ri: {
      const unsigned a = reg(inst, first);
      // The form for a byte is shorter. Bit 7 of the mask must be clear, because it would count as the sign.
      const bool byte = immediate >= 0 && immediate < 0x80;
      asm_.test_rm_i(byte ? 1 : inst.size, Rm::r(a), immediate);
      break;
    }
    // The access has the size of the folded load, so that it traps where the load would.
    case Compare::test_mi: asm_.test_rm_i(inst.size, Rm::m(address(inst)), immediate); break;
    case Compare::ucomis_rr: x_op(ucomis, reg(inst, first), 0, rm(inst, first + 1)); break;
    case Compare::ucomis_rm: x_op(ucomis, reg(inst, first), 0, Rm::m(address(inst))); break;
    case Compare::ptest_rr:  // ptest
      x_op(sse38(0x17), reg(inst, first), 0, Rm::r(reg(inst, first + 1)));
      break;
  }
}

void Emitter::emit_condition(const MachineInst& inst) {
  const auto high = static_cast<uint32_t>(inst.immediate >> 32);  // a size or trap kind, as machine.def says
  switch (static_cast<Op>(inst.opcode)) {
    case Op::set: {
      const unsigned d = reg(inst, 0);
      // setcc writes only the low byte. The register is cleared before the compare, unless the compare reads it.
      const bool clear_first = !has_operand_in(inst, 1, d);
      if (clear_first) asm_.mov_ri(d, 0);
      emit_compare(inst, 1);
      if (inst.condition < 16) {  // a Cc; a FloatCc combines two of them
        asm_.setcc(static_cast<Cc>(inst.condition), d);
      } else {
        const bool equal = inst.condition == static_cast<uint8_t>(FloatCc::equal);
        asm_.setcc(equal ? Cc::np : Cc::p, kScratch);
        asm_.setcc(equal ? Cc::e : Cc::ne, d);
        asm_.alu_rm_r(equal ? Alu::and_ : Alu::or_, 1, Rm::r(d), kScratch);
      }
      if (!clear_first) asm_.movzx8(d, d);
      break;
    }
    case Op::cmov: {
      const unsigned d = reg(inst, 0);
      emit_compare(inst, 3);
      const Rm value = rm(inst, 2);
      if (inst.condition < 16) {  // a Cc; otherwise FloatCc::not_equal, because lowering avoids FloatCc::equal here
        asm_.cmov(static_cast<Cc>(inst.condition), high == 8, d, value);
      } else {
        asm_.cmov(Cc::ne, high == 8, d, value);
        asm_.cmov(Cc::p, high == 8, d, value);
      }
      break;
    }
    case Op::select_x: {
      const unsigned d = reg(inst, 0);
      const Label skip = asm_.new_label();
      emit_compare(inst, 3);
      jump_if(inst.condition ^ 1, skip);
      const Rm value = rm(inst, 2);
      if (value.is_register) {
        asm_.movaps(cpu_.avx, d, value.reg);
      } else {
        asm_.load_xmm(cpu_.avx, high, d, value.address);
      }
      asm_.bind(skip);
      break;
    }
    case Op::trap_if:
      emit_compare(inst, 0);
      jump_if(inst.condition, trap_label(static_cast<TrapKind>(high)));
      break;
    case Op::checked: {
      const unsigned d = reg(inst, 0);
      asm_.mov_ri(d, 0);
      emit_compare(inst, 2);
      jump_if(inst.condition ^ 1, trap_label(static_cast<TrapKind>(high & 0xff)));
      asm_.cmov(static_cast<Cc>(inst.condition), (high & 0x100) != 0, d, rm(inst, 1));
      break;
    }
    default: CAIRN_UNREACHABLE();
  }
}

void Emitter::emit_jump_table(const MachineInst& inst) {
  const MachineFunction::JumpTable& table = function_.jump_tables[static_cast<size_t>(inst.immediate)];
  const unsigned base = reg(inst, 0);
  unsigned index = reg(inst, 1);
  const bool is_checked = (inst.extra & JumpTableFlags::checked) != 0;
  const bool is_masked = (inst.extra & JumpTableFlags::masked) != 0;
  if (is_checked && is_masked) {
    // The least of the index and the number of the default, without a branch that could be mispredicted.
    asm_.mov_ri(kScratch, table.count - 1);
    asm_.alu_rr(Alu::cmp, false, index, kScratch);
    asm_.cmov(Cc::b, false, kScratch, Rm::r(index));
    index = kScratch;
  } else if (is_checked) {
    const MBlock otherwise = layout_.target(function_.block_lists[table.first + table.count - 1]);
    asm_.alu_rm_i(Alu::cmp, 4, Rm::r(index), static_cast<int32_t>(table.count - 1));
    asm_.jcc(Cc::ae, block_labels_[otherwise.index()]);
  }
  // An entry has four bytes: the distance from the table to the block.
  while (code_.rodata.size() % 4 != 0) code_.rodata.push_back(std::byte{0});
  const uint32_t rodata = static_cast<uint32_t>(code_.rodata.size());
  const uint32_t entries = is_checked && !is_masked ? table.count - 1 : table.count;
  code_.rodata.resize(rodata + 4 * entries);
  jump_tables_.push_back({static_cast<uint32_t>(inst.immediate), rodata, entries});
  asm_.lea(true, base, {.rodata = true, .displacement = static_cast<int32_t>(rodata)});
  // movsxd r11, [base + 4 * index]
  asm_.rm(one_byte(0x63, true), kScratch,
          Rm::m({.base = static_cast<uint8_t>(base), .index = static_cast<uint8_t>(index), .scale = 2}));
  asm_.alu_rr(Alu::add, true, kScratch, base);
  asm_.jmp_rm(Rm::r(kScratch));
}

void Emitter::emit_jump_tables() {
  // A relocation gives the distance from the entry to the block. The addend, which is the distance from the table to
  // the entry, makes it the distance from the table to the block.
  for (const JumpTable& jump : jump_tables_) {
    const MachineFunction::JumpTable& table = function_.jump_tables[jump.table];
    for (uint32_t i = 0; i < jump.entries; ++i) {
      const uint32_t entry = jump.rodata + 4 * i;
      const MBlock target = layout_.target(function_.block_lists[table.first + i]);
      code_.relocations.push_back({codegen::RelocationKind::code_address, entry,
                                   asm_.offset_of(block_labels_[target.index()]), static_cast<int32_t>(4 * i)});
    }
  }
}

}  // namespace cairn::x64
