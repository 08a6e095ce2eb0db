// Selects instructions for integer arithmetic: addition, subtraction, logic, multiplication and division.
#include <bit>

#include "base/assert.hpp"
#include "compiler/rv64/lowering/lower.hpp"

namespace cairn::rv64 {

using ir::Opcode;
using ir::Value;
using wasm::TrapKind;

bool Lower::lower_integer(Value value) {
  const ir::Instruction& instruction = inst(value);
  switch (instruction.opcode) {
    case Opcode::iadd: lower_add(value); return true;
    case Opcode::isub: lower_sub(value); return true;
    case Opcode::imul: lower_mul(value); return true;
    case Opcode::sdiv:
    case Opcode::udiv:
    case Opcode::srem:
    case Opcode::urem: lower_division(value); return true;
    case Opcode::iand:
    case Opcode::ior:
    case Opcode::ixor: lower_bitwise(value); return true;
    case Opcode::ishl:
    case Opcode::sshr:
    case Opcode::ushr: lower_shift(value); return true;
    case Opcode::rotl:
    case Opcode::rotr: lower_rotate(value); return true;
    case Opcode::clz:
    case Opcode::ctz:
    case Opcode::popcnt: lower_count(value); return true;
    case Opcode::sext8: lower_extend(def(value), instruction.operands[0], 8, true); return true;
    case Opcode::sext16: lower_extend(def(value), instruction.operands[0], 16, true); return true;
    case Opcode::sext32:
    case Opcode::wrap: opi(Op::addiw, def(value), use_low(instruction.operands[0]), 0); return true;
    case Opcode::uextend:
      if (is_non_negative(instruction.operands[0]))
        copy(def(value), use(instruction.operands[0]));
      else
        zero_extend(def(value), use_low(instruction.operands[0]));
      return true;
    case Opcode::add128:
    case Opcode::sub128:
    case Opcode::mul_wide_s:
    case Opcode::mul_wide_u: lower_wide(value); return true;
    case Opcode::array_address: lower_array_address(value); return true;
    default: return false;
  }
}

bool Lower::add_address(VReg rd, Reg left, Value right) {
  right = resolve(right);
  if (!cpu_.zba || !is_only_use(right)) return false;
  const ir::Instruction& shifted = inst(right);
  if (shifted.opcode == Opcode::uextend) {
    op3(Op::add_uw, rd, use_low(shifted.operands[0]), left);
    return true;
  }
  if (shifted.opcode != Opcode::ishl) return false;
  const auto amount = integer_constant(shifted.operands[1]);
  if (!amount || (*amount & 63) < 1 || (*amount & 63) > 3) return false;
  const unsigned shift = static_cast<unsigned>(*amount & 63) - 1;
  const Value index = resolve(shifted.operands[0]);
  if (shifted.type == ir::Type::i32) return false;
  if (inst(index).opcode == Opcode::uextend && !is_non_negative(inst(index).operands[0])) {
    constexpr Op kOps[] = {Op::sh1add_uw, Op::sh2add_uw, Op::sh3add_uw};
    op3(kOps[shift], rd, use_low(inst(index).operands[0]), left);
  } else {
    constexpr Op kOps[] = {Op::sh1add, Op::sh2add, Op::sh3add};
    op3(kOps[shift], rd, use(index), left);
  }
  return true;
}

// Lowers an addition to one or two addi, to a Zba instruction that also shifts or zero-extends an operand, or to add or
// addw.
void Lower::lower_add(Value value) {
  const ir::Instruction& instruction = inst(value);
  Value left = instruction.operands[0], right = instruction.operands[1];
  if (integer_constant(left)) std::swap(left, right);
  const VReg rd = def(value);
  if (const auto constant = integer_constant(right)) {
    if (fits_signed(*constant, 12)) {
      if (is_i32(value))
        opi(Op::addiw, rd, use_low(left), *constant);
      else
        opi(Op::addi, rd, use(left), *constant);
      return;
    }
    // Two additions of 12-bit immediates are as short as loading the constant, and need no register for it.
    if (fits_signed(*constant / 2, 12) && fits_signed(*constant - *constant / 2, 12)) {
      const VReg half =
          opi(is_i32(value) ? Op::addiw : Op::addi, is_i32(value) ? use_low(left) : use(left), *constant / 2);
      opi(is_i32(value) ? Op::addiw : Op::addi, rd, half, *constant - *constant / 2);
      return;
    }
  }
  if (is_i32(value)) {
    // An i32 must be sign-extended, as addw leaves it. sh1add, sh2add and sh3add give a sum of 64 bits.
    const VReg a = use_low(left);
    op3(Op::addw, rd, a, use_low(right));
    return;
  }
  if (cpu_.zba) {
    // Whether add_address() can take the value as `right`.
    const auto covers = [&](Value v) {
      v = resolve(v);
      if (!is_only_use(v)) return false;
      if (inst(v).opcode == Opcode::uextend) return true;
      if (inst(v).opcode != Opcode::ishl) return false;
      const auto amount = integer_constant(inst(v).operands[1]);
      return amount && (*amount & 63) >= 1 && (*amount & 63) <= 3;
    };
    if (covers(left) && !covers(right)) std::swap(left, right);
    if (covers(right)) {
      const VReg base = use(left);
      if (add_address(rd, base, right)) return;
    }
  }
  const VReg a = use(left);
  op3(Op::add, rd, a, use(right));
}

void Lower::lower_sub(Value value) {
  const ir::Instruction& instruction = inst(value);
  const bool narrow = is_i32(value);
  const auto constant = integer_constant(instruction.operands[1]);
  if (constant && *constant > -2048 && *constant <= 2048) {
    if (narrow)
      opi(Op::addiw, def(value), use_low(instruction.operands[0]), -*constant);
    else
      opi(Op::addi, def(value), use(instruction.operands[0]), -*constant);
    return;
  }
  const Reg a = narrow ? use_low_or_zero(instruction.operands[0]) : use_or_zero(instruction.operands[0]);
  op3(narrow ? Op::subw : Op::sub, def(value), a,
      narrow ? use_low(instruction.operands[1]) : use(instruction.operands[1]));
}

void Lower::lower_mul(Value value) {
  const ir::Instruction& instruction = inst(value);
  Value left = instruction.operands[0], right = instruction.operands[1];
  if (integer_constant(left)) std::swap(left, right);
  const bool narrow = is_i32(value);
  if (const auto constant = integer_constant(right)) {
    const uint64_t c = narrow ? static_cast<uint32_t>(*constant) : static_cast<uint64_t>(*constant);
    if (std::has_single_bit(c)) {
      const VReg a = narrow ? use_low(left) : use(left);
      opi(narrow ? Op::slliw : Op::slli, def(value), a, std::countr_zero(c));
      return;
    }
    if (cpu_.zba && (c == 3 || c == 5 || c == 9)) {
      const Op op = c == 3 ? Op::sh1add : c == 5 ? Op::sh2add : Op::sh3add;
      const VReg a = narrow ? use_low(left) : use(left);
      if (narrow)
        opi(Op::addiw, def(value), op3(op, a, a), 0);
      else
        op3(op, def(value), a, a);
      return;
    }
    // The constant may be 2^n + 1 or 2^n - 1.
    const bool plus = c > 1 && std::has_single_bit(c - 1), minus = c != ~uint64_t{0} && std::has_single_bit(c + 1);
    if ((plus || minus) && (!narrow || c != 0xffff'ffff)) {
      const VReg a = narrow ? use_low(left) : use(left);
      const VReg shifted = opi(Op::slli, a, std::countr_zero(plus ? c - 1 : c + 1));
      op3(plus ? (narrow ? Op::addw : Op::add) : (narrow ? Op::subw : Op::sub), def(value), shifted, a);
      return;
    }
  }
  const VReg a = narrow ? use_low(left) : use(left);
  op3(narrow ? Op::mulw : Op::mul, def(value), a, narrow ? use_low(right) : use(right));
}

// RISC-V's divisions never trap: x / 0 = -1, x % 0 = x, MIN / -1 = MIN, MIN % -1 = 0, where MIN is the least integer.
// So the code tests for the cases in which WebAssembly traps.
void Lower::lower_division(Value value) {
  const ir::Instruction& instruction = inst(value);
  const bool narrow = is_i32(value);
  const VReg rd = def(value);
  const auto constant = integer_constant(instruction.operands[1]);
  const VReg a = use(instruction.operands[0]), b = use(instruction.operands[1]);
  if (!constant || *constant == 0) trap_when({Op::beq, b, kZero}, TrapKind::integer_divide_by_zero);
  switch (instruction.opcode) {
    case Opcode::udiv: op3(narrow ? Op::divuw : Op::divu, rd, a, b); break;
    case Opcode::urem: op3(narrow ? Op::remuw : Op::remu, rd, a, b); break;
    case Opcode::srem: op3(narrow ? Op::remw : Op::rem, rd, a, b); break;
    default:
      if (constant && *constant != -1) {
        op3(narrow ? Op::divw : Op::div, rd, a, b);
      } else if (narrow) {
        // The division has 64 bits: -2^31 / -1 gives 2^31, which is not an i32, so the quotient is compared with its
        // low half.
        const VReg quotient = op3(Op::div, a, b);
        opi(Op::addiw, rd, quotient, 0);
        trap_when({Op::bne, rd, quotient}, TrapKind::integer_overflow);
      } else {
        // Only MIN / -1 has a negative dividend, divisor and quotient.
        op3(Op::div, rd, a, b);
        const VReg both = op3(Op::and_, a, b);
        trap_when({Op::blt, op3(Op::and_, both, rd), kZero}, TrapKind::integer_overflow);
      }
      break;
  }
}

// Lowers and, or and xor. A constant operand may become an immediate, two shifts, or the bit number of a Zbs
// instruction. With Zbb, an inverted operand becomes part of the instruction.
void Lower::lower_bitwise(Value value) {
  const ir::Instruction& instruction = inst(value);
  Value left = instruction.operands[0], right = instruction.operands[1];
  if (integer_constant(left)) std::swap(left, right);
  const VReg rd = def(value);
  const Opcode opcode = instruction.opcode;
  if (const auto constant = integer_constant(right)) {
    const Op op = opcode == Opcode::iand ? Op::andi : opcode == Opcode::ior ? Op::ori : Op::xori;
    if (fits_signed(*constant, 12)) {
      opi(op, rd, use(left), *constant);
      return;
    }
    const uint64_t c = static_cast<uint64_t>(*constant);
    if (opcode == Opcode::iand) {
      if (c == 0xffff) return lower_extend(rd, left, 16, false);
      if (c == 0xffff'ffff) return zero_extend(rd, use_low(left));
      // Two shifts keep the low bits as this mask does, and loading the mask alone would take two instructions.
      if (*constant > 0 && std::has_single_bit(c + 1)) {
        const int amount = std::countl_zero(c);
        const VReg high = opi(Op::slli, c <= 0xffff'ffff ? use_low(left) : use(left), amount);
        opi(Op::srli, rd, high, amount);
        return;
      }
    }
    // The constant may differ from 0 (for `and`, from -1) in a single bit. In an i32, that bit must lie below the sign.
    if (cpu_.zbs) {
      const uint64_t bit = opcode == Opcode::iand ? ~c : c;
      if (std::has_single_bit(bit) && (!is_i32(value) || std::countr_zero(bit) < 31)) {
        const Op single = opcode == Opcode::iand ? Op::bclri : opcode == Opcode::ior ? Op::bseti : Op::binvi;
        opi(single, rd, use(left), std::countr_zero(bit));
        return;
      }
    }
  }
  if (cpu_.zbb) {
    // andn, orn and xnor compute a op ~b.
    const auto inverted = [&](Value v) {
      v = resolve(v);
      return inst(v).opcode == Opcode::ixor && is_only_use(v) && integer_constant(inst(v).operands[1]) == -1;
    };
    if (inverted(left)) std::swap(left, right);
    if (inverted(right)) {
      const Op op = opcode == Opcode::iand ? Op::andn : opcode == Opcode::ior ? Op::orn : Op::xnor;
      const VReg a = use(left);
      op3(op, rd, a, use(inst(resolve(right)).operands[0]));
      return;
    }
  }
  const Op op = opcode == Opcode::iand ? Op::and_ : opcode == Opcode::ior ? Op::or_ : Op::xor_;
  const VReg a = use(left);
  op3(op, rd, a, use(right));
}

void Lower::lower_wide(Value value) {
  const std::span<const Value> operands = function_.operands(value);
  const Value high = second_result(value);
  switch (inst(value).opcode) {
    case Opcode::add128: {
      const VReg a = use(operands[0]);
      const VReg low = def(value);
      op3(Op::add, low, a, use(operands[2]));
      if (!high) return;
      const VReg carry = op3(Op::sltu, low, a);
      const VReg b = use(operands[1]);
      const VReg sum = op3(Op::add, b, use(operands[3]));
      op3(Op::add, def(high), sum, carry);
      return;
    }
    case Opcode::sub128: {
      const VReg a = use(operands[0]), b = use(operands[2]);
      op3(Op::sub, def(value), a, b);
      if (!high) return;
      const VReg borrow = op3(Op::sltu, a, b);
      const VReg c = use(operands[1]);
      const VReg difference = op3(Op::sub, c, use(operands[3]));
      op3(Op::sub, def(high), difference, borrow);
      return;
    }
    default: {
      const VReg a = use(operands[0]), b = use(operands[1]);
      op3(Op::mul, def(value), a, b);
      if (high) op3(inst(value).opcode == Opcode::mul_wide_s ? Op::mulh : Op::mulhu, def(high), a, b);
      return;
    }
  }
}

}  // namespace cairn::rv64
