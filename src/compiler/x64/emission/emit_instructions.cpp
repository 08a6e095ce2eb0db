// Emits instructions on general registers.
#include "compiler/x64/emission/emitter.hpp"

namespace cairn::x64 {

using wasm::TrapKind;

void Emitter::emit_extend(unsigned to, const Rm& from, Extend extend, unsigned size) {
  switch (extend) {
    case Extend::none: asm_.rm(one_byte(0x8b, size == 8), to, from); break;                      // mov
    case Extend::zero8: asm_.rm(two_byte(0xb6), to, from, 0, from.is_register); break;           // movzx
    case Extend::zero16: asm_.rm(two_byte(0xb7), to, from); break;                               // movzx
    case Extend::sign8_32: asm_.rm(two_byte(0xbe), to, from, 0, from.is_register); break;        // movsx
    case Extend::sign16_32: asm_.rm(two_byte(0xbf), to, from); break;                            // movsx
    case Extend::sign8_64: asm_.rm(two_byte(0xbe, true), to, from, 0, from.is_register); break;  // movsx
    case Extend::sign16_64: asm_.rm(two_byte(0xbf, true), to, from); break;                      // movsx
    case Extend::sign32_64: asm_.rm(one_byte(0x63, true), to, from); break;                      // movsxd
  }
}

void Emitter::emit_lea(const MachineInst& inst) {
  const bool wide = inst.size == 8;
  const unsigned d = reg(inst, 0);
  const Address from = address(inst);
  // An address without a base has a displacement of 32 bits. So x * 2 is written as x + x.
  if (from.base == kNoRegister && from.scale == 1 && from.index != kNoRegister) {
    asm_.lea(wide, d, {.base = from.index, .index = from.index, .displacement = from.displacement});
  } else {
    asm_.lea(wide, d, from);
  }
}

void Emitter::emit_add(const MachineInst& inst) {
  const bool wide = inst.size == 8;
  const unsigned d = reg(inst, 0);
  const unsigned a = reg(inst, 1);
  const Rm b = rm(inst, 2);
  if (d == a) {
    asm_.alu_r_rm(Alu::add, wide, a, b);
  } else if (b.is_register && d == b.reg) {
    asm_.alu_rr(Alu::add, wide, b.reg, a);
  } else if (b.is_register) {
    // As a base, rbp and r13 need a displacement byte, so they become the index.
    const bool swap = (a & 7) == 5;
    asm_.lea(wide, d,
             {.base = static_cast<uint8_t>(swap ? b.reg : a), .index = static_cast<uint8_t>(swap ? a : b.reg)});
  } else {
    asm_.mov_rr(wide, d, a);
    asm_.alu_r_rm(Alu::add, wide, d, b);
  }
}

void Emitter::emit_add_immediate(const MachineInst& inst) {
  const bool wide = inst.size == 8;
  const unsigned d = reg(inst, 0);
  const unsigned a = reg(inst, 1);
  const auto value = static_cast<int32_t>(inst.immediate);
  if (d != a) {
    asm_.lea(wide, d, {.base = static_cast<uint8_t>(a), .displacement = value});
  } else if (value == 128) {  // unlike 128, -128 fits in an immediate of 8 bits
    asm_.alu_rm_i(Alu::sub, inst.size, Rm::r(a), -128);
  } else if (value != 0) {
    asm_.alu_rm_i(Alu::add, inst.size, Rm::r(a), value);
  }
}

void Emitter::emit_multiply_immediate(const MachineInst& inst) {
  const bool wide = inst.size == 8;
  const unsigned d = reg(inst, 0);
  const auto value = static_cast<int32_t>(inst.immediate);
  const bool small = value == static_cast<int8_t>(value);
  asm_.rm(one_byte(small ? 0x6b : 0x69, wide), d, rm(inst, 1), small ? 1 : 4);  // imul
  if (small) {
    asm_.imm8(value);
  } else {
    asm_.imm32(value);
  }
}

// The low halves are added (or subtracted) in r11, because `low` may be the register of an operand that is still
// needed.
void Emitter::emit_wide_add(const MachineInst& inst) {
  const Alu op = static_cast<Alu>(inst.extra);
  const unsigned low = reg(inst, 0), high = reg(inst, 1), b_high = reg(inst, 5);
  asm_.rm(one_byte(0x8b, true), kScratch, rm(inst, 2));  // mov
  asm_.alu_r_rm(op, true, kScratch, rm(inst, 3));
  const Rm a_high = rm(inst, 4);
  if (!a_high.is_register || a_high.reg != high) asm_.rm(one_byte(0x8b, true), high, a_high);  // mov
  asm_.alu_rr(op == Alu::add ? Alu::adc : Alu::sbb, true, high, b_high);
  asm_.mov_rr(true, low, kScratch);
}

void Emitter::emit_shift_left_by_lea(const MachineInst& inst) {
  const bool wide = inst.size == 8;
  const unsigned d = reg(inst, 0);
  const auto a = static_cast<uint8_t>(reg(inst, 1));
  const auto count = static_cast<unsigned>(inst.immediate);
  if (d == a) {
    asm_.shift_i(Shift::shl, wide, a, count);
  } else if (count == 1) {
    asm_.lea(wide, d, {.base = a, .index = a});
  } else {
    asm_.lea(wide, d, {.index = a, .scale = static_cast<uint8_t>(count)});
  }
}

void Emitter::emit_clz(const MachineInst& inst) {
  const bool wide = inst.size == 8;
  const unsigned d = reg(inst, 0);
  // bsr gives the number of the highest bit, and xor with width - 1 turns that into the number of leading zeros. For
  // zero, bsr sets ZF, so d keeps 2 * width - 1, which the xor turns into the width.
  const unsigned width = inst.size * 8u;
  asm_.rm(two_byte(0xbd, wide), kScratch, Rm::r(reg(inst, 1)));  // bsr
  code_.emit8(d >= 8 ? 0x41 : 0x40);                             // this form of mov keeps the flags
  code_.emit8(static_cast<uint8_t>(0xb8 | (d & 7)));
  code_.emit32(2 * width - 1);
  asm_.cmov(Cc::ne, false, d, Rm::r(kScratch));
  asm_.alu_rm_i(Alu::xor_, 4, Rm::r(d), static_cast<int32_t>(width - 1));
}

// Emits moves, addresses and accesses to memory, and passes other operations on to emit_arithmetic().
void Emitter::emit_integer(const MachineInst& inst) {
  const auto d = [&] { return reg(inst, 0); };
  switch (static_cast<Op>(inst.opcode)) {
    case Op::entry:
      if (inst.immediate != 0) {  // the function saves its VMContext
        context_slot_ = frame_.fixed_offset + static_cast<uint32_t>(inst.immediate) - 1;
        asm_.store(8, {.base = rsp, .displacement = static_cast<int32_t>(context_slot_)}, kContext);
      }
      break;
    case Op::mov_imm: asm_.mov_ri(d(), static_cast<uint64_t>(inst.immediate)); break;
    case Op::mov_context: asm_.mov_rr(true, d(), kContext); break;
    case Op::type_id:
      asm_.mov_ri(d(), 0x7fff'ffff);  // a placeholder of 4 bytes, which the relocation replaces
      code_.relocations.push_back(
          {codegen::RelocationKind::type_id, code_.offset() - 4, static_cast<uint32_t>(inst.immediate), 0});
      break;
    case Op::zext32: asm_.rm(one_byte(0x8b), d(), rm(inst, 1)); break;  // mov of 32 bits
    case Op::extend: emit_extend(d(), rm(inst, 1), static_cast<Extend>(inst.extra), 8); break;
    case Op::lea: emit_lea(inst); break;
    case Op::load:
      asm_.set_trap(inst.position, static_cast<TrapKind>(inst.condition));
      emit_extend(d(), Rm::m(address(inst)), static_cast<Extend>(inst.extra), inst.size);
      break;
    case Op::store:
      asm_.set_trap(inst.position, static_cast<TrapKind>(inst.condition));
      asm_.store(inst.size, address(inst), reg(inst, 0));
      break;
    case Op::store_imm:
      asm_.set_trap(inst.position, static_cast<TrapKind>(inst.condition));
      asm_.store_imm(inst.size, address(inst), static_cast<int32_t>(inst.immediate));
      break;
    case Op::fence:  // mfence
      code_.emit8(0x0f);
      code_.emit16(0xf0ae);
      break;
    default: emit_arithmetic(inst); break;
  }
}

void Emitter::emit_arithmetic(const MachineInst& inst) {
  const bool wide = inst.size == 8;
  const auto d = [&] { return reg(inst, 0); };
  switch (static_cast<Op>(inst.opcode)) {
    case Op::add_rr: emit_add(inst); break;
    case Op::add_ri: emit_add_immediate(inst); break;
    case Op::alu_rr: asm_.alu_r_rm(static_cast<Alu>(inst.extra), wide, d(), rm(inst, 2)); break;
    case Op::alu_ri:
      asm_.alu_rm_i(static_cast<Alu>(inst.extra), inst.size, Rm::r(d()), static_cast<int32_t>(inst.immediate));
      break;
    case Op::alu_rm:
      asm_.set_trap(inst.position, TrapKind::out_of_bounds_memory_access);
      asm_.alu_r_rm(static_cast<Alu>(inst.extra), wide, d(), Rm::m(address(inst)));
      break;
    case Op::alu_mr:
      asm_.set_trap(inst.position, TrapKind::out_of_bounds_memory_access);
      asm_.alu_rm_r(static_cast<Alu>(inst.extra), inst.size, Rm::m(address(inst)), reg(inst, 0));
      break;
    case Op::alu_mi:
      asm_.set_trap(inst.position, TrapKind::out_of_bounds_memory_access);
      asm_.alu_rm_i(static_cast<Alu>(inst.extra), inst.size, Rm::m(address(inst)),
                    static_cast<int32_t>(inst.immediate));
      break;
    case Op::imul_rr: asm_.rm(two_byte(0xaf, wide), d(), rm(inst, 2)); break;  // imul
    case Op::imul_rm:
      asm_.set_trap(inst.position, TrapKind::out_of_bounds_memory_access);
      asm_.rm(two_byte(0xaf, wide), d(), Rm::m(address(inst)));  // imul
      break;
    case Op::imul_ri: emit_multiply_immediate(inst); break;
    case Op::neg: asm_.rm(one_byte(0xf7, wide), 3, Rm::r(d())); break;   // f7 /3
    case Op::not_: asm_.rm(one_byte(0xf7, wide), 2, Rm::r(d())); break;  // f7 /2
    case Op::divide: emit_divide(inst); break;
    case Op::mul_wide:  // imul (f7 /5) or mul (f7 /4)
      asm_.rm(one_byte(0xf7, true), inst.extra != 0 ? 5 : 4, rm(inst, 3));
      break;
    case Op::wide_add: emit_wide_add(inst); break;
    default: emit_bits(inst); break;
  }
}

void Emitter::emit_bits(const MachineInst& inst) {
  const bool wide = inst.size == 8;
  const auto d = [&] { return reg(inst, 0); };
  switch (static_cast<Op>(inst.opcode)) {
    case Op::shl_lea: emit_shift_left_by_lea(inst); break;
    case Op::shift_i:
      if (inst.immediate != 0) {
        asm_.shift_i(static_cast<Shift>(inst.extra), wide, d(), static_cast<unsigned>(inst.immediate));
      } else if (!wide) {  // a shift by 0 still clears the upper half
        asm_.mov_rr(false, d(), d());
      }
      break;
    case Op::shift_cl: asm_.shift_cl(static_cast<Shift>(inst.extra), wide, d()); break;
    case Op::shiftx: {  // shlx, shrx or sarx
      const Shift op = static_cast<Shift>(inst.extra);
      const Prefix prefix = op == Shift::shl ? Prefix::p66 : op == Shift::shr ? Prefix::pf2 : Prefix::pf3;
      asm_.vex({0xf7, prefix, Map::m0f38, wide}, d(), reg(inst, 2), rm(inst, 1));
      break;
    }
    case Op::rorx:
      asm_.vex({0xf0, Prefix::pf2, Map::m0f3a, wide}, d(), 0, rm(inst, 1), 1);
      asm_.imm8(inst.immediate);
      break;
    case Op::bit_unary: asm_.rm(Encoding::unpack(static_cast<uint16_t>(inst.immediate)), d(), rm(inst, 1)); break;
    case Op::bmi_unary: asm_.vex({0xf3, Prefix::none, Map::m0f38, wide}, inst.extra, d(), rm(inst, 1)); break;
    case Op::andn: asm_.vex({0xf2, Prefix::none, Map::m0f38, wide}, d(), reg(inst, 1), rm(inst, 2)); break;
    case Op::clz_bsr: emit_clz(inst); break;
    case Op::ctz_bsf:
      asm_.rm(two_byte(0xbc, wide), kScratch, Rm::r(reg(inst, 1)));  // bsf, which sets ZF for zero
      code_.emit8(d() >= 8 ? 0x41 : 0x40);                           // this form of mov keeps the flags
      code_.emit8(static_cast<uint8_t>(0xb8 | (d() & 7)));
      code_.emit32(inst.size * 8u);
      asm_.cmov(Cc::ne, false, d(), Rm::r(kScratch));
      break;
    case Op::popcnt_swar: emit_popcnt(inst); break;
    default: CAIRN_UNREACHABLE();
  }
}

void Emitter::emit_divide(const MachineInst& inst) {
  const bool wide = inst.size == 8;
  const unsigned b = reg(inst, 3);
  const uint8_t flags = inst.extra;
  if ((flags & DivideFlags::check_zero) != 0) {
    asm_.test_rr(wide, b, b);
    asm_.jcc(Cc::e, trap_label(TrapKind::integer_divide_by_zero));
  }
  const Label back = asm_.new_label();
  const bool remainder = (flags & DivideFlags::remainder) != 0;
  if ((flags & DivideFlags::check_overflow) != 0) {
    asm_.alu_rm_i(Alu::cmp, inst.size, Rm::r(b), -1);
    asm_.jcc(Cc::e, cold_label(remainder ? ColdKind::remainder_zero : ColdKind::divide_overflow, back));
    colds_.back().inst = &inst;
    if (!remainder) asm_.bind(back);
  }
  if ((flags & DivideFlags::is_signed) != 0) {
    if (wide) code_.emit8(0x48);
    code_.emit8(0x99);                           // cdq or cqo
    asm_.rm(one_byte(0xf7, wide), 7, Rm::r(b));  // idiv
  } else {
    asm_.mov_ri(rdx, 0);
    asm_.rm(one_byte(0xf7, wide), 6, Rm::r(b));  // div
  }
  if ((flags & DivideFlags::check_overflow) != 0 && remainder) asm_.bind(back);
}

void Emitter::emit_popcnt(const MachineInst& inst) {
  // The algorithm is in Warren, Hacker's Delight, 5-1: it computes the counts of fields of 2, 4 and 8 bits, and a
  // multiplication adds the counts of all bytes.
  const bool wide = inst.size == 8;
  const unsigned d = reg(inst, 0), t = reg(inst, 1), a = reg(inst, 2);
  const auto mask = [&](uint64_t bits) { return wide ? bits : bits & 0xffff'ffff; };
  asm_.mov_rr(wide, t, a);
  asm_.shift_i(Shift::shr, wide, t, 1);
  asm_.mov_ri(kScratch, mask(0x5555'5555'5555'5555));
  asm_.alu_rr(Alu::and_, wide, t, kScratch);
  asm_.mov_rr(wide, d, a);
  asm_.alu_rr(Alu::sub, wide, d, t);
  asm_.mov_ri(kScratch, mask(0x3333'3333'3333'3333));
  asm_.mov_rr(wide, t, d);
  asm_.shift_i(Shift::shr, wide, t, 2);
  asm_.alu_rr(Alu::and_, wide, t, kScratch);
  asm_.alu_rr(Alu::and_, wide, d, kScratch);
  asm_.alu_rr(Alu::add, wide, d, t);
  asm_.mov_rr(wide, t, d);
  asm_.shift_i(Shift::shr, wide, t, 4);
  asm_.alu_rr(Alu::add, wide, d, t);
  asm_.mov_ri(kScratch, mask(0x0f0f'0f0f'0f0f'0f0f));
  asm_.alu_rr(Alu::and_, wide, d, kScratch);
  asm_.mov_ri(kScratch, mask(0x0101'0101'0101'0101));
  asm_.rm(two_byte(0xaf, wide), d, Rm::r(kScratch));  // imul
  asm_.shift_i(Shift::shr, wide, d, wide ? 56 : 24);
}

}  // namespace cairn::x64
