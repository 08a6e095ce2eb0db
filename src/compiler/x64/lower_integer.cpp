// Integer arithmetic, compares, selects, branches.
#include <bit>

#include "compiler/x64/lower.hpp"

namespace cairn::x64 {

using codegen::InstFlag;
using ir::Condition;
using ir::Instruction;
using ir::Opcode;
using ir::Type;
using ir::Value;

namespace {

constexpr uint8_t cc_of(Condition condition) {
  switch (condition) {
    case Condition::eq: return static_cast<uint8_t>(Cc::e);
    case Condition::ne: return static_cast<uint8_t>(Cc::ne);
    case Condition::slt: return static_cast<uint8_t>(Cc::l);
    case Condition::sle: return static_cast<uint8_t>(Cc::le);
    case Condition::sgt: return static_cast<uint8_t>(Cc::g);
    case Condition::sge: return static_cast<uint8_t>(Cc::ge);
    case Condition::ult: return static_cast<uint8_t>(Cc::b);
    case Condition::ule: return static_cast<uint8_t>(Cc::be);
    case Condition::ugt: return static_cast<uint8_t>(Cc::a);
    case Condition::uge: return static_cast<uint8_t>(Cc::ae);
    default: CAIRN_UNREACHABLE();
  }
}

constexpr Encoding kLzcnt = {0xbd, Prefix::pf3, Map::m0f, false};
constexpr Encoding kTzcnt = {0xbc, Prefix::pf3, Map::m0f, false};
constexpr Encoding kPopcnt = {0xb8, Prefix::pf3, Map::m0f, false};

}  // namespace

// --- Additions: an add, a lea of up to three terms, or an add from memory -------------------------------------------------

void X64Lowering::lower_add(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const VReg result = def(value);
  Value a = instruction.operands[0], b = instruction.operands[1];
  if (immediate32(a)) std::swap(a, b);
  if (!immediate32(b)) {
    for (const bool swap : {false, true}) {
      const Value memory = swap ? a : b, other = swap ? b : a;
      if (!can_fold_load(resolve(memory), size)) continue;
      const VReg source = size == 4 ? use_low(other) : use(other);
      const AddressMode address = *fold_load(memory, size);
      put_address(Op::alu_rm, {Operand::def_reuse(result, 1), Operand::use(source)}, address, size).extra =
          static_cast<uint8_t>(Alu::add);
      return;
    }
  }

  // Collect base + index << scale + displacement; within 32 bits everything may wrap, as lea does too.
  AddressMode address;
  Value terms[2];
  unsigned term_count = 0;
  const auto collect = [&](auto&& self, Value term, unsigned depth) -> bool {
    if (const auto constant = immediate32(term); constant && add_displacement(address, *constant)) return true;
    term = size == 4 ? low_source(term) : resolve(term);
    const Instruction& made = inst(term);
    // 64-bit sums may be taken apart only as 64-bit ones.
    if (depth > 0 && made.opcode == Opcode::iadd && width(made.type) >= size && is_only_use(term) &&
        immediate32(made.operands[1])) {
      return self(self, made.operands[0], depth - 1) && self(self, made.operands[1], depth - 1);
    }
    if (term_count == 2) return false;
    terms[term_count++] = term;
    return true;
  };
  const bool ok = collect(collect, a, 3) && collect(collect, b, 3);
  if (!ok || term_count == 0) {
    address.displacement = 0;
    term_count = 0;
    terms[term_count++] = a;
    terms[term_count++] = b;
  }
  const auto use_term = [&](Value term) { return size == 4 ? use_low(term) : use(term); };
  // A shifted term becomes the index.
  const auto shift_of = [&](Value term) -> unsigned {
    term = size == 4 ? low_source(term) : resolve(term);
    const Instruction& made = inst(term);
    if (made.opcode != Opcode::ishl || width(made.type) < size || !is_only_use(term)) return 0;
    const auto count = integer_constant(made.operands[1]);
    return count && *count >= 1 && *count <= 3 ? static_cast<unsigned>(*count) : 0;
  };
  if (term_count == 2) {
    if (shift_of(terms[0]) != 0 && shift_of(terms[1]) == 0) std::swap(terms[0], terms[1]);
    if (const unsigned shift = shift_of(terms[1]); shift != 0) {
      const Value shifted = size == 4 ? low_source(terms[1]) : resolve(terms[1]);
      address.base = Base::reg;
      address.base_reg = use_term(terms[0]);
      address.index = use_term(inst(shifted).operands[0]);
      address.scale = static_cast<uint8_t>(shift);
      put_address(Op::lea, {Operand::def(result)}, address, size);
      return;
    }
    if (address.displacement != 0) {
      address.base = Base::reg;
      address.base_reg = use_term(terms[0]);
      address.index = use_term(terms[1]);
      put_address(Op::lea, {Operand::def(result)}, address, size);
      return;
    }
    const VReg first = use_term(terms[0]);
    const VReg second = use_term(terms[1]);
    put(Op::add_rr, {Operand::def(result), Operand::use(first), Operand::use_any(second)}, size);
    return;
  }
  if (const unsigned shift = shift_of(terms[0]); shift != 0) {
    const Value shifted = size == 4 ? low_source(terms[0]) : resolve(terms[0]);
    address.index = use_term(inst(shifted).operands[0]);
    address.scale = static_cast<uint8_t>(shift);
    put_address(Op::lea, {Operand::def(result)}, address, size);
    return;
  }
  const VReg source = use_term(terms[0]);
  put(Op::add_ri, {Operand::def(result), Operand::use(source)}, size).immediate = address.displacement;
}

// --- and, or, xor, sub ----------------------------------------------------------------------------------------------------

// x & ~y, x & (x - 1), x & -x, and masks that are moves.
bool X64Lowering::lower_and_bits(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const VReg result = def(value);
  const auto use_sized = [&](Value operand) { return size == 4 ? use_low(operand) : use(operand); };
  if (const auto mask = integer_constant(instruction.operands[1])) {
    const uint64_t bits = static_cast<uint64_t>(*mask) & (size == 4 ? 0xffff'ffffu : ~uint64_t{0});
    if (bits != 0xff && bits != 0xffff && (bits != 0xffff'ffff || size == 4)) return false;
    const VReg source = use_low(instruction.operands[0]);
    if (bits == 0xffff'ffff) {
      put(Op::zext32, {Operand::def(result), Operand::use_any(source)}, 4);
    } else {
      put(Op::extend, {Operand::def(result), Operand::use_any(source)}, 4).extra =
          static_cast<uint8_t>(bits == 0xff ? Extend::zero8 : Extend::zero16);
    }
    return true;
  }
  if (!cpu_.bmi1) return false;
  for (const bool swap : {false, true}) {
    const Value a = instruction.operands[swap ? 1 : 0];
    const Value b = resolve(instruction.operands[swap ? 0 : 1]);
    if (!is_only_use(b)) continue;
    const Instruction& made = inst(b);
    if (made.opcode == Opcode::ixor && immediate32(made.operands[1]) == -1) {
      const VReg inverted = use_sized(made.operands[0]);
      const VReg other = use_sized(a);
      put(Op::andn, {Operand::def(result), Operand::use(inverted), Operand::use_any(other)}, size);
      return true;
    }
    unsigned digit = 0;
    if (made.opcode == Opcode::iadd && immediate32(made.operands[1]) == -1 && resolve(made.operands[0]) == resolve(a)) {
      digit = 1;
    }
    if (made.opcode == Opcode::isub && immediate32(made.operands[0]) == 0 && resolve(made.operands[1]) == resolve(a)) {
      digit = 3;
    }
    if (digit == 0) continue;
    const VReg source = use_sized(a);
    put(Op::bmi_unary, {Operand::def(result), Operand::use_any(source)}, size).extra = static_cast<uint8_t>(digit);
    return true;
  }
  return false;
}

void X64Lowering::lower_alu(Value value, Alu op, bool commutes) {
  const Instruction& instruction = inst(value);
  unsigned size = width(instruction.type);
  const VReg result = def(value);
  Value a = instruction.operands[0], b = instruction.operands[1];
  const auto use_sized = [&](Value operand) { return size == 4 ? use_low(operand) : use(operand); };
  if (op == Alu::and_ && lower_and_bits(value)) return;
  if (op == Alu::sub) {
    if (immediate32(a) == 0) {
      const VReg source = use_sized(b);
      put(Op::neg, {Operand::def_reuse(result, 1), Operand::use(source)}, size);
      return;
    }
    if (const auto constant = immediate32(b); constant && *constant != INT32_MIN) {
      const VReg source = use_sized(a);
      put(Op::add_ri, {Operand::def(result), Operand::use(source)}, size).immediate = -int64_t{*constant};
      return;
    }
  }
  if (commutes && immediate32(a)) std::swap(a, b);
  auto immediate = immediate32(b);
  if (op == Alu::and_) {
    // A 64-bit mask of 32 bits: the 32-bit operation clears the rest.
    if (const auto constant = integer_constant(b); constant && *constant == static_cast<uint32_t>(*constant)) {
      size = 4;
      immediate = static_cast<int32_t>(*constant);
    }
  }
  if (immediate) {
    const VReg source = use_sized(a);
    if (op == Alu::xor_ && *immediate == -1) {
      put(Op::not_, {Operand::def_reuse(result, 1), Operand::use(source)}, size);
      return;
    }
    MachineInst& made = put(Op::alu_ri, {Operand::def_reuse(result, 1), Operand::use(source)}, size);
    made.extra = static_cast<uint8_t>(op);
    made.immediate = *immediate;
    return;
  }
  for (const bool swap : {false, true}) {
    if (swap && !commutes) break;
    const Value memory = swap ? a : b, other = swap ? b : a;
    if (!can_fold_load(resolve(memory), size)) continue;
    const VReg source = use_sized(other);
    const AddressMode address = *fold_load(memory, size);
    put_address(Op::alu_rm, {Operand::def_reuse(result, 1), Operand::use(source)}, address, size).extra =
        static_cast<uint8_t>(op);
    return;
  }
  const VReg first = use_sized(a);
  const VReg second = use_sized(b);
  put(Op::alu_rr, {Operand::def_reuse(result, 1), Operand::use(first), Operand::use_any(second)}, size).extra =
      static_cast<uint8_t>(op);
}

// --- Multiplication and division ------------------------------------------------------------------------------------------

void X64Lowering::lower_multiply(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const VReg result = def(value);
  Value a = instruction.operands[0], b = instruction.operands[1];
  const auto use_sized = [&](Value operand) { return size == 4 ? use_low(operand) : use(operand); };
  if (immediate32(a)) std::swap(a, b);
  if (const auto immediate = immediate32(b)) {
    const VReg source = use_sized(a);
    if (*immediate == 3 || *immediate == 5 || *immediate == 9) {
      AddressMode address;
      address.base = Base::reg;
      address.base_reg = address.index = source;
      address.scale = *immediate == 3 ? 1 : *immediate == 5 ? 2 : 3;
      put_address(Op::lea, {Operand::def(result)}, address, size);
      return;
    }
    put(Op::imul_ri, {Operand::def(result), Operand::use_any(source)}, size).immediate = *immediate;
    return;
  }
  for (const bool swap : {false, true}) {
    const Value memory = swap ? a : b, other = swap ? b : a;
    if (!can_fold_load(resolve(memory), size)) continue;
    const VReg source = use_sized(other);
    const AddressMode address = *fold_load(memory, size);
    put_address(Op::imul_rm, {Operand::def_reuse(result, 1), Operand::use(source)}, address, size);
    return;
  }
  const VReg first = use_sized(a);
  const VReg second = use_sized(b);
  put(Op::imul_rr, {Operand::def_reuse(result, 1), Operand::use(first), Operand::use_any(second)}, size);
}

void X64Lowering::lower_divide(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const bool is_signed = instruction.opcode == Opcode::sdiv || instruction.opcode == Opcode::srem;
  const bool remainder = instruction.opcode == Opcode::srem || instruction.opcode == Opcode::urem;
  const auto divisor = integer_constant(instruction.operands[1]);
  unsigned flags = (is_signed ? DivideFlags::is_signed : 0u) | (remainder ? DivideFlags::remainder : 0u);
  if (!divisor || *divisor == 0) flags |= DivideFlags::check_zero;
  if (is_signed && (!divisor || *divisor == -1)) flags |= DivideFlags::check_overflow;
  const VReg quotient = remainder ? temporary(RegClass::integer) : def(value);
  const VReg rest = remainder ? def(value) : temporary(RegClass::integer);
  const VReg a = size == 4 ? use_low(instruction.operands[0]) : use(instruction.operands[0]);
  const VReg b = size == 4 ? use_low(instruction.operands[1]) : use(instruction.operands[1]);
  Operand rest_operand = Operand::def_fixed(rest, gpr(rdx));
  rest_operand.position = codegen::Position::early;
  put(Op::divide, {Operand::def_fixed(quotient, gpr(rax)), rest_operand, Operand::use_fixed(a, gpr(rax)), Operand::use(b)},
      size)
      .extra = static_cast<uint8_t>(flags);
}

void X64Lowering::lower_wide(Value value) {
  const Instruction& instruction = inst(value);
  const VReg low = def(value);
  const Value high_value = second_result(value);
  const VReg high = high_value ? def(high_value) : temporary(RegClass::integer);
  const std::span<const Value> operands = function_.operands(value);
  if (instruction.opcode == Opcode::mul_wide_s || instruction.opcode == Opcode::mul_wide_u) {
    const VReg a = use(operands[0]);
    const VReg b = use(operands[1]);
    put(Op::mul_wide, {Operand::def_fixed(low, gpr(rax)), Operand::def_fixed(high, gpr(rdx)),
                       Operand::use_fixed(a, gpr(rax)), Operand::use_any(b)})
        .extra = instruction.opcode == Opcode::mul_wide_s;
    return;
  }
  const VReg a_low = use(operands[0]), a_high = use(operands[1]);
  const VReg b_low = use(operands[2]), b_high = use(operands[3]);
  put(Op::wide_add, {Operand::def(low), Operand::def(high), Operand::use_any(a_low), Operand::use_any(b_low),
                     Operand::use_any(a_high), Operand::use_late(b_high)})
      .extra = static_cast<uint8_t>(instruction.opcode == Opcode::add128 ? Alu::add : Alu::sub);
}

// --- Shifts and bits ------------------------------------------------------------------------------------------------------

void X64Lowering::lower_shift(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const VReg result = def(value);
  const Shift op = instruction.opcode == Opcode::ishl   ? Shift::shl
                   : instruction.opcode == Opcode::sshr ? Shift::sar
                                                        : Shift::shr;
  const auto use_sized = [&](Value operand) { return size == 4 ? use_low(operand) : use(operand); };
  const unsigned most = size * 8 - 1;
  if (const auto constant = integer_constant(instruction.operands[1])) {
    const unsigned count = static_cast<unsigned>(*constant) & most;
    const VReg source = use_sized(instruction.operands[0]);
    if (op == Shift::shl && count >= 1 && count <= 3) {
      put(Op::shl_lea, {Operand::def(result), Operand::use(source)}, size).immediate = count;
      return;
    }
    MachineInst& shift = put(Op::shift_i, {Operand::def_reuse(result, 1), Operand::use(source)}, size);
    shift.extra = static_cast<uint8_t>(op);
    shift.immediate = count;
    return;
  }
  // The hardware takes the count modulo the width.
  Value count = low_source(instruction.operands[1]);
  while (inst(count).opcode == Opcode::iand) {
    const auto mask = integer_constant(inst(count).operands[1]);
    if (!mask || (static_cast<unsigned>(*mask) & most) != most) break;
    count = low_source(inst(count).operands[0]);
  }
  const VReg source = use_sized(instruction.operands[0]);
  const VReg count_reg = use_low(count);
  if (cpu_.bmi2) {
    put(Op::shiftx, {Operand::def(result), Operand::use_any(source), Operand::use(count_reg)}, size).extra =
        static_cast<uint8_t>(op);
  } else {
    put(Op::shift_cl, {Operand::def_reuse(result, 1), Operand::use(source), Operand::use_fixed(count_reg, gpr(rcx))}, size)
        .extra = static_cast<uint8_t>(op);
  }
}

void X64Lowering::lower_rotate(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const VReg result = def(value);
  const bool left = instruction.opcode == Opcode::rotl;
  const VReg source = size == 4 ? use_low(instruction.operands[0]) : use(instruction.operands[0]);
  if (const auto constant = integer_constant(instruction.operands[1])) {
    const unsigned bits = size * 8;
    const auto count = static_cast<unsigned>(*constant);
    const unsigned right = (left ? 0 - count : count) & (bits - 1);
    if (cpu_.bmi2) {
      put(Op::rorx, {Operand::def(result), Operand::use_any(source)}, size).immediate = right;
    } else {
      MachineInst& rotate = put(Op::shift_i, {Operand::def_reuse(result, 1), Operand::use(source)}, size);
      rotate.extra = static_cast<uint8_t>(Shift::ror);
      rotate.immediate = right;
    }
    return;
  }
  const VReg count = use_low(instruction.operands[1]);
  put(Op::shift_cl, {Operand::def_reuse(result, 1), Operand::use(source), Operand::use_fixed(count, gpr(rcx))}, size).extra =
      static_cast<uint8_t>(left ? Shift::rol : Shift::ror);
}

void X64Lowering::lower_bit_count(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const VReg result = def(value);
  const VReg source = size == 4 ? use_low(instruction.operands[0]) : use(instruction.operands[0]);
  const auto direct = [&](Encoding encoding) {
    put(Op::bit_unary, {Operand::def(result), Operand::use_any(source)}, size).immediate = encoding.wide(size == 8).pack();
  };
  switch (instruction.opcode) {
    case Opcode::clz:
      if (cpu_.lzcnt) return direct(kLzcnt);
      put(Op::clz_bsr, {Operand::def_early(result), Operand::use(source)}, size);
      return;
    case Opcode::ctz:
      if (cpu_.bmi1) return direct(kTzcnt);
      put(Op::ctz_bsf, {Operand::def_early(result), Operand::use(source)}, size);
      return;
    default:
      if (cpu_.popcnt) return direct(kPopcnt);
      put(Op::popcnt_swar,
          {Operand::def_early(result), Operand::def_early(temporary(RegClass::integer)), Operand::use(source)}, size);
      return;
  }
}

void X64Lowering::lower_extend(Value value) {
  const Instruction& instruction = inst(value);
  const VReg result = def(value);
  const bool wide = instruction.type == Type::i64;
  if (instruction.opcode == Opcode::wrap) {
    const Value source_value = resolve(instruction.operands[0]);
    const VReg source = use(source_value);
    put(Op::zext32, {Operand::def(result), Operand::use_any(source)}, 4);
    return;
  }
  if (instruction.opcode == Opcode::sextend) {
    if (auto address = fold_load(instruction.operands[0], 4)) {
      MachineInst& load = put_address(Op::load, {Operand::def(result)}, *address, 4);
      load.extra = static_cast<uint8_t>(Extend::sign32_64);
      load.condition = address->trap_kind;
      return;
    }
  }
  Extend extend = Extend::sign32_64;
  if (instruction.opcode == Opcode::sext8) extend = wide ? Extend::sign8_64 : Extend::sign8_32;
  if (instruction.opcode == Opcode::sext16) extend = wide ? Extend::sign16_64 : Extend::sign16_32;
  const VReg source = use_low(instruction.operands[0]);
  put(Op::extend, {Operand::def(result), Operand::use_any(source)}).extra = static_cast<uint8_t>(extend);
}

// --- Conditions -----------------------------------------------------------------------------------------------------------

void X64Lowering::make_integer_test(Value compare, Test& test) {
  const Instruction& instruction = inst(compare);
  Value a = instruction.operands[0], b = instruction.operands[1];
  Condition condition = instruction.condition();
  const unsigned size = width(inst(a).type);
  // A load may move here if nothing else sees this compare.
  const bool may_sink = compare == current() || is_only_use(compare);
  const auto use_sized = [&](Value operand) { return size == 4 ? use_low(operand) : use(operand); };
  if (immediate32(a)) {
    std::swap(a, b);
    condition = ir::swapped(condition);
  }
  test.size = static_cast<uint8_t>(size);
  test.condition = cc_of(condition);
  const auto immediate = immediate32(b);
  a = resolve(a);
  b = resolve(b);

  if (immediate) {
    test.immediate = *immediate;
    // Bits of an `and` against zero.
    const Instruction& masked = inst(a);
    if (*immediate == 0 && masked.opcode == Opcode::iand && (condition == Condition::eq || condition == Condition::ne) &&
        is_only_use(a)) {
      Value first = masked.operands[0], second = masked.operands[1];
      if (immediate32(first)) std::swap(first, second);
      auto mask = immediate32(second);
      first = resolve(first);
      if (!mask && size == 8) {
        if (const auto bits = integer_constant(second); bits && *bits == static_cast<uint32_t>(*bits)) {
          mask = static_cast<int32_t>(*bits);
          test.size = 4;
        }
      }
      if (mask) {
        test.immediate = *mask;
        if (may_sink && can_fold_load(first, size) && test.size == size) {
          test.form = Compare::test_mi;
          test.has_address = true;
          test.address = *fold_load(first, size);
          return;
        }
        if (*mask >= 0 && test.size == 8) test.size = 4;
        test.form = Compare::test_ri;
        test.operands.add(Operand::use(test.size == 4 ? use_low(first) : use(first)));
        return;
      }
      test.form = Compare::test_rr;
      const VReg first_reg = use_sized(first);
      const VReg second_reg = use_sized(second);
      test.operands.add(Operand::use(first_reg));
      test.operands.add(Operand::use(second_reg));
      return;
    }
    if (may_sink && can_fold_load(a, size)) {
      test.form = Compare::cmp_mi;
      test.has_address = true;
      test.address = *fold_load(a, size);
      return;
    }
    // A zero-extended byte against a byte.
    if (may_sink && *immediate >= 0 && *immediate <= 0xff &&
        (masked.opcode == Opcode::heap_load || masked.opcode == Opcode::load) && can_sink(a)) {
      const ir::MemoryAccess& access = function_.memory_access(a);
      if (access.size == 1 && access.extension == ir::Extension::zero &&
          (!access.can_fault || access.trap == wasm::TrapKind::out_of_bounds_memory_access)) {
        sink(a);
        switch (condition) {  // both are non-negative
          case Condition::slt: condition = Condition::ult; break;
          case Condition::sle: condition = Condition::ule; break;
          case Condition::sgt: condition = Condition::ugt; break;
          case Condition::sge: condition = Condition::uge; break;
          default: break;
        }
        test.condition = cc_of(condition);
        test.form = Compare::cmp_mi;
        test.size = 1;
        test.has_address = true;
        test.address = address_of(a);
        return;
      }
    }
    if (*immediate == 0) {  // emitted as a test where the value is in a register
      if (condition == Condition::slt) test.condition = static_cast<uint8_t>(Cc::s);
      if (condition == Condition::sge) test.condition = static_cast<uint8_t>(Cc::ns);
    }
    test.form = Compare::cmp_ri;
    test.operands.add(Operand::use_any(use_sized(a)));
    return;
  }
  if (may_sink && can_fold_load(a, size) && !can_fold_load(b, size)) {
    std::swap(a, b);
    test.condition = cc_of(ir::swapped(condition));
  }
  if (may_sink && can_fold_load(b, size)) {
    test.form = Compare::cmp_rm;
    test.operands.add(Operand::use(use_sized(a)));
    test.has_address = true;
    test.address = *fold_load(b, size);
    return;
  }
  test.form = Compare::cmp_rr;
  const VReg first = use_sized(a);
  const VReg second = use_sized(b);
  test.operands.add(Operand::use(first));
  test.operands.add(Operand::use_any(second));
  return;
}

void X64Lowering::make_float_test(Value compare, Test& test) {
  const Instruction& instruction = inst(compare);
  Value a = resolve(instruction.operands[0]), b = resolve(instruction.operands[1]);
  const unsigned size = width(inst(a).type);
  test.size = static_cast<uint8_t>(size);
  // ucomis sets CF for less and for unordered: greater-than forms are false on NaN.
  switch (instruction.condition()) {
    case Condition::feq: test.condition = static_cast<uint8_t>(FloatCc::equal); break;
    case Condition::fne: test.condition = static_cast<uint8_t>(FloatCc::not_equal); break;
    case Condition::flt:
      std::swap(a, b);
      [[fallthrough]];
    case Condition::fgt: test.condition = static_cast<uint8_t>(Cc::a); break;
    case Condition::fle:
      std::swap(a, b);
      [[fallthrough]];
    case Condition::fge: test.condition = static_cast<uint8_t>(Cc::ae); break;
    default: CAIRN_UNREACHABLE();
  }
  const bool may_sink = compare == current() || is_only_use(compare);
  const VReg first = use(a);
  test.operands.add(Operand::use(first));
  if (inst(b).opcode == Opcode::fconst && inst(b).immediate != 0) {
    test.form = Compare::ucomis_rm;
    test.has_address = true;
    test.address = constant_address(&inst(b).immediate, size);
    return;
  }
  if (may_sink && can_fold_load(b, size)) {
    test.form = Compare::ucomis_rm;
    test.has_address = true;
    test.address = *fold_load(b, size);
    return;
  }
  test.form = Compare::ucomis_rr;
  test.operands.add(Operand::use_any(use(b)));
}

X64Lowering::Test X64Lowering::make_test(Value value) {
  Test test;
  bool negated = false;
  value = resolve(value);
  // x == 0 of a truth value turns the condition around.
  for (;;) {
    const Instruction& instruction = inst(value);
    if (instruction.opcode != Opcode::icmp || is_used(value)) break;
    if (instruction.condition() != Condition::eq && instruction.condition() != Condition::ne) break;
    if (immediate32(instruction.operands[1]) != 0) break;
    const Value inner = resolve(instruction.operands[0]);
    const Opcode opcode = inst(inner).opcode;
    if ((opcode != Opcode::icmp && opcode != Opcode::fcmp) || !is_only_use(inner) || !is_only_use(value)) break;
    negated ^= instruction.condition() == Condition::eq;
    value = inner;
  }
  const Instruction& instruction = inst(value);
  if (instruction.opcode == Opcode::icmp && !is_used(value)) {
    make_integer_test(value, test);
  } else if (instruction.opcode == Opcode::fcmp && !is_used(value)) {
    make_float_test(value, test);
  } else if (instruction.opcode == Opcode::iand && is_only_use(value)) {
    Value first = instruction.operands[0], second = instruction.operands[1];
    if (immediate32(first)) std::swap(first, second);
    test.condition = static_cast<uint8_t>(Cc::ne);
    if (const auto mask = immediate32(second)) {
      test.form = Compare::test_ri;
      test.immediate = *mask;
      test.operands.add(Operand::use(use_low(first)));
    } else {
      test.form = Compare::test_rr;
      const VReg first_reg = use_low(first);
      const VReg second_reg = use_low(second);
      test.operands.add(Operand::use(first_reg));
      test.operands.add(Operand::use(second_reg));
    }
  } else if (instruction.opcode == Opcode::simd_unary && is_only_use(value) && instruction.type == Type::i32 &&
             is_vector_test(instruction.simd())) {
    make_vector_test(value, test);
  } else if (can_fold_load(value, 4)) {
    test.form = Compare::cmp_mi;
    test.condition = static_cast<uint8_t>(Cc::ne);
    test.has_address = true;
    test.address = *fold_load(value, 4);
  } else {
    test.form = Compare::cmp_ri;
    test.condition = static_cast<uint8_t>(Cc::ne);
    test.operands.add(Operand::use_any(use_low(value)));
  }
  if (negated) negate(test);
  return test;
}

MachineInst& X64Lowering::put_test(Op op, Operands operands, const Test& test, InstFlag flags) {
  for (const Operand& operand : test.operands.span()) operands.add(operand);
  MachineInst& result = test.has_address ? put_address(op, operands, test.address, test.size, flags)
                                         : put(op, operands, test.size, flags);
  result.extra = static_cast<uint8_t>(test.form);
  result.condition = test.condition;
  result.immediate = static_cast<uint32_t>(test.immediate);
  return result;
}

void X64Lowering::lower_set(Value value) {
  Test test;
  if (inst(value).opcode == Opcode::icmp) {
    make_integer_test(value, test);
  } else if (inst(value).opcode == Opcode::fcmp) {
    make_float_test(value, test);
  } else {
    make_vector_test(value, test);
  }
  put_test(Op::set, {Operand::def(def(value))}, test);
}

void X64Lowering::lower_branch(Value value) {
  const Test test = make_test(inst(value).operands[0]);
  MachineInst& branch = put_test(Op::branch, {}, test, InstFlag::terminator);
  branch.targets[0] = successor(0);
  branch.targets[1] = successor(1);
}

void X64Lowering::lower_trap_if(Value value) {
  const Instruction& instruction = inst(value);
  Test test = make_test(instruction.operands[0]);
  if (instruction.opcode == Opcode::trap_unless) negate(test);
  put_test(Op::trap_if, {}, test).immediate |= int64_t{instruction.aux} << 32;
}

void X64Lowering::lower_select(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const VReg result = def(value);
  Value if_true = instruction.operands[1], if_false = instruction.operands[2];
  Test test = make_test(instruction.operands[0]);
  // "equal and ordered" needs both flags; its opposite needs either: that is two moves.
  if (test.condition == static_cast<uint8_t>(FloatCc::equal)) {
    negate(test);
    std::swap(if_true, if_false);
  }
  const auto use_sized = [&](Value operand) { return size == 4 && ir::is_integer(instruction.type) ? use_low(operand) : use(operand); };
  const VReg false_reg = use_sized(if_false);
  const VReg true_reg = use_sized(if_true);
  put_test(ir::is_integer(instruction.type) ? Op::cmov : Op::select_x,
           {Operand::def_reuse(result, 1), Operand::use(false_reg), Operand::use_any(true_reg)}, test)
      .immediate |= int64_t{size} << 32;
}

}  // namespace cairn::x64
