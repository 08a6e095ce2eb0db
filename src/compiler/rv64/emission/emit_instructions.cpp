// Emits the machine operations that are one instruction.
#include "base/assert.hpp"
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

// Emits one machine operation. An operation that is not one instruction goes on to pseudo().
void Emitter::instruction(const MachineInst& inst, Operands operands) {
  if (!is_instruction(inst.opcode)) return pseudo(inst, operands);
  const Op op = static_cast<Op>(inst.opcode);
  size_t next = 0;
  // Returns the register of the next source operand: a fixed register if the payload names one, else an operand.
  const auto source = [&](uint8_t payload) { return payload != 0 ? fixed_of(payload) : operands[next++].reg(); };
  // Returns the register of rd, which is the operand after the sources.
  const auto last = [&] { return operands[next].reg(); };
  switch (facts(op).format) {
    case Format::none: return as_.op0(op);
    case Format::reg2:
    case Format::reg2r: {
      const PReg rs1 = source(inst.extra);
      return as_.r2(op, last(), rs1, static_cast<Rounding>(inst.size));
    }
    case Format::reg3:
    case Format::reg3r: {
      const PReg rs1 = source(inst.extra), rs2 = source(inst.scale);
      return as_.r3(op, last(), rs1, rs2, static_cast<Rounding>(inst.size));
    }
    case Format::imm:
    case Format::shift:
    case Format::shiftw: {
      const PReg rs1 = source(inst.extra);
      return as_.ri(op, last(), rs1, inst.displacement);
    }
    case Format::load: {
      const PReg base = source(inst.extra);
      trap_site(inst);
      return as_.load(op, last(), base, inst.displacement);
    }
    case Format::amo: {
      const PReg address = source(inst.extra), value = source(inst.scale);
      trap_site(inst);
      return as_.r3(op, last(), address, value);
    }
    case Format::store: {
      const PReg base = source(inst.extra), stored = source(inst.scale);
      trap_site(inst);
      return as_.store(op, stored, base, inst.displacement);
    }
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::rv64
