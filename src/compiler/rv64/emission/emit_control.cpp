// Emits branches, jump tables and selects.
#include "compiler/rv64/emission/emitter.hpp"

namespace cairn::rv64 {

std::pair<PReg, PReg> Emitter::test_registers(const MachineInst& inst, Operands operands, size_t& next) const {
  const PReg left = inst.extra != 0 ? fixed_of(inst.extra) : operands[next++].reg();
  const PReg right = inst.scale != 0 ? fixed_of(inst.scale) : operands[next++].reg();
  return {left, right};
}

void Emitter::go_to(MBlock target) {
  if (!layout_.falls_through(current_, target)) as_.jump(label(target));
}

void Emitter::branch_to(const MachineInst& inst, Operands operands) {
  size_t next = 0;
  const auto [left, right] = test_registers(inst, operands, next);
  const Op op = static_cast<Op>(inst.immediate);
  if (layout_.target(inst.targets[0]) == layout_.target(inst.targets[1])) return go_to(inst.targets[0]);
  if (layout_.falls_through(current_, inst.targets[0]))
    return as_.branch(inverted_branch(op), left, right, label(inst.targets[1]));
  as_.branch(op, left, right, label(inst.targets[0]));
  go_to(inst.targets[1]);
}

// A jump table is a sequence of jump instructions in the code itself. It needs no load and no relocation.
// Its form is as follows, where N is the number of entries without the default. 12 is the distance in bytes from auipc
// to the first entry; without Zba there is one more instruction.
//   li t6, N; bgeu index, t6, default; auipc t5, 0; sh2add t5, index, t5; jalr x0, 12(t5); j ...
//
// A masked index is the least of the index and N, and entry N is the default: no branch can be mispredicted. Without
// Zbb, the branch stays, and a mask clears the index if it is not less than N.
//   li t6, N; minu t6, index, t6; ...
//   li t6, N; bgeu index, t6, default; sltu t5, index, t6; sub t5, x0, t5; and t6, index, t5; ...
void Emitter::jump_table(const MachineInst& inst, Operands operands) {
  const codegen::MachineFunction::JumpTable& table = function_.jump_tables[static_cast<size_t>(inst.immediate)];
  const auto target = [&](uint32_t i) { return label(function_.block_lists[table.first + i]); };
  uint32_t entries = table.count - 1;
  PReg index = operands[0].reg();
  const bool is_masked = (inst.extra & JumpTableFlags::masked) != 0;
  if ((inst.extra & JumpTableFlags::checked) != 0) {
    if (entries == 1) {
      as_.branch(Op::bne, index, kZero, target(1));
      return go_to(function_.block_lists[table.first]);
    }
    as_.load_immediate(kScratch, entries);
    if (is_masked && cpu_.zbb) {
      as_.r3(Op::minu, kScratch, index, kScratch);
      index = kScratch;
      ++entries;
    } else {
      as_.branch(Op::bgeu, index, kScratch, target(entries));
      if (is_masked) {
        as_.r3(Op::sltu, kScratch2, index, kScratch);
        as_.r3(Op::sub, kScratch2, kZero, kScratch2);
        as_.r3(Op::and_, kScratch, index, kScratch2);
        index = kScratch;
      }
    }
  }
  const unsigned bytes = as_.table_entry_bytes(), shift = bytes == 8 ? 3 : 2;
  // `upper` is the field in bits 31:20: an immediate, or rs2 in its low five bits.
  const auto encode = [](Op op, PReg rd, PReg rs1, uint32_t upper) {
    return facts(op).bits | rd.encoding() << 7 | rs1.encoding() << 15 | upper << 20;
  };
  as_.emit_long(encode(Op::auipc, kScratch2, kZero, 0));
  if (cpu_.zba) {
    as_.emit_long(encode(shift == 3 ? Op::sh3add : Op::sh2add, kScratch2, index, kScratch2.encoding()));
    as_.emit_long(encode(Op::jalr, kZero, kScratch2, 12));
  } else {
    as_.emit_long(encode(Op::slli, kScratch, index, shift));
    as_.emit_long(encode(Op::add, kScratch2, kScratch2, kScratch.encoding()));
    as_.emit_long(encode(Op::jalr, kZero, kScratch2, 16));
  }
  for (uint32_t i = 0; i < entries; ++i) as_.table_entry(target(i), bytes);
}

// rd already holds `a`. If the test holds, a branch skips the move of `other` into rd.
void Emitter::select(const MachineInst& inst, Operands operands) {
  size_t next = 0;
  const auto [left, right] = test_registers(inst, operands, next);
  const PReg other = operands[next + 1].reg(), rd = operands[next + 2].reg();
  if (other == rd) return;
  const Label done = as_.new_label();
  as_.branch(static_cast<Op>(inst.immediate), left, right, done);
  if (static_cast<RegClass>(inst.size) == RegClass::floating)
    as_.r3(Op::fsgnj_d, rd, other, other);
  else
    as_.move(rd, other);
  as_.bind(done);
}

}  // namespace cairn::rv64
