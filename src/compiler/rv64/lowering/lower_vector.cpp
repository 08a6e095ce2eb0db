// Selects vector operations. Each WebAssembly operation is one machine operation, which emission/vectors expands.
#include "compiler/rv64/emission/vectors/simd_needs.hpp"
#include "compiler/rv64/lowering/lower.hpp"

namespace cairn::rv64 {

using ir::Opcode;
using ir::Value;

// Emits a machine operation. The temporaries that `needs` asks for come after its operands, at early positions.
MachineInst& Lower::vector_inst(Pseudo pseudo, std::initializer_list<Operand> operands, const SimdNeeds& needs) {
  Operand all[16];
  size_t count = 0;
  for (Operand operand : operands) {
    if (operand.kind == codegen::OperandKind::def && needs.early_result) operand.position = codegen::Position::early;
    all[count++] = operand;
  }
  const auto add = [&](RegClass reg_class, unsigned number) {
    for (unsigned i = 0; i < number; ++i) all[count++] = Operand::def_early(temporary(reg_class));
  };
  add(RegClass::integer, needs.integers);
  add(RegClass::floating, needs.floats);
  if (cpu_.v) add(RegClass::vector, needs.vectors);
  return emit(opcode_of(pseudo), std::span(all, count));
}

void Lower::lower_simd(Value value) {
  const ir::Instruction& instruction = inst(value);
  const auto operand = [&](unsigned i) { return Operand::use(use(instruction.operands[i])); };
  if (instruction.opcode == Opcode::simd_shuffle) {
    const Operand a = operand(0), b = operand(1);
    set_vector_payload(vector_inst(Pseudo::simd_shuffle, {a, b, Operand::def(def(value))}, needs_of_shuffle(vectors_)),
                       function_.vector_constants[static_cast<size_t>(instruction.immediate)]);
    return;
  }
  const ir::SimdOp op = instruction.simd();
  const SimdNeeds needs = needs_of(op, vectors_);
  MachineInst* m = nullptr;
  switch (ir::facts(instruction.opcode).operands) {
    case 1: m = &vector_inst(Pseudo::simd, {operand(0), Operand::def(def(value))}, needs); break;
    case 2: {
      const Operand a = operand(0), b = operand(1);
      m = &vector_inst(Pseudo::simd, {a, b, Operand::def(def(value))}, needs);
      break;
    }
    default: {
      const Operand a = operand(0), b = operand(1), c = operand(2);
      m = &vector_inst(Pseudo::simd, {a, b, c, Operand::def(def(value))}, needs);
      break;
    }
  }
  m->immediate = static_cast<int64_t>(op);
  m->extra = static_cast<uint8_t>(instruction.lane());
}

}  // namespace cairn::rv64
