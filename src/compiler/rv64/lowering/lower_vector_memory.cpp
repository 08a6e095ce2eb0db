// Selects vector loads and stores.
#include "base/assert.hpp"
#include "compiler/rv64/emission/vectors/simd_needs.hpp"
#include "compiler/rv64/lowering/lower.hpp"

namespace cairn::rv64 {

using ir::MemoryAccess;
using ir::Opcode;
using ir::Value;

void Lower::lower_vector_access(Value value, const Address& address) {
  const ir::Instruction& instruction = inst(value);
  const MemoryAccess& access = function_.memory_access(value);
  // The operations of vector accesses take their base as an operand, so a pinned base is copied to a virtual register.
  VReg base = address.base.vreg;
  if (!base) base = opi(Op::addi, address.base, 0);
  const Operand from = Operand::use(base);
  MachineInst* m = nullptr;
  switch (instruction.opcode) {
    case Opcode::heap_load:
    case Opcode::load:
      m = &vector_inst(Pseudo::simd_load, {from, Operand::def(def(value))}, needs_of_access(vectors_));
      break;
    case Opcode::heap_store: {
      const Operand stored = Operand::use(use(instruction.operands[2]));
      m = &vector_inst(Pseudo::simd_store, {from, stored}, needs_of_access(vectors_));
      break;
    }
    case Opcode::store: {
      const Operand stored = Operand::use(use(instruction.operands[1]));
      m = &vector_inst(Pseudo::simd_store, {from, stored}, needs_of_access(vectors_));
      break;
    }
    case Opcode::heap_load_splat:
      m = &vector_inst(Pseudo::simd_load_splat, {from, Operand::def(def(value))}, needs_of_access(vectors_));
      break;
    case Opcode::heap_load_zero:
      m = &vector_inst(Pseudo::simd_load_zero, {from, Operand::def(def(value))}, needs_of_access(vectors_));
      break;
    case Opcode::heap_load_extend:
      m = &vector_inst(Pseudo::simd_load_extend, {from, Operand::def(def(value))}, needs_of_access(vectors_));
      m->immediate = static_cast<int64_t>(instruction.simd());
      break;
    case Opcode::heap_load_lane: {
      const Operand vector = Operand::use(use(instruction.operands[2]));
      m = &vector_inst(Pseudo::simd_load_lane, {from, vector, Operand::def(def(value))}, needs_of_access(vectors_));
      break;
    }
    case Opcode::heap_store_lane: {
      const Operand vector = Operand::use(use(instruction.operands[2]));
      m = &vector_inst(Pseudo::simd_store_lane, {from, vector}, needs_of_access(vectors_));
      break;
    }
    default: CAIRN_UNREACHABLE();
  }
  m->displacement = address.displacement;
  m->size = access.size;
  if (instruction.opcode == Opcode::heap_load_lane || instruction.opcode == Opcode::heap_store_lane)
    m->extra = static_cast<uint8_t>(instruction.lane());
  set_trap(*m, access);
}

}  // namespace cairn::rv64
