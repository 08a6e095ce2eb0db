// Lowers branches, jump tables and traps.
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using codegen::InstFlag;
using ir::Instruction;
using ir::Opcode;
using ir::Value;

void X64Lowering::lower_terminator(Value value) {
  const Instruction& instruction = inst(value);
  switch (instruction.opcode) {
    case Opcode::branch: return lower_branch(value);
    case Opcode::br_table: {
      const unsigned count = static_cast<unsigned>(function_.targets(value).size());
      const Value index = instruction.operands[0];
      const VReg index_reg = use(index);
      // The last target is the default, which all indices from count - 1 on take. No check is needed if the index is
      // known to be smaller.
      const bool checked = upper_bound(index) >= count - 1;
      MachineInst& jump =
          put(Op::jump_table, {Operand::def_early(temporary(RegClass::integer)), Operand::use(index_reg)}, 4,
              InstFlag::terminator);
      jump.extra =
          static_cast<uint8_t>((checked ? JumpTableFlags::checked : 0) | (options_.mask ? JumpTableFlags::masked : 0));
      jump.immediate = add_jump_table(count);
      return;
    }
    case Opcode::trap:
      put(Op::trap, {}, 4, InstFlag::terminator).extra = static_cast<uint8_t>(instruction.trap_kind());
      return;
    default: CAIRN_UNREACHABLE();
  }
}

void X64Lowering::emit_jump(MBlock target) { put(Op::jump, {}, 4, InstFlag::terminator).targets[0] = target; }

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

}  // namespace cairn::x64
