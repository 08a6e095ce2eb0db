// The identities that Inserter applies to each instruction that it makes. They hold for every input, with the same
// traps and the same bits of NaNs. In the comments, x and y are values, c, c1 and c2 are constants, m and n are
// constant shift counts, `op` is any one operation that the code allows, and all arithmetic is in the operation's
// width.
#include <bit>
#include <utility>

#include "compiler/ir/fold.hpp"
#include "compiler/ir/inserter.hpp"

namespace cairn::ir {

namespace {

// Whether the operation is commutative. All operations for which this holds are associative too.
bool is_commutative(Opcode opcode) {
  switch (opcode) {
    case Opcode::iadd:
    case Opcode::imul:
    case Opcode::iand:
    case Opcode::ior:
    case Opcode::ixor: return true;
    default: return false;
  }
}

uint64_t mask_of(Type type) { return type == Type::i32 ? 0xffff'ffff : ~uint64_t{0}; }
int64_t width_of(Type type) { return type == Type::i32 ? 32 : 64; }

}  // namespace

Value Inserter::step(Instruction& inst, bool& changed) {
  switch (inst.opcode) {
    case Opcode::iadd:
    case Opcode::isub:
    case Opcode::imul:
    case Opcode::iand:
    case Opcode::ior:
    case Opcode::ixor:
    case Opcode::clz:
    case Opcode::ctz:
    case Opcode::popcnt: return step_integer(inst, changed);
    case Opcode::sdiv:
    case Opcode::udiv:
    case Opcode::srem:
    case Opcode::urem: return step_division(inst, changed);
    case Opcode::ishl:
    case Opcode::sshr:
    case Opcode::ushr:
    case Opcode::rotl:
    case Opcode::rotr: return step_shift(inst, changed);
    case Opcode::icmp: return step_compare(inst, changed);
    case Opcode::select: return step_select(inst, changed);
    case Opcode::sext8:
    case Opcode::sext16:
    case Opcode::sext32:
    case Opcode::sextend:
    case Opcode::uextend:
    case Opcode::wrap: return step_conversion(inst, changed);
    case Opcode::fneg:
    case Opcode::fabs:
    case Opcode::fcopysign:
    case Opcode::bitcast: return step_float(inst, changed);
    case Opcode::trap_if:
    case Opcode::trap_unless: {
      bool is_inverted = false;
      inst.operands[0] = peel_condition(inst.operands[0], is_inverted);
      if (is_inverted) inst.opcode = inst.opcode == Opcode::trap_if ? Opcode::trap_unless : Opcode::trap_if;
      return Value::none();
    }
    case Opcode::checked: return step_checked(inst);
    default: return Value::none();
  }
}

Value Inserter::step_integer(Instruction& inst, bool& changed) {
  Value& a = inst.operands[0];
  Value& b = inst.operands[1];
  if (!b) {
    if (const auto c = constant(a)) return iconst(inst.type, *fold_integer(inst.opcode, inst.type, *c, 0));
    return Value::none();
  }
  // A constant becomes the second operand. If neither operand is a constant, the older one comes first, so that value
  // numbering finds x + y for y + x.
  if (is_commutative(inst.opcode) && (constant(a) || (!constant(b) && b < a))) std::swap(a, b);
  const auto c = constant(b);
  if (c && constant(a)) return iconst(inst.type, *fold_integer(inst.opcode, inst.type, *constant(a), *c));

  if (a == b) {
    switch (inst.opcode) {
      case Opcode::isub:
      case Opcode::ixor: return iconst(inst.type, 0);
      case Opcode::iand:
      case Opcode::ior: return a;
      default: break;
    }
  }
  if (!c) {
    // x + (0 - y) = x - y
    if (inst.opcode == Opcode::iadd && is(b, Opcode::isub) && constant(at(b).operands[0]) == 0) {
      inst.opcode = Opcode::isub;
      b = at(b).operands[1];
      changed = true;
    }
    return Value::none();
  }

  const uint64_t bits = static_cast<uint64_t>(*c) & mask_of(inst.type);
  switch (inst.opcode) {
    case Opcode::isub:  // x - c = x + -c
      inst.opcode = Opcode::iadd;
      b = iconst(inst.type, static_cast<int64_t>(uint64_t{0} - bits));
      changed = true;
      return Value::none();
    case Opcode::iadd:
      if (bits == 0) return a;
      break;
    case Opcode::imul:
      if (bits == 0) return b;
      if (bits == 1) return a;
      if (std::has_single_bit(bits)) {
        inst.opcode = Opcode::ishl;
        b = iconst(inst.type, std::countr_zero(bits));
        changed = true;
        return Value::none();
      }
      break;
    case Opcode::iand:
      if (bits == 0) return b;
      if (bits == mask_of(inst.type)) return a;
      break;
    case Opcode::ior:
      if (bits == 0) return a;
      if (bits == mask_of(inst.type)) return b;
      break;
    case Opcode::ixor:
      if (bits == 0) return a;
      break;
    default: break;
  }
  // (x op c1) op c2 = x op (c1 op c2), for the associative operations.
  if (is_commutative(inst.opcode) && is(a, inst.opcode)) {
    if (const auto inner = constant(at(a).operands[1])) {
      const int64_t both = *fold_integer(inst.opcode, inst.type, *inner, *c);
      const Value x = at(a).operands[0];
      b = iconst(inst.type, both);
      a = x;
      changed = true;
      return Value::none();
    }
  }
  // (c1 - x) + c2 = (c1 + c2) - x
  if (inst.opcode == Opcode::iadd && is(a, Opcode::isub)) {
    if (const auto inner = constant(at(a).operands[0])) {
      const Value x = at(a).operands[1];
      inst.opcode = Opcode::isub;
      a = iconst(inst.type, *fold_integer(Opcode::iadd, inst.type, *inner, *c));
      b = x;
      changed = true;
    }
  }
  return Value::none();
}

Value Inserter::step_shift(Instruction& inst, bool& changed) {
  Value& a = inst.operands[0];
  Value& b = inst.operands[1];
  const auto count = constant(b);
  if (!count) {
    if (constant(a) == 0) return a;
    return Value::none();
  }
  if (const auto x = constant(a)) return iconst(inst.type, *fold_integer(inst.opcode, inst.type, *x, *count));
  const int64_t width = width_of(inst.type);
  const int64_t n = *count & (width - 1);
  if (n == 0) return a;
  if (n != *count) {
    b = iconst(inst.type, n);
    changed = true;
    return Value::none();
  }
  if (inst.opcode == Opcode::rotr) {  // rotr(x, n) = rotl(x, width - n)
    inst.opcode = Opcode::rotl;
    b = iconst(inst.type, width - n);
    changed = true;
    return Value::none();
  }
  const Instruction inner = at(a);
  const auto inner_count = inner.operands[1] ? constant(inner.operands[1]) : std::nullopt;
  if (!inner_count) return Value::none();
  const int64_t m = *inner_count & (width - 1);
  if (inner.opcode == inst.opcode && inst.opcode != Opcode::rotl) {  // (x op m) op n = x op (m + n)
    if (m + n >= width && inst.opcode != Opcode::sshr) return iconst(inst.type, 0);
    a = inner.operands[0];
    b = iconst(inst.type, m + n < width ? m + n : width - 1);
    changed = true;
    return Value::none();
  }
  if (inner.opcode == Opcode::ishl && m == n) {
    // (x << n) >> n keeps the low width - n bits of x, and extends them with zeros or with their sign.
    if (inst.opcode == Opcode::ushr) {
      inst.opcode = Opcode::iand;
      a = inner.operands[0];
      b = iconst(inst.type, static_cast<int64_t>(mask_of(inst.type) >> n));
      changed = true;
    } else if (inst.opcode == Opcode::sshr && (width - n == 8 || width - n == 16 || width - n == 32)) {
      inst.opcode = width - n == 8 ? Opcode::sext8 : width - n == 16 ? Opcode::sext16 : Opcode::sext32;
      a = inner.operands[0];
      b = Value::none();
      changed = true;
    }
  } else if (inner.opcode == Opcode::ushr && inst.opcode == Opcode::ishl && m == n) {  // (x >> n) << n = x & (-1 << n)
    inst.opcode = Opcode::iand;
    a = inner.operands[0];
    b = iconst(inst.type, static_cast<int64_t>(mask_of(inst.type) << n));
    changed = true;
  }
  return Value::none();
}

Value Inserter::step_compare(Instruction& inst, bool& changed) {
  Value& a = inst.operands[0];
  Value& b = inst.operands[1];
  const Type type = at(a).type;
  if (constant(a) || (!constant(b) && b < a)) {
    std::swap(a, b);
    inst.aux = static_cast<uint8_t>(swapped(inst.condition()));
  }
  const Condition condition = inst.condition();
  if (a == b) {
    const bool holds = condition == Condition::eq || condition == Condition::sle || condition == Condition::sge ||
                       condition == Condition::ule || condition == Condition::uge;
    return iconst(Type::i32, holds ? 1 : 0);
  }
  const auto c = constant(b);
  if (!c) return Value::none();
  // A new object or an i31 is never null, so the comparison with null is decided.
  if (*c == 0 && (is(a, Opcode::gc_new) || is(a, Opcode::gc_from_bits))) {
    return iconst(Type::i32, condition == Condition::ne ? 1 : 0);
  }
  if (const auto x = constant(a)) return iconst(Type::i32, fold_compare(condition, type, *x, *c) ? 1 : 0);
  const auto rewrite = [&](Condition to, int64_t value) {
    inst.aux = static_cast<uint8_t>(to);
    b = iconst(type, value);
    changed = true;
    return Value::none();
  };
  const uint64_t bits = static_cast<uint64_t>(*c) & mask_of(type);
  // Comparisons become comparisons with zero if possible, since these need no immediate.
  if (bits == 0) {
    if (condition == Condition::ult) return iconst(Type::i32, 0);
    if (condition == Condition::uge) return iconst(Type::i32, 1);
    if (condition == Condition::ugt) return rewrite(Condition::ne, 0);
    if (condition == Condition::ule) return rewrite(Condition::eq, 0);
  } else if (bits == 1) {
    if (condition == Condition::ult) return rewrite(Condition::eq, 0);
    if (condition == Condition::uge) return rewrite(Condition::ne, 0);
    if (condition == Condition::slt) return rewrite(Condition::sle, 0);
    if (condition == Condition::sge) return rewrite(Condition::sgt, 0);
  } else if (*c == -1) {
    if (condition == Condition::sgt) return rewrite(Condition::sge, 0);
    if (condition == Condition::sle) return rewrite(Condition::slt, 0);
  }
  if (condition != Condition::eq && condition != Condition::ne) return Value::none();
  const Instruction inner = at(a);
  switch (inner.opcode) {
    case Opcode::icmp:
    case Opcode::fcmp:
      // (x op y) != 0 is the comparison itself. (x op y) == 0 is the inverse comparison, if there is one.
      if (bits == 0 && condition == Condition::ne) return a;
      if (bits == 0 && inner.opcode == Opcode::icmp) {
        inst = inner;
        inst.aux = static_cast<uint8_t>(inverted(inner.condition()));
        changed = true;
      } else if (bits == 0 && (inner.condition() == Condition::feq || inner.condition() == Condition::fne)) {
        inst = inner;
        inst.aux = static_cast<uint8_t>(inner.condition() == Condition::feq ? Condition::fne : Condition::feq);
      }
      break;
    case Opcode::iadd:  // (x + c1 == c2) = (x == c2 - c1)
    case Opcode::ixor:
      if (const auto inner_constant = constant(inner.operands[1])) {
        const Opcode undo = inner.opcode == Opcode::iadd ? Opcode::isub : Opcode::ixor;
        const int64_t value = *fold_integer(undo, type, *c, *inner_constant);
        a = inner.operands[0];
        return rewrite(condition, value);
      }
      if (inner.opcode == Opcode::ixor && bits == 0) {  // (x ^ y == 0) = (x == y)
        a = inner.operands[0];
        b = inner.operands[1];
        changed = true;
      }
      break;
    case Opcode::isub:  // (x - y == 0) = (x == y)
      if (bits == 0) {
        a = inner.operands[0];
        b = inner.operands[1];
        changed = true;
      }
      break;
    case Opcode::uextend:
    case Opcode::sextend: {  // (extend(x) == c) = (x == c) if some i32 extends to c; otherwise it is false
      const int64_t narrow = static_cast<int32_t>(*c);
      const int64_t wide = inner.opcode == Opcode::sextend ? narrow : static_cast<int64_t>(static_cast<uint32_t>(*c));
      if (wide != *c) return iconst(Type::i32, condition == Condition::ne ? 1 : 0);
      a = inner.operands[0];
      b = iconst(Type::i32, narrow);
      changed = true;
      break;
    }
    default: break;
  }
  return Value::none();
}

Value Inserter::step_checked(Instruction& inst) {
  Value& a = inst.operands[1];
  Value& b = inst.operands[2];
  // The operands are in the order that step_compare() gives them, so that Numbering::learn() makes the compare that
  // others look for.
  if (constant(a) || (!constant(b) && b < a)) {
    std::swap(a, b);
    inst.aux = static_cast<uint8_t>(swapped(inst.condition()));
  }
  const auto x = constant(a);
  const auto y = constant(b);
  // Only constants prove that the check holds: see opcodes.def.
  if (x && y && fold_compare(inst.condition(), at(a).type, *x, *y)) return inst.operands[0];
  return Value::none();
}

Value Inserter::step_select(Instruction& inst, bool& changed) {
  if (inst.operands[1] == inst.operands[2]) return inst.operands[1];
  if (const auto c = constant(inst.operands[0])) return *c != 0 ? inst.operands[1] : inst.operands[2];
  bool is_inverted = false;
  const Value condition = peel_condition(inst.operands[0], is_inverted);
  if (condition != inst.operands[0]) {
    inst.operands[0] = condition;
    if (is_inverted) std::swap(inst.operands[1], inst.operands[2]);
    changed = true;
  }
  // select(x op y, 1, 0) is the comparison itself, and select(x op y, 0, 1) is its inverse.
  if (inst.type == Type::i32 && (is(condition, Opcode::icmp) || is(condition, Opcode::fcmp))) {
    const auto if_nonzero = constant(inst.operands[1]);
    const auto if_zero = constant(inst.operands[2]);
    if (if_nonzero == 1 && if_zero == 0) return condition;
    if (if_nonzero == 0 && if_zero == 1) return compare(Condition::eq, condition, iconst(Type::i32, 0));
  }
  return Value::none();
}

Value Inserter::step_conversion(Instruction& inst, bool& changed) {
  const Value a = inst.operands[0];
  if (const auto c = constant(a)) return iconst(inst.type, *fold_integer(inst.opcode, inst.type, *c, 0));
  const Instruction inner = at(a);
  const auto replace_operand = [&](Value value) {
    inst.operands[0] = value;
    changed = true;
    return Value::none();
  };
  switch (inst.opcode) {
    case Opcode::wrap:
      if (inner.opcode == Opcode::uextend || inner.opcode == Opcode::sextend) return inner.operands[0];
      if (inner.opcode == Opcode::sext32) return replace_operand(inner.operands[0]);
      if (inner.opcode == Opcode::iand) {
        const auto mask = constant(inner.operands[1]);
        if (mask && (static_cast<uint64_t>(*mask) & 0xffff'ffff) == 0xffff'ffff)
          return replace_operand(inner.operands[0]);
      }
      break;
    case Opcode::sext8:
      if (inner.opcode == Opcode::sext8) return a;
      if (inner.opcode == Opcode::sext16 || inner.opcode == Opcode::sext32) return replace_operand(inner.operands[0]);
      break;
    case Opcode::sext16:
      if (inner.opcode == Opcode::sext8 || inner.opcode == Opcode::sext16) return a;
      if (inner.opcode == Opcode::sext32) return replace_operand(inner.operands[0]);
      break;
    case Opcode::sext32:
      if (inner.opcode == Opcode::sext8 || inner.opcode == Opcode::sext16 || inner.opcode == Opcode::sext32 ||
          inner.opcode == Opcode::sextend) {
        return a;
      }
      if (inner.opcode == Opcode::uextend) {
        inst.opcode = Opcode::sextend;
        return replace_operand(inner.operands[0]);
      }
      break;
    case Opcode::uextend: break;
    default: break;
  }
  return Value::none();
}

Value Inserter::step_float(Instruction& inst, bool& changed) {
  const auto bits_of = [&](Value value) -> std::optional<int64_t> {
    const Instruction& i = at(value);
    return i.opcode == Opcode::fconst || i.opcode == Opcode::iconst ? std::optional(i.immediate) : std::nullopt;
  };
  const Value a = inst.operands[0];
  const Value b = inst.operands[1];
  const auto x = bits_of(a);
  const auto y = b ? bits_of(b) : std::optional<int64_t>(0);
  if (x && y) {
    const int64_t folded = *fold_float_bits(inst.opcode, inst.type, *x, *y);
    return is_float(inst.type) ? fconst(inst.type, static_cast<uint64_t>(folded)) : iconst(inst.type, folded);
  }
  const Instruction inner = at(a);
  switch (inst.opcode) {
    case Opcode::fneg:
      if (inner.opcode == Opcode::fneg) return inner.operands[0];
      break;
    case Opcode::fabs:
      if (inner.opcode == Opcode::fabs) return a;
      if (inner.opcode == Opcode::fneg || inner.opcode == Opcode::fcopysign) {
        inst.operands[0] = inner.operands[0];
        changed = true;
      }
      break;
    case Opcode::fcopysign:
      if (a == b) return a;
      break;
    case Opcode::bitcast:
      if (inner.opcode == Opcode::bitcast && at(inner.operands[0]).type == inst.type) return inner.operands[0];
      break;
    default: break;
  }
  return Value::none();
}

}  // namespace cairn::ir
