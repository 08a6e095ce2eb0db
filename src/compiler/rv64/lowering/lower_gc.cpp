// Selects instructions for managed objects: references as numbers, allocation, and the write barrier. Type tests do not
// arrive here, because compiler/opt/gc_tests.cpp has replaced them.
#include "base/assert.hpp"
#include "compiler/rv64/lowering/lower.hpp"

namespace cairn::rv64 {

using ir::Opcode;
using ir::Value;

// Converts between references, which are zero-extended in their registers, and numbers.
void Lower::lower_reference(Value value) {
  const ir::Instruction& instruction = inst(value);
  switch (instruction.opcode) {
    case Opcode::gc_address: {
      const Value base = instruction.operands[0];
      const VReg reference = use(instruction.operands[1]);
      if (base) {
        op3(Op::add, def(value), use(base), reference);
      } else {
        opi(Op::addi, def(value), reference, 0);
      }
      return;
    }
    case Opcode::gc_bits: opi(Op::addiw, def(value), use(instruction.operands[0]), 0); return;
    default: return zero_extend(def(value), use_low(instruction.operands[0]));
  }
}

// The inline code of an allocation or a barrier falls back on a stub that keeps all allocatable registers. So the
// register allocator treats neither as a call.
void Lower::lower_gc_new(Value value) {
  const ir::Instruction& instruction = inst(value);
  const ir::MemoryAccess& access = function_.memory_access(value);
  uint32_t length = 0;
  if (instruction.operands[1]) {
    const auto known = integer_constant(instruction.operands[1]);
    CAIRN_ASSERT(known.has_value());
    length = static_cast<uint32_t>(*known);
  }
  const VReg result = def(value);
  const VReg base = use(instruction.operands[0]);
  MachineInst& made =
      emit(opcode_of(Pseudo::gc_new), {Operand::use_late(base), Operand::def(result)}, codegen::InstFlag::safepoint);
  made.immediate = int64_t{access.index} | static_cast<int64_t>(uint64_t{length} << 32);
  made.displacement = static_cast<int32_t>(access.offset);
  made.extra = static_cast<uint8_t>(instruction.immediate);
  result_.has_calls = true;
}

void Lower::lower_gc_barrier(Value value) {
  const ir::Instruction& instruction = inst(value);
  uint64_t offset = function_.memory_access(value).offset;
  const VReg base = use(instruction.operands[0]), object = use(instruction.operands[1]);
  VReg index;
  if (instruction.operands[2]) {
    if (const auto known = integer_constant(instruction.operands[2])) {
      offset += uint64_t{static_cast<uint32_t>(*known)} * 4;
    } else {
      index = use_low(instruction.operands[2]);
    }
  }
  MachineInst& made =
      index ? emit(opcode_of(Pseudo::gc_barrier), {Operand::use(base), Operand::use(object), Operand::use(index)})
            : emit(opcode_of(Pseudo::gc_barrier), {Operand::use(base), Operand::use(object)});
  made.displacement = static_cast<int32_t>(static_cast<uint32_t>(offset));
  result_.has_calls = true;
}

}  // namespace cairn::rv64
