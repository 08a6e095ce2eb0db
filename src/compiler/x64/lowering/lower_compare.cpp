// Lowers conditions. A compare becomes part of the branch, trap or select whose condition it is.
#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using codegen::InstFlag;
using ir::Condition;
using ir::Instruction;
using ir::Opcode;
using ir::Type;
using ir::Value;

namespace {

constexpr uint8_t cc_of(Condition condition) {
  switch (condition) {
    case Condition::eq: return static_cast<uint8_t>(Cc::e);
    case Condition::ne: return static_cast<uint8_t>(Cc::ne);
    case Condition::slt: return static_cast<uint8_t>(Cc::l);
    case Condition::sle: return static_cast<uint8_t>(Cc::le);
    case Condition::sgt: return static_cast<uint8_t>(Cc::g);
    case Condition::sge: return static_cast<uint8_t>(Cc::ge);
    case Condition::ult: return static_cast<uint8_t>(Cc::b);
    case Condition::ule: return static_cast<uint8_t>(Cc::be);
    case Condition::ugt: return static_cast<uint8_t>(Cc::a);
    case Condition::uge: return static_cast<uint8_t>(Cc::ae);
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace

void X64Lowering::make_integer_test(Value compare, Test& test) {
  const Instruction& instruction = inst(compare);
  // A load may become a memory operand of the compare if the current instruction is the only user of the compare.
  const bool may_sink = compare == current() || is_only_use(compare);
  make_integer_test(instruction.operands[0], instruction.condition(), instruction.operands[1], may_sink, test);
}

void X64Lowering::make_integer_test(Value a, Condition condition, Value b, bool may_sink, Test& test) {
  const unsigned size = width(inst(a).type);
  if (immediate32(a)) {
    std::swap(a, b);
    condition = ir::swapped(condition);
  }
  test.size = static_cast<uint8_t>(size);
  test.condition = cc_of(condition);
  const auto immediate = immediate32(b);
  a = resolve(a);
  b = resolve(b);
  if (immediate) {
    test.immediate = *immediate;
    return make_immediate_test(a, condition, may_sink, test);
  }

  if (may_sink && can_fold_load(a, size) && !can_fold_load(b, size)) {
    std::swap(a, b);
    test.condition = cc_of(ir::swapped(condition));
  }
  if (may_sink && can_fold_load(b, size)) {
    test.form = Compare::cmp_rm;
    test.operands.add(Operand::use(use_sized(a, size)));
    test.has_address = true;
    test.address = *fold_load(b, size);
    return;
  }
  test.form = Compare::cmp_rr;
  const VReg first = use_sized(a, size);
  const VReg second = use_sized(b, size);
  test.operands.add(Operand::use(first));
  test.operands.add(Operand::use_any(second));
}

// Compares `a` with the constant test.immediate.
void X64Lowering::make_immediate_test(Value a, Condition condition, bool may_sink, Test& test) {
  const unsigned size = test.size;
  if (test.immediate == 0 && inst(a).opcode == Opcode::iand &&
      (condition == Condition::eq || condition == Condition::ne) && is_only_use(a)) {
    return make_mask_test(a, may_sink, test);
  }
  if (may_sink && can_fold_load(a, size)) {
    test.form = Compare::cmp_mi;
    test.has_address = true;
    test.address = *fold_load(a, size);
    return;
  }
  if (may_sink && make_byte_test(a, condition, test)) return;
  if (test.immediate == 0) {  // emission writes a `test` instruction if the value is in a register
    if (condition == Condition::slt) test.condition = static_cast<uint8_t>(Cc::s);
    if (condition == Condition::sge) test.condition = static_cast<uint8_t>(Cc::ns);
  }
  test.form = Compare::cmp_ri;
  test.operands.add(Operand::use_any(use_sized(a, size)));
}

// Compares the result of an `and` with zero.
void X64Lowering::make_mask_test(Value masked, bool may_sink, Test& test) {
  const unsigned size = test.size;
  Value first = inst(masked).operands[0], second = inst(masked).operands[1];
  if (immediate32(first)) std::swap(first, second);
  auto mask = immediate32(second);
  first = resolve(first);
  if (!mask && size == 8) {
    if (const auto bits = integer_constant(second); bits && *bits == static_cast<uint32_t>(*bits)) {
      mask = static_cast<int32_t>(*bits);
      test.size = 4;
    }
  }
  if (mask) {
    test.immediate = *mask;
    if (may_sink && can_fold_load(first, size) && test.size == size) {
      test.form = Compare::test_mi;
      test.has_address = true;
      test.address = *fold_load(first, size);
      return;
    }
    if (*mask >= 0 && test.size == 8) test.size = 4;
    test.form = Compare::test_ri;
    test.operands.add(Operand::use(test.size == 4 ? use_low(first) : use(first)));
    return;
  }
  test.form = Compare::test_rr;
  const VReg first_reg = use_sized(first, size);
  const VReg second_reg = use_sized(second, size);
  test.operands.add(Operand::use(first_reg));
  test.operands.add(Operand::use(second_reg));
}

// Compares a byte in memory, which is zero-extended, with a constant byte. Returns false for other loads and constants.
bool X64Lowering::make_byte_test(Value load, Condition condition, Test& test) {
  if (test.immediate < 0 || test.immediate > 0xff) return false;
  if ((inst(load).opcode != Opcode::heap_load && inst(load).opcode != Opcode::load) || !can_sink(load)) return false;
  const ir::MemoryAccess& access = function_.memory_access(load);
  if (access.size != 1 || access.extension != ir::Extension::zero ||
      (access.can_fault && access.trap != wasm::TrapKind::out_of_bounds_memory_access)) {
    return false;
  }
  sink(load);
  switch (condition) {  // both sides are non-negative, so an unsigned condition says the same
    case Condition::slt: condition = Condition::ult; break;
    case Condition::sle: condition = Condition::ule; break;
    case Condition::sgt: condition = Condition::ugt; break;
    case Condition::sge: condition = Condition::uge; break;
    default: break;
  }
  test.condition = cc_of(condition);
  test.form = Compare::cmp_mi;
  test.size = 1;
  test.has_address = true;
  test.address = address_of(load);
  return true;
}

void X64Lowering::make_float_test(Value compare, Test& test) {
  const Instruction& instruction = inst(compare);
  Value a = resolve(instruction.operands[0]), b = resolve(instruction.operands[1]);
  const unsigned size = width(inst(a).type);
  test.size = static_cast<uint8_t>(size);
  // ucomis sets CF for "less" and for "unordered", so only the conditions "above" and "above or equal" are false on
  // NaN.
  switch (instruction.condition()) {
    case Condition::feq: test.condition = static_cast<uint8_t>(FloatCc::equal); break;
    case Condition::fne: test.condition = static_cast<uint8_t>(FloatCc::not_equal); break;
    case Condition::flt: std::swap(a, b); [[fallthrough]];
    case Condition::fgt: test.condition = static_cast<uint8_t>(Cc::a); break;
    case Condition::fle: std::swap(a, b); [[fallthrough]];
    case Condition::fge: test.condition = static_cast<uint8_t>(Cc::ae); break;
    default: CAIRN_UNREACHABLE();
  }
  const bool may_sink = compare == current() || is_only_use(compare);
  const VReg first = use(a);
  test.operands.add(Operand::use(first));
  if (inst(b).opcode == Opcode::fconst && inst(b).immediate != 0) {
    test.form = Compare::ucomis_rm;
    test.has_address = true;
    test.address = constant_address(&inst(b).immediate, size);
    return;
  }
  if (may_sink && can_fold_load(b, size)) {
    test.form = Compare::ucomis_rm;
    test.has_address = true;
    test.address = *fold_load(b, size);
    return;
  }
  test.form = Compare::ucomis_rr;
  test.operands.add(Operand::use_any(use(b)));
}

X64Lowering::Test X64Lowering::make_test(Value value) {
  Test test;
  bool negated = false;
  value = resolve(value);
  // `x == 0` inverts the truth value x, and `x != 0` keeps it.
  for (;;) {
    const Instruction& instruction = inst(value);
    if (instruction.opcode != Opcode::icmp || is_used(value)) break;
    if (instruction.condition() != Condition::eq && instruction.condition() != Condition::ne) break;
    if (immediate32(instruction.operands[1]) != 0) break;
    const Value inner = resolve(instruction.operands[0]);
    const Opcode opcode = inst(inner).opcode;
    if ((opcode != Opcode::icmp && opcode != Opcode::fcmp) || !is_only_use(inner) || !is_only_use(value)) break;
    negated ^= instruction.condition() == Condition::eq;
    value = inner;
  }
  const Instruction& instruction = inst(value);
  if (instruction.opcode == Opcode::icmp && !is_used(value)) {
    make_integer_test(value, test);
  } else if (instruction.opcode == Opcode::fcmp && !is_used(value)) {
    make_float_test(value, test);
  } else if (instruction.opcode == Opcode::iand && is_only_use(value)) {
    Value first = instruction.operands[0], second = instruction.operands[1];
    if (immediate32(first)) std::swap(first, second);
    test.condition = static_cast<uint8_t>(Cc::ne);
    if (const auto mask = immediate32(second)) {
      test.form = Compare::test_ri;
      test.immediate = *mask;
      test.operands.add(Operand::use(use_low(first)));
    } else {
      test.form = Compare::test_rr;
      const VReg first_reg = use_low(first);
      const VReg second_reg = use_low(second);
      test.operands.add(Operand::use(first_reg));
      test.operands.add(Operand::use(second_reg));
    }
  } else if (instruction.opcode == Opcode::simd_unary && is_only_use(value) && instruction.type == Type::i32 &&
             is_vector_test(instruction.simd())) {
    make_vector_test(value, test);
  } else if (can_fold_load(value, 4)) {
    test.form = Compare::cmp_mi;
    test.condition = static_cast<uint8_t>(Cc::ne);
    test.has_address = true;
    test.address = *fold_load(value, 4);
  } else {
    test.form = Compare::cmp_ri;
    test.condition = static_cast<uint8_t>(Cc::ne);
    test.operands.add(Operand::use_any(use_low(value)));
  }
  if (negated) negate(test);
  return test;
}

MachineInst& X64Lowering::put_test(Op op, Operands operands, const Test& test, InstFlag flags) {
  for (const Operand& operand : test.operands.span()) operands.add(operand);
  MachineInst& result = test.has_address ? put_address(op, operands, test.address, test.size, flags)
                                         : put(op, operands, test.size, flags);
  result.extra = static_cast<uint8_t>(test.form);
  result.condition = test.condition;
  result.immediate = static_cast<uint32_t>(test.immediate);
  return result;
}

void X64Lowering::lower_set(Value value) {
  Test test;
  if (inst(value).opcode == Opcode::icmp) {
    make_integer_test(value, test);
  } else if (inst(value).opcode == Opcode::fcmp) {
    make_float_test(value, test);
  } else {
    make_vector_test(value, test);
  }
  put_test(Op::set, {Operand::def(def(value))}, test);
}

void X64Lowering::lower_select(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const VReg result = def(value);
  Value if_true = instruction.operands[1], if_false = instruction.operands[2];
  Test test = make_test(instruction.operands[0]);
  // "Equal and ordered" requires two flags at once. Its opposite requires either flag, for which two cmovs suffice.
  if (test.condition == static_cast<uint8_t>(FloatCc::equal)) {
    negate(test);
    std::swap(if_true, if_false);
  }
  const auto use_sized = [&](Value operand) {
    return size == 4 && ir::is_integer(instruction.type) ? use_low(operand) : use(operand);
  };
  const VReg false_reg = use_sized(if_false);
  const VReg true_reg = use_sized(if_true);
  put_test(ir::is_integer(instruction.type) ? Op::cmov : Op::select_x,
           {Operand::def_reuse(result, 1), Operand::use(false_reg), Operand::use_any(true_reg)}, test)
      .immediate |= int64_t{size} << 32;
}

// The compare sets the flags for the jump to the trap, and for the cmov that masks the value.
void X64Lowering::lower_checked(Value value) {
  const Instruction& instruction = inst(value);
  const unsigned size = width(instruction.type);
  const Value a = instruction.operands[1], b = instruction.operands[2];
  const Condition condition = instruction.condition();
  Test test;
  if (inst(a).opcode == Opcode::icmp && condition == Condition::ne && immediate32(b) == 0) {
    test = make_test(a);  // (x op y) != 0
  } else {
    make_integer_test(a, condition, b, true, test);
  }
  const Value kept = instruction.operands[0];
  const VReg kept_reg = size == 4 ? use_low(kept) : use(kept);
  put_test(Op::checked, {Operand::def_early(def(value)), Operand::use_any(kept_reg)}, test).immediate |=
      int64_t{instruction.extra | (size == 8 ? 0x100u : 0)} << 32;
}

}  // namespace cairn::x64
