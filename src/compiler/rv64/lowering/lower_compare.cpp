// Selects instructions for conditions: comparisons, selects, and the tests of branches and traps.
#include <bit>

#include "base/assert.hpp"
#include "compiler/rv64/lowering/lower.hpp"

namespace cairn::rv64 {

using ir::Condition;
using ir::Opcode;
using ir::Value;

// The result of comparing two sign-extended i32 values in 64 bits is that of comparing them in 32 bits, signed and
// unsigned. For an unsigned compare, sign-extension moves the upper half of the range up as a whole, which keeps the
// order.
void Lower::lower_icmp(Value value) {
  const ir::Instruction& compare = inst(value);
  Value left = compare.operands[0], right = compare.operands[1];
  Condition condition = compare.condition();
  if (integer_constant(left) && !integer_constant(right)) {
    std::swap(left, right);
    condition = ir::swapped(condition);
  }
  const VReg rd = def(value);
  const auto constant = integer_constant(right);
  const auto not_of = [&](VReg r) { opi(Op::xori, rd, r, 1); };

  if (condition == Condition::eq || condition == Condition::ne) {
    Reg difference = kZero;
    if (constant == 0)
      difference = use(left);
    else if (constant && *constant > -2048 && *constant <= 2048)
      difference = opi(Op::addi, use(left), -*constant);
    else {
      const VReg a = use(left);
      difference = op3(Op::sub, a, use(right));
    }
    if (condition == Condition::eq)
      opi(Op::sltiu, rd, difference, 1);
    else
      op3(Op::sltu, rd, kZero, difference);
    return;
  }
  const bool is_signed = condition == Condition::slt || condition == Condition::sle || condition == Condition::sgt ||
                         condition == Condition::sge;
  const Op compare_op = is_signed ? Op::slt : Op::sltu, compare_imm = is_signed ? Op::slti : Op::sltiu;
  const bool strict_less = condition == Condition::slt || condition == Condition::ult;
  const bool less_equal = condition == Condition::sle || condition == Condition::ule;
  const bool greater = condition == Condition::sgt || condition == Condition::ugt;
  if (constant) {
    // x <= c is x < c + 1, and its negation is x > c. c + 1 must not wrap around: -1 is the largest unsigned number.
    const bool successor = less_equal || greater;
    const auto bound = static_cast<int64_t>(static_cast<uint64_t>(*constant) + (successor ? 1 : 0));
    if (fits_signed(bound, 12) && !(successor && !is_signed && *constant == -1)) {
      if (greater && bound == 1 && !is_signed) {  // x > 0
        op3(Op::sltu, rd, kZero, use(left));
      } else if (greater && bound == 1) {
        op3(Op::slt, rd, kZero, use(left));
      } else if (strict_less || less_equal) {
        opi(compare_imm, rd, use(left), bound);
      } else {
        not_of(opi(compare_imm, use(left), bound));
      }
      return;
    }
  }
  const Reg a = use_or_zero(left);
  const Reg b = use_or_zero(right);
  if (strict_less)
    op3(compare_op, rd, a, b);
  else if (greater)
    op3(compare_op, rd, b, a);
  else if (less_equal)
    not_of(op3(compare_op, b, a));
  else
    not_of(op3(compare_op, a, b));
}

Lower::Test Lower::integer_test(Condition condition, Value left, Value right) {
  if (const auto constant = integer_constant(right)) {
    // A compare with 1 or -1 becomes an equivalent compare with zero, which x0 holds.
    if (*constant == 1 && condition == Condition::slt) return {Op::bge, kZero, use(left)};
    if (*constant == 1 && condition == Condition::sge) return {Op::blt, kZero, use(left)};
    if (*constant == -1 && condition == Condition::sgt) return {Op::bge, use(left), kZero};
    if (*constant == -1 && condition == Condition::sle) return {Op::blt, use(left), kZero};
    if (*constant == 1 && condition == Condition::ult) return {Op::beq, use(left), kZero};
    if (*constant == 1 && condition == Condition::uge) return {Op::bne, use(left), kZero};
    if (*constant == 0 && condition == Condition::ugt) return {Op::bne, use(left), kZero};
    if (*constant == 0 && condition == Condition::ule) return {Op::beq, use(left), kZero};
  }
  const Reg a = use_or_zero(left), b = use_or_zero(right);
  switch (condition) {
    case Condition::eq: return {Op::beq, a, b};
    case Condition::ne: return {Op::bne, a, b};
    case Condition::slt: return {Op::blt, a, b};
    case Condition::sge: return {Op::bge, a, b};
    case Condition::sgt: return {Op::blt, b, a};
    case Condition::sle: return {Op::bge, b, a};
    case Condition::ult: return {Op::bltu, a, b};
    case Condition::uge: return {Op::bgeu, a, b};
    case Condition::ugt: return {Op::bltu, b, a};
    case Condition::ule: return {Op::bgeu, b, a};
    default: CAIRN_UNREACHABLE();
  }
}

Lower::Test Lower::test_of(Value condition, bool when_non_zero) {
  condition = resolve(condition);
  // The test repeats a compare of integers even if the compare has other uses, because a branch compares for free.
  const ir::Instruction& instruction = inst(condition);
  if (instruction.opcode == Opcode::icmp) {
    const Value left = resolve(instruction.operands[0]), right = resolve(instruction.operands[1]);
    const auto constant = integer_constant(right);
    const bool equality = instruction.condition() == Condition::eq || instruction.condition() == Condition::ne;
    // A compare of a condition with zero tests the condition itself or its negation.
    if (equality && constant == 0 && is_i32(left) &&
        (inst(left).opcode == Opcode::icmp || inst(left).opcode == Opcode::fcmp))
      return test_of(left, when_non_zero == (instruction.condition() == Condition::ne));
    // A single bit whose mask does not fit an andi is shifted to the place of the sign, and the sign is tested.
    if (equality && constant == 0 && inst(left).opcode == Opcode::iand && is_only_use(left)) {
      const auto mask = integer_constant(inst(left).operands[1]);
      const uint64_t bits = mask ? static_cast<uint64_t>(*mask) : 0;
      if (mask && !fits_signed(*mask, 12) && std::has_single_bit(bits)) {
        const VReg moved = opi(Op::slli, use(inst(left).operands[0]), std::countl_zero(bits));
        const bool set = (instruction.condition() == Condition::ne) == when_non_zero;
        return {set ? Op::blt : Op::bge, moved, kZero};
      }
    }
    const Condition c = when_non_zero ? instruction.condition() : ir::inverted(instruction.condition());
    if (integer_constant(left) && !constant) return integer_test(ir::swapped(c), right, left);
    return integer_test(c, left, right);
  }
  if (instruction.opcode == Opcode::fcmp && is_only_use(condition)) {
    const auto [result, inverted] = float_compare(instruction);
    return {when_non_zero != inverted ? Op::bne : Op::beq, result, kZero};
  }
  return {when_non_zero ? Op::bne : Op::beq, use(condition), kZero};
}

// Lowers a select. In order of preference, it becomes a min or max, an `and` with a mask, or a branch over a move
// (Pseudo::select). A select of vectors is Pseudo::simd_select.
void Lower::lower_select(Value value) {
  const ir::Instruction& instruction = inst(value);
  const Value condition = resolve(instruction.operands[0]);
  const Value if_true = resolve(instruction.operands[1]), if_false = resolve(instruction.operands[2]);
  const VReg rd = def(value);
  const RegClass reg_class = codegen::class_of_type(instruction.type);
  if (reg_class == RegClass::vector) {
    const VReg c = use(condition), a = use(if_true), b = use(if_false);
    emit(opcode_of(Pseudo::simd_select), {Operand::use(c), Operand::use(a), Operand::use(b), Operand::def(rd)});
    return;
  }
  const ir::Instruction& compare = inst(condition);
  if (reg_class == RegClass::integer && compare.opcode == Opcode::icmp && cpu_.zbb) {
    const Value left = resolve(compare.operands[0]), right = resolve(compare.operands[1]);
    const bool same = left == if_true && right == if_false, crossed = left == if_false && right == if_true;
    Condition c = compare.condition();
    if (crossed) c = ir::inverted(c);
    if (same || crossed) {
      const auto emit_min_max = [&](Op op) {
        const VReg a = use(if_true);
        op3(op, rd, a, use(if_false));
      };
      switch (c) {
        case Condition::slt:
        case Condition::sle: return emit_min_max(Op::min);
        case Condition::sgt:
        case Condition::sge: return emit_min_max(Op::max);
        case Condition::ult:
        case Condition::ule: return emit_min_max(Op::minu);
        case Condition::ugt:
        case Condition::uge: return emit_min_max(Op::maxu);
        default: break;
      }
    }
  }
  // If one of the two values is the constant zero, an `and` of the other value with a mask gives the result. The mask
  // is computed from the condition as 0 or 1 in a register, so this pays only if the condition has another use, which
  // needs that register too.
  const auto zero_of = [&](Value v) { return reg_class == RegClass::integer && integer_constant(v) == 0; };
  const bool is_bit = compare.opcode == Opcode::icmp || compare.opcode == Opcode::fcmp;
  if (is_bit && use_count(condition) > 1 && is_used(condition) && (zero_of(if_true) || zero_of(if_false))) {
    const VReg c = use(condition);
    const VReg mask = zero_of(if_false) ? op3(Op::sub, kZero, c) : opi(Op::addi, c, -1);
    op3(Op::and_, rd, mask, use(zero_of(if_false) ? if_true : if_false));
    return;
  }

  const VReg a = use(if_true), b = use(if_false);
  const Test test = test_of(condition, true);
  Operand operands[5];
  size_t count = 0;
  if (test.left.vreg) operands[count++] = Operand::use(test.left.vreg);
  if (test.right.vreg) operands[count++] = Operand::use(test.right.vreg);
  const unsigned reused = static_cast<unsigned>(count);
  operands[count++] = Operand::use(a);
  operands[count++] = Operand::use(b);
  operands[count++] = Operand::def_reuse(rd, reused);
  MachineInst& m = emit(opcode_of(Pseudo::select), std::span(operands, count));
  if (!test.left.vreg) m.extra = payload_of(test.left.fixed);
  if (!test.right.vreg) m.scale = payload_of(test.right.fixed);
  m.immediate = static_cast<int64_t>(test.branch);
  m.size = static_cast<uint8_t>(reg_class);
}

}  // namespace cairn::rv64
