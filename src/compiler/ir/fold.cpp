#include "compiler/ir/fold.hpp"

#include <bit>
#include <limits>

namespace cairn::ir {

namespace {

template <class U>
std::optional<U> fold_binary(Opcode opcode, U a, U b) {
  using S = std::make_signed_t<U>;
  constexpr U kWidth = sizeof(U) * 8;
  const U count = b & (kWidth - 1);
  const S sa = static_cast<S>(a);
  const S sb = static_cast<S>(b);
  const bool overflows = sa == std::numeric_limits<S>::min() && sb == -1;
  switch (opcode) {
    case Opcode::iadd: return a + b;
    case Opcode::isub: return a - b;
    case Opcode::imul: return a * b;
    case Opcode::sdiv: return b == 0 || overflows ? std::nullopt : std::optional(static_cast<U>(sa / sb));
    case Opcode::udiv: return b == 0 ? std::nullopt : std::optional(a / b);
    case Opcode::srem: return b == 0 ? std::nullopt : std::optional(overflows ? U{0} : static_cast<U>(sa % sb));
    case Opcode::urem: return b == 0 ? std::nullopt : std::optional(a % b);
    case Opcode::iand: return a & b;
    case Opcode::ior: return a | b;
    case Opcode::ixor: return a ^ b;
    case Opcode::ishl: return a << count;
    case Opcode::sshr: return static_cast<U>(sa >> count);
    case Opcode::ushr: return a >> count;
    case Opcode::rotl: return std::rotl(a, static_cast<int>(count));
    case Opcode::rotr: return std::rotr(a, static_cast<int>(count));
    case Opcode::clz: return static_cast<U>(std::countl_zero(a));
    case Opcode::ctz: return static_cast<U>(std::countr_zero(a));
    case Opcode::popcnt: return static_cast<U>(std::popcount(a));
    case Opcode::sext8: return static_cast<U>(static_cast<S>(static_cast<int8_t>(a)));
    case Opcode::sext16: return static_cast<U>(static_cast<S>(static_cast<int16_t>(a)));
    case Opcode::sext32: return static_cast<U>(static_cast<S>(static_cast<int32_t>(a)));
    default: return std::nullopt;
  }
}

template <class U>
bool compare(Condition condition, U a, U b) {
  using S = std::make_signed_t<U>;
  const S sa = static_cast<S>(a);
  const S sb = static_cast<S>(b);
  switch (condition) {
    case Condition::eq: return a == b;
    case Condition::ne: return a != b;
    case Condition::slt: return sa < sb;
    case Condition::sle: return sa <= sb;
    case Condition::sgt: return sa > sb;
    case Condition::sge: return sa >= sb;
    case Condition::ult: return a < b;
    case Condition::ule: return a <= b;
    case Condition::ugt: return a > b;
    case Condition::uge: return a >= b;
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace

std::optional<int64_t> fold_integer(Opcode opcode, Type type, int64_t a, int64_t b) {
  switch (opcode) {
    case Opcode::wrap: return static_cast<int32_t>(a);
    case Opcode::sextend: return static_cast<int32_t>(a);
    case Opcode::uextend: return static_cast<int64_t>(static_cast<uint32_t>(a));
    default: break;
  }
  if (type == Type::i32) {
    const auto result = fold_binary(opcode, static_cast<uint32_t>(a), static_cast<uint32_t>(b));
    return result ? std::optional<int64_t>(static_cast<int32_t>(*result)) : std::nullopt;
  }
  if (type == Type::i64) {
    const auto result = fold_binary(opcode, static_cast<uint64_t>(a), static_cast<uint64_t>(b));
    return result ? std::optional(static_cast<int64_t>(*result)) : std::nullopt;
  }
  return std::nullopt;
}

bool fold_compare(Condition condition, Type type, int64_t a, int64_t b) {
  return type == Type::i32 ? compare(condition, static_cast<uint32_t>(a), static_cast<uint32_t>(b))
                           : compare(condition, static_cast<uint64_t>(a), static_cast<uint64_t>(b));
}

std::optional<int64_t> fold_float_bits(Opcode opcode, Type type, int64_t a, int64_t b) {
  const bool is_single = size_of(type) == 4;
  const auto sign = static_cast<int64_t>(is_single ? uint64_t{1} << 31 : uint64_t{1} << 63);
  switch (opcode) {
    case Opcode::fneg: return a ^ sign;
    case Opcode::fabs: return a & ~sign;
    case Opcode::fcopysign: return (a & ~sign) | (b & sign);
    case Opcode::bitcast:
      // The constant of an i32 is sign-extended, and that of an f32 is zero-extended.
      if (type == Type::i32) return static_cast<int32_t>(a);
      if (type == Type::f32) return static_cast<int64_t>(static_cast<uint32_t>(a));
      return a;
    default: return std::nullopt;
  }
}

}  // namespace cairn::ir
