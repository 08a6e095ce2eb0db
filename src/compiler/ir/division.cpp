// Replaces division by a constant with Granlund and Montgomery's multiplication by an inverse. The constants are those
// of Warren, Hacker's Delight, 10-3 to 10-10.
//
//   x udiv 2^k  =>  x >> k                    x sdiv 2^k  =>  (x + (x < 0 ? 2^k - 1 : 0)) >> k
//   x udiv c    =>  high(x * m) >> s          x sdiv c    =>  q + (q < 0), where q = high(x * m) >> s
//   x rem c     =>  x - (x div c) * c
//
// high() is the upper half of a product. For i32, it comes from a 64-bit product, and for i64 from mul_wide. If m has
// one bit more than the type, further instructions add what the missing bit contributes. In a udiv, the quotient is
// then (x + t) >> s, where t is high(x * the other bits of m). For i64, the sum may overflow, so the quotient is
// computed as ((x - t) / 2 + t) >> (s - 1). Functions that compute m and s have the book's names of variables.
#include <bit>

#include "compiler/ir/fold.hpp"
#include "compiler/ir/inserter.hpp"

namespace cairn::ir {

namespace {

template <class U>
struct UnsignedMagic {
  U multiplier;  // the low bits of m
  bool add;      // whether m has one more bit, a 1 above the bits of `multiplier`
  int shift;     // s
};

// Returns m and s for the divisor d, which must be at least 3 and not a power of two.
template <class U>
UnsignedMagic<U> unsigned_magic(U d) {
  constexpr int kWidth = sizeof(U) * 8;
  constexpr U kHalf = U{1} << (kWidth - 1);
  UnsignedMagic<U> result{0, false, 0};
  int p = kWidth - 1;
  const U nc = static_cast<U>(~U{0} - (U{0} - d) % d);
  U q1 = kHalf / nc;
  U r1 = kHalf - q1 * nc;
  U q2 = (kHalf - 1) / d;
  U r2 = (kHalf - 1) - q2 * d;
  U delta;
  do {
    ++p;
    if (r1 >= nc - r1) {
      q1 = 2 * q1 + 1;
      r1 = 2 * r1 - nc;
    } else {
      q1 = 2 * q1;
      r1 = 2 * r1;
    }
    if (r2 + 1 >= d - r2) {
      if (q2 >= kHalf - 1) result.add = true;
      q2 = 2 * q2 + 1;
      r2 = 2 * r2 + 1 - d;
    } else {
      if (q2 >= kHalf) result.add = true;
      q2 = 2 * q2;
      r2 = 2 * r2 + 1;
    }
    delta = d - 1 - r2;
  } while (p < 2 * kWidth && (q1 < delta || (q1 == delta && r1 == 0)));
  result.multiplier = q2 + 1;
  result.shift = p - kWidth;
  return result;
}

template <class U>
struct SignedMagic {
  std::make_signed_t<U> multiplier;  // the low bits of m
  int shift;                         // s
};

// Returns m and s for the divisor d. |d| must be at least 2.
template <class U>
SignedMagic<U> signed_magic(std::make_signed_t<U> d) {
  using S = std::make_signed_t<U>;
  constexpr int kWidth = sizeof(U) * 8;
  constexpr U kHalf = U{1} << (kWidth - 1);
  const U ad = d < 0 ? U{0} - static_cast<U>(d) : static_cast<U>(d);
  const U t = kHalf + (static_cast<U>(d) >> (kWidth - 1));
  const U anc = t - 1 - t % ad;
  int p = kWidth - 1;
  U q1 = kHalf / anc;
  U r1 = kHalf - q1 * anc;
  U q2 = kHalf / ad;
  U r2 = kHalf - q2 * ad;
  U delta;
  do {
    ++p;
    q1 = 2 * q1;
    r1 = 2 * r1;
    if (r1 >= anc) {
      ++q1;
      r1 -= anc;
    }
    q2 = 2 * q2;
    r2 = 2 * r2;
    if (r2 >= ad) {
      ++q2;
      r2 -= ad;
    }
    delta = ad - r2;
  } while (q1 < delta || (q1 == delta && r1 == 0));
  const S m = static_cast<S>(q2 + 1);
  return {d < 0 ? static_cast<S>(U{0} - static_cast<U>(m)) : m, p - kWidth};
}

}  // namespace

Value Inserter::step_division(Instruction& inst, bool& changed) {
  const Value x = inst.operands[0];
  const auto c = constant(inst.operands[1]);
  if (!c || *c == 0) return Value::none();
  const Type type = inst.type;
  if (const auto a = constant(x)) {
    const auto folded = fold_integer(inst.opcode, type, *a, *c);
    return folded ? iconst(type, *folded) : Value::none();
  }
  const bool is_single = type == Type::i32;
  const int width = is_single ? 32 : 64;
  const uint64_t divisor = is_single ? static_cast<uint32_t>(*c) : static_cast<uint64_t>(*c);
  const auto number = [&](int64_t value) { return iconst(type, value); };

  switch (inst.opcode) {
    case Opcode::urem:
      if (std::has_single_bit(divisor)) {
        inst.opcode = Opcode::iand;
        inst.operands[1] = number(static_cast<int64_t>(divisor - 1));
        changed = true;
        return Value::none();
      }
      [[fallthrough]];
    case Opcode::srem: {
      if (inst.opcode == Opcode::srem && (*c == -1 || *c == 1)) return number(0);
      const Value q = binary(inst.opcode == Opcode::urem ? Opcode::udiv : Opcode::sdiv, type, x, inst.operands[1]);
      return binary(Opcode::isub, type, x, binary(Opcode::imul, type, q, inst.operands[1]));
    }
    case Opcode::udiv: {
      if (std::has_single_bit(divisor)) {
        inst.opcode = Opcode::ushr;
        inst.operands[1] = number(std::countr_zero(divisor));
        changed = true;
        return Value::none();
      }
      if (is_single) {
        const auto magic = unsigned_magic(static_cast<uint32_t>(divisor));
        const Value wide = unary(Opcode::uextend, Type::i64, x);
        Value product = binary(Opcode::imul, Type::i64, wide, iconst(Type::i64, magic.multiplier));
        if (!magic.add) {
          product = binary(Opcode::ushr, Type::i64, product, iconst(Type::i64, 32 + magic.shift));
        } else {
          product = binary(Opcode::ushr, Type::i64, product, iconst(Type::i64, 32));
          product = binary(Opcode::iadd, Type::i64, product, wide);
          product = binary(Opcode::ushr, Type::i64, product, iconst(Type::i64, magic.shift));
        }
        return unary(Opcode::wrap, Type::i32, product);
      }
      const auto magic = unsigned_magic(divisor);
      Instruction high;
      high.opcode = Opcode::result;
      high.type = type;
      high.operands[0] = binary(Opcode::mul_wide_u, type, x, number(static_cast<int64_t>(magic.multiplier)));
      high.immediate = 1;
      const Value t = emit(high);
      if (!magic.add) return binary(Opcode::ushr, type, t, number(magic.shift));
      const Value half = binary(Opcode::ushr, type, binary(Opcode::isub, type, x, t), number(1));
      return binary(Opcode::ushr, type, binary(Opcode::iadd, type, half, t), number(magic.shift - 1));
    }
    case Opcode::sdiv: {
      if (*c == 1) return x;
      if (*c == -1) return Value::none();  // x sdiv -1 traps for the smallest number
      const Value sign = binary(Opcode::sshr, type, x, number(width - 1));
      const uint64_t magnitude = *c < 0 ? uint64_t{0} - static_cast<uint64_t>(*c) : static_cast<uint64_t>(*c);
      if (std::has_single_bit(magnitude)) {
        const int k = std::countr_zero(magnitude);
        const Value bias = binary(Opcode::ushr, type, sign, number(width - k));
        const Value q = binary(Opcode::sshr, type, binary(Opcode::iadd, type, x, bias), number(k));
        return *c < 0 ? binary(Opcode::isub, type, number(0), q) : q;
      }
      Value q;
      if (is_single) {
        const auto magic = signed_magic<uint32_t>(static_cast<int32_t>(*c));
        const Value wide = unary(Opcode::sextend, Type::i64, x);
        // m has the sign of the divisor, and |m| is less than 2^32. So the product of x and m fits in 64 bits and needs
        // no correction.
        int64_t multiplier = magic.multiplier;
        if (*c > 0 && multiplier < 0) multiplier += int64_t{1} << 32;
        if (*c < 0 && multiplier > 0) multiplier -= int64_t{1} << 32;
        const Value product = binary(Opcode::imul, Type::i64, wide, iconst(Type::i64, multiplier));
        q = binary(Opcode::sshr, Type::i64, product, iconst(Type::i64, 32 + magic.shift));
        q = unary(Opcode::wrap, Type::i32, q);
      } else {
        const auto magic = signed_magic<uint64_t>(*c);
        Instruction high;
        high.opcode = Opcode::result;
        high.type = type;
        high.operands[0] = binary(Opcode::mul_wide_s, type, x, number(magic.multiplier));
        high.immediate = 1;
        q = emit(high);
        if (*c > 0 && magic.multiplier < 0) q = binary(Opcode::iadd, type, q, x);
        if (*c < 0 && magic.multiplier > 0) q = binary(Opcode::isub, type, q, x);
        q = binary(Opcode::sshr, type, q, number(magic.shift));
      }
      // Adding one to a negative q rounds the quotient towards zero.
      return binary(Opcode::iadd, type, q, binary(Opcode::ushr, type, q, number(width - 1)));
    }
    default: return Value::none();
  }
}

}  // namespace cairn::ir
