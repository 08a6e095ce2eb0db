// Selects instructions for branches, jump tables and traps.
#include "base/assert.hpp"
#include "compiler/rv64/lowering/lower.hpp"

namespace cairn::rv64 {

using codegen::InstFlag;
using ir::Opcode;
using ir::Value;

void Lower::lower_terminator(Value value) {
  const ir::Instruction& instruction = inst(value);
  switch (instruction.opcode) {
    case Opcode::branch: {
      if (successor(0) == successor(1)) return emit_jump(successor(0));
      MachineInst& m = tested(Pseudo::branch, test_of(instruction.operands[0], true));
      m.targets[0] = successor(0);
      m.targets[1] = successor(1);
      return;
    }
    case Opcode::br_table: {
      const unsigned count = static_cast<unsigned>(function_.targets(value).size());
      if (count == 1) return emit_jump(successor(0));
      const VReg index = use(instruction.operands[0]);
      const uint32_t table = add_jump_table(count);
      MachineInst& m = emit(opcode_of(Pseudo::br_table), {Operand::use(index)}, InstFlag::terminator);
      m.immediate = table;
      // An index that is known to be within the table is not checked.
      m.extra = upper_bound(instruction.operands[0]) < count - 1 ? 1 : 0;
      return;
    }
    case Opcode::trap: {
      MachineInst& m = emit(opcode_of(Pseudo::trap), {}, InstFlag::terminator);
      m.condition = payload_of(instruction.trap_kind());
      return;
    }
    default: CAIRN_UNREACHABLE();
  }
}

void Lower::emit_jump(MBlock target) { emit(opcode_of(Pseudo::jump), {}, InstFlag::terminator).targets[0] = target; }

void Lower::trap_when(const Test& test, wasm::TrapKind kind) {
  tested(Pseudo::trap_branch, test).condition = payload_of(kind);
}

}  // namespace cairn::rv64
