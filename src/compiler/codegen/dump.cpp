#include "compiler/codegen/dump.hpp"

#include "base/format.hpp"
#include "compiler/codegen/target.hpp"

namespace cairn::codegen {
namespace {

std::string name(VReg reg) { return "v" + decimal(reg.index()); }

std::string operand_text(const Operand& operand, const Allocation* allocation) {
  std::string text = name(operand.reg);
  if (allocation != nullptr) return text + ":" + to_string(*allocation);
  switch (operand.constraint) {
    case Constraint::reg: break;
    case Constraint::any: text += ":any"; break;
    case Constraint::fixed: text += ":" + to_string(operand.fixed_register()); break;
    case Constraint::reuse: text += ":reuse" + decimal(uint32_t{operand.detail}); break;
  }
  const Position usual = operand.kind == OperandKind::use ? Position::early : Position::late;
  if (operand.position != usual) text += operand.kind == OperandKind::use ? "(late)" : "(early)";
  return text;
}

void append_blocks(std::string& text, std::span<const MBlock> blocks) {
  for (MBlock b : blocks) text += " block" + decimal(b.index());
}

}  // namespace

std::string to_string(PReg reg) {
  constexpr const char* kPrefix[] = {"r", "f", "q"};
  return kPrefix[reg.number() / 32] + decimal(uint32_t{reg.encoding()});
}

std::string to_string(Allocation allocation) {
  if (!allocation.valid()) return "?";
  return allocation.is_register() ? to_string(allocation.reg()) : "[" + decimal(allocation.slot()) + "]";
}

std::string to_text(const MachineFunction& function, const AllocationResult* allocation, const Target* target) {
  std::string text;
  size_t move = 0;
  for (uint32_t b = 0; b < function.blocks.size(); ++b) {
    const MachineBlock& block = function.blocks[b];
    text += "block" + decimal(b) + ":";
    if (block.loop_depth != 0) text += " depth " + decimal(uint32_t{block.loop_depth});
    if (block.is_loop_header) text += " loop";
    if (block.is_cold) text += " cold";
    for (VReg param : function.params(block)) text += " " + name(param);
    text += "\n";
    for (uint32_t i = block.first_inst; i < block.end_inst; ++i) {
      if (allocation != nullptr) {
        for (; move < allocation->moves.size() && allocation->moves[move].before.index() <= i; ++move) {
          const InsertedMove& m = allocation->moves[move];
          text += "        ";
          text += m.rematerialize.valid() ? "again " + decimal(m.rematerialize.index()) : "move " + to_string(m.from);
          text += " -> " + to_string(m.to) + "\n";
        }
      }
      const MachineInst& inst = function.insts[i];
      const std::span<const Operand> operands = function.operands_of(inst);
      text += "  " + decimal(i) + ": ";
      text += target != nullptr ? std::string(target->opcode_name(inst.opcode)) : "op" + decimal(uint32_t{inst.opcode});
      for (const OperandKind kind : {OperandKind::def, OperandKind::use}) {
        for (uint32_t k = 0; k < operands.size(); ++k) {
          if (operands[k].kind != kind) continue;
          text += " " + operand_text(operands[k],
                                     allocation != nullptr ? &allocation->operands[inst.first_operand + k] : nullptr);
        }
        if (kind == OperandKind::def) text += " =";
      }
      if (inst.immediate != 0) text += " #" + decimal(inst.immediate);
      if (inst.displacement != 0) text += " +" + decimal(inst.displacement);
      if (inst.clobbers != 0) text += " clobbers" + decimal(inst.clobbers);
      if (has(inst.flags, InstFlag::rematerializable)) text += " rematerializable";
      if (has(inst.flags, InstFlag::terminator)) {
        append_blocks(text, function.successors(block));
        for (VReg argument : function.arguments(block)) text += " " + name(argument);
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace cairn::codegen
