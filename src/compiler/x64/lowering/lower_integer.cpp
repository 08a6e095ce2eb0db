// Lowers integer arithmetic: additions, logic, multiplication and division.
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::Opcode;
using ir::Value;

// --- Additions

// Lowers an addition to an add, a lea of up to three terms, or an add from memory.
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

  // The sum is taken apart into base + index << scale + displacement. Within 32 bits every part may wrap, because lea
  // wraps as well.
  AddressMode address;
  Value terms[2];
  unsigned term_count = 0;
  const auto collect = [&](auto&& self, Value term, unsigned depth) -> bool {
    if (const auto constant = immediate32(term); constant && add_displacement(address, *constant)) return true;
    term = size == 4 ? low_source(term) : resolve(term);
    const Instruction& made = inst(term);
    // A term of a 64-bit sum is taken apart only if it is a 64-bit sum too.
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
  // Returns the shift count of a term that can become the index of a lea, or 0 for other terms.
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

// --- and, or, xor, sub

// Lowers x & ~y, x & (x - 1), x & -x, and masks that are zero-extensions. Returns false for other operands.
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
      digit = 1;  // blsr
    }
    if (made.opcode == Opcode::isub && immediate32(made.operands[0]) == 0 && resolve(made.operands[1]) == resolve(a)) {
      digit = 3;  // blsi
    }
    if (digit == 0) continue;
    const VReg source = use_sized(a);
    put(Op::bmi_unary, {Operand::def(result), Operand::use_any(source)}, size).extra = static_cast<uint8_t>(digit);
    return true;
  }
  return false;
}

// Lowers a subtraction or a bitwise operation: special cases first, and then the forms with a constant, with a memory
// operand, and with two registers.
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
    // For a 64-bit mask whose upper half is zero, the 32-bit instruction is enough, because it clears the upper half.
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

// --- Multiplication and division

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
  put(Op::divide,
      {Operand::def_fixed(quotient, gpr(rax)), rest_operand, Operand::use_fixed(a, gpr(rax)), Operand::use(b)}, size)
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

}  // namespace cairn::x64
