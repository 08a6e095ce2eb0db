// Lowers shifts, rotations, counts of bits, and extensions.
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::Opcode;
using ir::Type;
using ir::Value;

namespace {

constexpr Encoding kLzcnt = {0xbd, Prefix::pf3, Map::m0f, false};
constexpr Encoding kTzcnt = {0xbc, Prefix::pf3, Map::m0f, false};
constexpr Encoding kPopcnt = {0xb8, Prefix::pf3, Map::m0f, false};

}  // namespace

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
  // The machine takes the count modulo the width, so an `and` that keeps these bits of the count is left out.
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
    put(Op::shift_cl, {Operand::def_reuse(result, 1), Operand::use(source), Operand::use_fixed(count_reg, gpr(rcx))},
        size)
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
  put(Op::shift_cl, {Operand::def_reuse(result, 1), Operand::use(source), Operand::use_fixed(count, gpr(rcx))}, size)
      .extra = static_cast<uint8_t>(left ? Shift::rol : Shift::ror);
}

void X64Lowering::lower_bit_count(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const VReg result = def(value);
  const VReg source = size == 4 ? use_low(instruction.operands[0]) : use(instruction.operands[0]);
  const auto direct = [&](Encoding encoding) {
    put(Op::bit_unary, {Operand::def(result), Operand::use_any(source)}, size).immediate =
        encoding.wide(size == 8).pack();
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

}  // namespace cairn::x64
