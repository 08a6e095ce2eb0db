// Selects instructions for shifts, rotations, counts of bits, and extensions.
#include "compiler/rv64/lowering/lower.hpp"

namespace cairn::rv64 {

using ir::Opcode;
using ir::Value;

void Lower::lower_shift(Value value) {
  const ir::Instruction& instruction = inst(value);
  const bool narrow = is_i32(value);
  const Value from = instruction.operands[0];
  const Opcode opcode = instruction.opcode;
  if (const auto constant = integer_constant(instruction.operands[1])) {
    const int64_t amount = *constant & (narrow ? 31 : 63);
    if (!narrow && opcode == Opcode::ishl && cpu_.zba) {
      const Value source = resolve(from);
      if (inst(source).opcode == Opcode::uextend && is_only_use(source)) {
        opi(Op::slli_uw, def(value), use_low(inst(source).operands[0]), amount);
        return;
      }
    }
    const Op op = opcode == Opcode::ishl   ? (narrow ? Op::slliw : Op::slli)
                  : opcode == Opcode::sshr ? (narrow ? Op::sraiw : Op::srai)
                                           : (narrow ? Op::srliw : Op::srli);
    opi(op, def(value), narrow ? use_low(from) : use(from), amount);
    return;
  }
  const Op op = opcode == Opcode::ishl   ? (narrow ? Op::sllw : Op::sll)
                : opcode == Opcode::sshr ? (narrow ? Op::sraw : Op::sra)
                                         : (narrow ? Op::srlw : Op::srl);
  // The instructions take the amount modulo the width, so an AND that keeps those bits of the amount is left out.
  Value amount = instruction.operands[1];
  for (;;) {
    const ir::Instruction& mask = inst(resolve(amount));
    if (mask.opcode != Opcode::iand) break;
    const auto bits = integer_constant(mask.operands[1]);
    const int64_t all = narrow ? 31 : 63;
    if (!bits || (*bits & all) != all) break;
    amount = mask.operands[0];
  }
  const VReg a = narrow ? use_low(from) : use(from);
  op3(op, def(value), a, use_low(amount));
}

void Lower::lower_rotate(Value value) {
  const ir::Instruction& instruction = inst(value);
  const bool narrow = is_i32(value), left = instruction.opcode == Opcode::rotl;
  const unsigned width = narrow ? 32 : 64;
  const VReg a = narrow ? use_low(instruction.operands[0]) : use(instruction.operands[0]);
  if (const auto constant = integer_constant(instruction.operands[1])) {
    unsigned right = static_cast<unsigned>(*constant) & (width - 1);
    if (left) right = (width - right) & (width - 1);
    if (cpu_.zbb) {
      opi(narrow ? Op::roriw : Op::rori, def(value), a, right);
    } else if (right == 0) {
      opi(narrow ? Op::addiw : Op::addi, def(value), a, 0);
    } else {
      const VReg low = opi(narrow ? Op::srliw : Op::srli, a, right);
      op3(Op::or_, def(value), low, opi(narrow ? Op::slliw : Op::slli, a, width - right));
    }
    return;
  }
  const VReg amount = use_low(instruction.operands[1]);
  if (cpu_.zbb) {
    op3(left ? (narrow ? Op::rolw : Op::rol) : (narrow ? Op::rorw : Op::ror), def(value), a, amount);
    return;
  }
  const VReg opposite = op3(Op::subw, kZero, amount);
  const VReg low = op3(narrow ? Op::srlw : Op::srl, a, left ? opposite : amount);
  op3(Op::or_, def(value), low, op3(narrow ? Op::sllw : Op::sll, a, left ? amount : opposite));
}

// Without Zbb, counts the bits in fields of two, four and eight, and adds the bytes by a multiplication.
VReg Lower::popcount(VReg x) {
  const VReg fives = immediate(0x5555'5555'5555'5555);
  const VReg threes = immediate(0x3333'3333'3333'3333);
  const VReg low_nibbles = immediate(0x0f0f'0f0f'0f0f'0f0f);
  const VReg ones = immediate(0x0101'0101'0101'0101);
  VReg sum = op3(Op::sub, x, op3(Op::and_, opi(Op::srli, x, 1), fives));
  const VReg upper = op3(Op::and_, opi(Op::srli, sum, 2), threes);
  sum = op3(Op::add, op3(Op::and_, sum, threes), upper);
  sum = op3(Op::and_, op3(Op::add, sum, opi(Op::srli, sum, 4)), low_nibbles);
  return opi(Op::srli, op3(Op::mul, sum, ones), 56);
}

void Lower::lower_count(Value value) {
  const ir::Instruction& instruction = inst(value);
  const bool narrow = is_i32(value);
  const VReg rd = def(value);
  // In QEMU before 8.0, ctzw counts in the whole register, and gives 32 only if all of it is zero. With a sign-extended
  // operand that count is right too, because the upper half is zero if the lower half is.
  const bool reads_all = !narrow || (cpu_.zbb && instruction.opcode == Opcode::ctz);
  VReg x = reads_all ? use(instruction.operands[0]) : use_low(instruction.operands[0]);
  if (cpu_.zbb) {
    const Op op = instruction.opcode == Opcode::clz   ? (narrow ? Op::clzw : Op::clz)
                  : instruction.opcode == Opcode::ctz ? (narrow ? Op::ctzw : Op::ctz)
                                                      : (narrow ? Op::cpopw : Op::cpop);
    op2(op, rd, x);
    return;
  }
  switch (instruction.opcode) {
    case Opcode::popcnt:
      if (narrow) x = opi(Op::srli, opi(Op::slli, x, 32), 32);
      copy(rd, popcount(x));
      return;
    case Opcode::ctz: {
      // ~x & (x - 1) has a one for each zero below the lowest one of x. For an i32, bit 32 is set to end the count.
      if (narrow) x = op3(Op::or_, x, opi(Op::slli, immediate(1), 32));
      copy(rd, popcount(op3(Op::and_, opi(Op::xori, x, -1), opi(Op::addi, x, -1))));
      return;
    }
    default: {
      // The highest one is copied to all bits below it. The result is the number of zeros above it.
      if (narrow) x = opi(Op::srli, opi(Op::slli, x, 32), 32);
      for (int amount = 1; amount < (narrow ? 32 : 64); amount *= 2) x = op3(Op::or_, x, opi(Op::srli, x, amount));
      x = opi(Op::xori, x, -1);
      if (narrow) x = opi(Op::srli, opi(Op::slli, x, 32), 32);
      copy(rd, popcount(x));
      return;
    }
  }
}

void Lower::zero_extend(VReg rd, Reg from) {
  if (cpu_.zba) {
    op3(Op::add_uw, rd, from, kZero);
    return;
  }
  const VReg high = opi(Op::slli, from, 32);
  opi(Op::srli, rd, high, 32);
}

void Lower::lower_extend(VReg rd, Value from, unsigned bits, bool is_signed) {
  const VReg source = use_low(from);
  if (bits == 8 && !is_signed) {
    opi(Op::andi, rd, source, 255);
  } else if (cpu_.zbb) {
    op2(bits == 8 ? Op::sext_b : is_signed ? Op::sext_h : Op::zext_h, rd, source);
  } else {
    const VReg high = opi(Op::slli, source, 64 - bits);
    opi(is_signed ? Op::srai : Op::srli, rd, high, 64 - bits);
  }
}

}  // namespace cairn::rv64
