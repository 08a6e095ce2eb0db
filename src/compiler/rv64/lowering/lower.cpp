// Dispatches the instructions of the IR to the files that lower them, lowers constants, and has the helpers of all
// rules.
#include "compiler/rv64/lowering/lower.hpp"

#include "base/assert.hpp"

namespace cairn::rv64 {

using codegen::InstFlag;
using ir::Opcode;
using ir::Type;
using ir::Value;

namespace {

// The register class of a letter in OpFacts::operands.
RegClass class_of_letter(char letter) {
  return letter == 'x' ? RegClass::integer : letter == 'f' ? RegClass::floating : RegClass::vector;
}

}  // namespace

Lower::Lower(const ir::Function& function, codegen::MachineFunction& result, const compiler::Options& options)
    : Lowering(function, result, convention(options.cpu.v ? Vectors::present : Vectors::absent)),
      cpu_(options.cpu),
      mask_(options.mask),
      vectors_(options.cpu.v ? Vectors::present : Vectors::absent),
      address_leader_(result.arena),
      address_of_leader_(result.arena),
      latest_access_(result.arena),
      latest_segment_(result.arena) {
  address_leader_.assign(function.value_count(), Value::none());
  address_of_leader_.assign(function.value_count(), VReg::none());
  latest_access_.assign(function.value_count(), Value::none());
  latest_segment_.assign(function.value_count(), 0);
}

bool Lower::is_transparent(const ir::Instruction& instruction) const {
  if (instruction.opcode == Opcode::sextend) return true;  // an i32 is sign-extended in its register
  if (instruction.opcode != Opcode::bitcast) return false;
  return ir::is_integer(instruction.type) && instruction.operands[0] &&
         ir::is_integer(function_[instruction.operands[0]].type);
}

// --- Emitting

VReg Lower::temporary_of(Op op) { return temporary(class_of_letter(facts(op).operands[0])); }

MachineInst& Lower::op3(Op op, VReg rd, Reg rs1, Reg rs2) {
  Operand operands[3];
  size_t count = 0;
  if (rs1.vreg) operands[count++] = Operand::use(rs1.vreg);
  if (rs2.vreg) operands[count++] = Operand::use(rs2.vreg);
  operands[count++] = Operand::def(rd);
  MachineInst& m = emit(opcode_of(op), std::span(operands, count));
  if (!rs1.vreg) m.extra = payload_of(rs1.fixed);
  if (!rs2.vreg) m.scale = payload_of(rs2.fixed);
  return m;
}

MachineInst& Lower::op2(Op op, VReg rd, Reg rs1, Rounding rounding) {
  MachineInst& m = opi(op, rd, rs1, 0);
  m.size = static_cast<uint8_t>(rounding);
  return m;
}

MachineInst& Lower::opi(Op op, VReg rd, Reg rs1, int64_t immediate) {
  Operand operands[2];
  size_t count = 0;
  if (rs1.vreg) operands[count++] = Operand::use(rs1.vreg);
  operands[count++] = Operand::def(rd);
  MachineInst& m = emit(opcode_of(op), std::span(operands, count));
  if (!rs1.vreg) m.extra = payload_of(rs1.fixed);
  m.displacement = static_cast<int32_t>(immediate);
  return m;
}

VReg Lower::op3(Op op, Reg rs1, Reg rs2) {
  const VReg rd = temporary_of(op);
  op3(op, rd, rs1, rs2);
  return rd;
}

VReg Lower::op2(Op op, Reg rs1, Rounding rounding) {
  const VReg rd = temporary_of(op);
  op2(op, rd, rs1, rounding);
  return rd;
}

VReg Lower::opi(Op op, Reg rs1, int64_t immediate) {
  const VReg rd = temporary_of(op);
  opi(op, rd, rs1, immediate);
  return rd;
}

MachineInst& Lower::load(Op op, VReg rd, Address address) { return opi(op, rd, address.base, address.displacement); }

MachineInst& Lower::store(Op op, Reg source, Address address) {
  Operand operands[2];
  size_t count = 0;
  if (address.base.vreg) operands[count++] = Operand::use(address.base.vreg);
  if (source.vreg) operands[count++] = Operand::use(source.vreg);
  MachineInst& m = emit(opcode_of(op), std::span(operands, count));
  if (!address.base.vreg) m.extra = payload_of(address.base.fixed);
  if (!source.vreg) m.scale = payload_of(source.fixed);
  m.displacement = address.displacement;
  return m;
}

MachineInst& Lower::tested(Pseudo pseudo, const Test& test) {
  Operand operands[2];
  size_t count = 0;
  if (test.left.vreg) operands[count++] = Operand::use(test.left.vreg);
  if (test.right.vreg) operands[count++] = Operand::use(test.right.vreg);
  const InstFlag flags = pseudo == Pseudo::branch ? InstFlag::terminator : InstFlag::none;
  MachineInst& m = emit(opcode_of(pseudo), std::span(operands, count), flags);
  if (!test.left.vreg) m.extra = payload_of(test.left.fixed);
  if (!test.right.vreg) m.scale = payload_of(test.right.fixed);
  m.immediate = static_cast<int64_t>(test.branch);
  return m;
}

void Lower::copy(VReg rd, Reg rs) {
  if (!rs.vreg) {
    opi(Op::addi, rd, rs, 0);
    return;
  }
  const RegClass reg_class = result_.class_of(rd);
  const Pseudo pseudo = codegen::in_integer_registers(reg_class) ? Pseudo::move
                        : reg_class == RegClass::floating        ? Pseudo::fmove
                                                                 : Pseudo::simd_move;
  emit(opcode_of(pseudo), {Operand::use(rs.vreg), Operand::def(rd)}, InstFlag::move);
}

void Lower::immediate(VReg rd, int64_t value) {
  emit(opcode_of(Pseudo::li), {Operand::def(rd)}, InstFlag::rematerializable).immediate = value;
}

VReg Lower::immediate(int64_t value) {
  const VReg rd = temporary(RegClass::integer);
  immediate(rd, value);
  return rd;
}

// --- Operands

Reg Lower::use_or_zero(Value value) {
  if (integer_constant(resolve(value)) == 0) return kZero;
  return use(value);
}

VReg Lower::use_low(Value value) {
  for (;;) {
    value = resolve(value);
    const ir::Instruction& instruction = inst(value);
    if (instruction.opcode == Opcode::wrap || instruction.opcode == Opcode::uextend ||
        instruction.opcode == Opcode::sext32) {
      value = instruction.operands[0];
      continue;
    }
    return use(value);
  }
}

Reg Lower::use_low_or_zero(Value value) {
  if (integer_constant(resolve(value)) == 0) return kZero;
  return use_low(value);
}

void Lower::emit_constant(Value value, VReg result) {
  const ir::Instruction& instruction = inst(value);
  switch (instruction.opcode) {
    case Opcode::iconst:
      return immediate(
          result, instruction.type == Type::i32 ? static_cast<int32_t>(instruction.immediate) : instruction.immediate);
    case Opcode::fconst: {
      MachineInst& m = emit(opcode_of(Pseudo::fconst), {Operand::def(result)}, InstFlag::rematerializable);
      m.immediate = instruction.immediate;
      m.size = static_cast<uint8_t>(ir::size_of(instruction.type));
      return;
    }
    case Opcode::vconst: {
      MachineInst& m = emit(opcode_of(Pseudo::vconst), {Operand::def(result)}, InstFlag::rematerializable);
      set_vector_payload(m, function_.vector_constants[static_cast<size_t>(instruction.immediate)]);
      return;
    }
    case Opcode::vmctx: {
      opi(Op::addi, result, kVMContext, 0).flags = InstFlag::rematerializable;
      return;
    }
    case Opcode::type_id: {
      MachineInst& m = emit(opcode_of(Pseudo::type_id), {Operand::def(result)}, InstFlag::rematerializable);
      m.immediate = instruction.immediate;
      return;
    }
    default: CAIRN_UNREACHABLE();
  }
}

// --- Dispatch

void Lower::lower_instruction(Value value) {
  const Type type = inst(value).type;
  switch (inst(value).opcode) {
    case Opcode::trap_if: return trap_when(test_of(inst(value).operands[0], true), inst(value).trap_kind());
    case Opcode::trap_unless: return trap_when(test_of(inst(value).operands[0], false), inst(value).trap_kind());
    case Opcode::checked: return lower_checked(value);
    case Opcode::icmp: return lower_icmp(value);
    case Opcode::select: return lower_select(value);
    case Opcode::gc_address:
    case Opcode::gc_bits:
    case Opcode::gc_from_bits: return lower_reference(value);
    case Opcode::gc_new: return lower_gc_new(value);
    case Opcode::gc_barrier: return lower_gc_barrier(value);
    case Opcode::fence: emit(opcode_of(Op::fence_rw_rw), {}); return;
    case Opcode::simd_unary:
    case Opcode::simd_binary:
    case Opcode::simd_ternary:
    case Opcode::simd_shuffle:
    case Opcode::simd_extract:
    case Opcode::simd_replace: return lower_simd(value);
    default: break;
  }
  if (lower_memory(value)) return;
  if ((ir::is_float(type) || type == Type::i32 || type == Type::i64) && lower_float(value)) return;
  if (lower_integer(value)) return;
  CAIRN_UNREACHABLE();
}

}  // namespace cairn::rv64
