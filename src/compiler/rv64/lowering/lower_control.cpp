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
      const bool checked = upper_bound(instruction.operands[0]) >= count - 1;
      m.extra = static_cast<uint8_t>((checked ? JumpTableFlags::checked : 0) | (mask_ ? JumpTableFlags::masked : 0));
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

// An `and` clears the value unless the test for the trap fails, as a compare computes once more.
void Lower::lower_checked(Value value) {
  const ir::Instruction& instruction = inst(value);
  const Value a = instruction.operands[1], b = instruction.operands[2];
  const ir::Condition condition = instruction.condition();
  const bool is_truth = inst(a).opcode == Opcode::icmp && condition == ir::Condition::ne && integer_constant(b) == 0;
  const Test test = is_truth ? test_of(a, false) : integer_test(ir::inverted(condition), a, b);
  const VReg kept = use(instruction.operands[0]);
  trap_when(test, instruction.trap_kind());
  // `bit` is 1 if the branch to the trap is taken, or if it is not, as `is_trap` says.
  const auto keep = [&](VReg bit, bool is_trap) {
    op3(Op::and_, def(value), is_trap ? opi(Op::addi, bit, -1) : op3(Op::sub, kZero, bit), kept);
  };
  const auto difference = [&]() -> Reg {
    return test.right.is_zero() ? test.left : test.left.is_zero() ? test.right : op3(Op::xor_, test.left, test.right);
  };
  switch (test.branch) {
    case Op::bltu: return keep(op3(Op::sltu, test.left, test.right), true);
    case Op::bgeu: return keep(op3(Op::sltu, test.left, test.right), false);
    case Op::blt: return keep(op3(Op::slt, test.left, test.right), true);
    case Op::bge: return keep(op3(Op::slt, test.left, test.right), false);
    case Op::beq: return keep(op3(Op::sltu, kZero, difference()), false);
    case Op::bne: return keep(op3(Op::sltu, kZero, difference()), true);
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::rv64
