// Lowers instructions on managed objects: conversions of references, allocation, and the write barrier. Type tests do
// not reach this file, since compiler/opt/gc_tests.cpp has replaced them by other instructions.
#include "base/assert.hpp"
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::MemoryAccess;
using ir::Opcode;
using ir::Value;

// Lowers conversions between references and numbers. A reference is zero-extended in its register. A conversion that
// only copies is a lea, and has no InstFlag::move, because the classes of the two registers differ.
void X64Lowering::lower_reference(Value value) {
  const Instruction& instruction = inst(value);
  AddressMode address;
  address.base = Base::reg;
  if (instruction.opcode == Opcode::gc_address) {
    const VReg reference = use(instruction.operands[1]);
    if (instruction.operands[0]) {
      address.base_reg = use(instruction.operands[0]);
      address.index = reference;
    } else {
      address.base_reg = reference;
    }
    put_address(Op::lea, {Operand::def(def(value))}, address);
    return;
  }
  address.base_reg = use(instruction.operands[0]);
  put_address(Op::lea, {Operand::def(def(value))}, address, 4);
}

// The inline code of an allocation or a barrier falls back on a stub that keeps all allocatable registers. So the
// register allocator treats neither of them as a call.
void X64Lowering::lower_gc_new(Value value) {
  const Instruction& instruction = inst(value);
  const MemoryAccess& access = function_.memory_access(value);
  GcNewPayload payload{access.index};
  if (instruction.operands[1]) {
    const auto length = integer_constant(instruction.operands[1]);
    CAIRN_ASSERT(length.has_value());
    payload.length = static_cast<uint32_t>(*length);
  }
  const VReg result = def(value);
  const VReg base = use(instruction.operands[0]);
  MachineInst& made = put(Op::gc_new, {Operand::def(result), Operand::use_late(base)}, 8, codegen::InstFlag::safepoint);
  made.immediate = payload.pack();
  made.displacement = static_cast<int32_t>(access.offset);
  made.extra = static_cast<uint8_t>(instruction.immediate);
  result_.has_calls = true;
}

void X64Lowering::lower_gc_barrier(Value value) {
  const Instruction& instruction = inst(value);
  uint64_t offset = function_.memory_access(value).offset;
  Operands operands;
  const VReg base = use(instruction.operands[0]), object = use(instruction.operands[1]);
  operands.add(Operand::use(base));
  operands.add(Operand::use(object));
  if (instruction.operands[2]) {
    if (const auto index = integer_constant(instruction.operands[2])) {
      offset += uint64_t{static_cast<uint32_t>(*index)} * 4;
    } else {
      operands.add(Operand::use(use_low(instruction.operands[2])));
    }
  }
  put(Op::gc_barrier, operands).displacement = static_cast<int32_t>(static_cast<uint32_t>(offset));
  result_.has_calls = true;
}

}  // namespace cairn::x64
