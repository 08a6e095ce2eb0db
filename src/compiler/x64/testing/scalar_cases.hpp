// Cases for tests: the scalar operations, their operands, and the results that C++'s arithmetic gives.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

#include "compiler/ir/function.hpp"
#include "wasm/types/trap.hpp"

namespace cairn::x64::testing::scalar {

using ir::Condition;
using ir::Opcode;
using ir::Type;
using wasm::TrapKind;

// The result that an operation must give: `value` (as bits), any NaN, or a trap.
struct Expected {
  Expected() = default;
  Expected(uint64_t bits, std::optional<TrapKind> kind = std::nullopt, bool nan = false)  // NOLINT: shorthand
      : value(bits), trap(kind), any_nan(nan) {}
  uint64_t value = 0;
  std::optional<TrapKind> trap;
  bool any_nan = false;
};

// An operation to test.
struct Case {
  Opcode opcode;
  Type operand;
  Type result;
  unsigned operands = 2;  // number of operands, which all have the type `operand`
  uint8_t aux = 0;        // for compares: the ir::Condition
};

// Operands: edge cases of shifts, of immediates of 8 and 32 bits, and of overflow.
inline constexpr uint64_t kIntegers[] = {0,
                                         1,
                                         2,
                                         3,
                                         4,
                                         7,
                                         8,
                                         9,
                                         31,
                                         32,
                                         33,
                                         63,
                                         64,
                                         65,
                                         127,
                                         128,
                                         255,
                                         256,
                                         0x7fff,
                                         0x8000,
                                         0xffff,
                                         0x10000,
                                         0x7fffffff,
                                         0x80000000,
                                         0x80000001,
                                         0xfffffffe,
                                         0xffffffff,
                                         0x100000000,
                                         0x123456789abcdef0,
                                         0x7fffffffffffffff,
                                         0x8000000000000000,
                                         0x8000000000000001,
                                         0xffffffff00000000,
                                         0xffffffff80000000,
                                         0xffffffffffffff80,
                                         0xfffffffffffffffe,
                                         0xffffffffffffffff};

// doubles(), floats() and inputs() return operands as bits: edge cases of rounding and of conversions to integers.
inline std::vector<uint64_t> doubles() {
  std::vector<uint64_t> result;
  for (const double d : {0.0,
                         0.5,
                         0.9999999999999999,
                         1.0,
                         1.5,
                         2.0,
                         2.5,
                         3.5,
                         4.75,
                         1e10,
                         0x1p31,
                         0x1p31 - 0.5,
                         0x1p31 - 1,
                         0x1p31 + 0.5,
                         0x1p32,
                         0x1p32 - 0.5,
                         0x1p32 - 1,
                         0x1p52 + 0.5,
                         0x1p53,
                         0x1p63,
                         0x1p63 - 1024,
                         0x1p64,
                         0x1p64 - 2048,
                         1e300,
                         0x1p-1022,
                         0x1p-1074,
                         0x80000001p0,
                         0x80000000.8p0,
                         std::numeric_limits<double>::infinity()}) {
    result.push_back(std::bit_cast<uint64_t>(d));
    result.push_back(std::bit_cast<uint64_t>(-d));
  }
  result.push_back(0x7ff8000000000000);
  result.push_back(0xfff8000000000001);
  result.push_back(0x7ff0000000000001);
  return result;
}
inline std::vector<uint64_t> floats() {
  std::vector<uint64_t> result;
  for (const float d :
       {0.0f,           0.5f,           0.99999994f,    1.0f,           1.5f,
        2.0f,           2.5f,           3.5f,           4.75f,          1e10f,
        0x1p31f,        0x1.fffffep30f, 0x1.000002p31f, 0x1p32f,        0x1.fffffep31f,
        0x1p23f,        0x1.000001p23f, 0x1p63f,        0x1.fffffep62f, 0x1p64f,
        0x1.fffffep63f, 1e38f,          0x1p-126f,      0x1p-149f,      std::numeric_limits<float>::infinity()}) {
    result.push_back(std::bit_cast<uint32_t>(d));
    result.push_back(std::bit_cast<uint32_t>(-d));
  }
  result.push_back(0x7fc00000);
  result.push_back(0xffc00001);
  result.push_back(0x7f800001);
  return result;
}
inline std::vector<uint64_t> inputs(Type type) {
  if (type == Type::f64) return doubles();
  if (type == Type::f32) return floats();
  std::vector<uint64_t> result;
  for (const uint64_t value : kIntegers) result.push_back(type == Type::i32 ? static_cast<uint32_t>(value) : value);
  return result;
}

// The functions from here to convert() compute the expected results. U is the unsigned type of the operands' width.
template <class U>
Expected integer_binary(Opcode opcode, U a, U b, uint8_t aux) {
  using S = std::make_signed_t<U>;
  const auto sa = static_cast<S>(a), sb = static_cast<S>(b);
  constexpr unsigned bits = sizeof(U) * 8;
  const unsigned count = static_cast<unsigned>(b) & (bits - 1);
  const auto ok = [](U value) { return Expected{value, std::nullopt, false}; };
  switch (opcode) {
    case Opcode::iadd: return ok(static_cast<U>(a + b));
    case Opcode::isub: return ok(static_cast<U>(a - b));
    case Opcode::imul: return ok(static_cast<U>(a * b));
    case Opcode::iand: return ok(a & b);
    case Opcode::ior: return ok(a | b);
    case Opcode::ixor: return ok(a ^ b);
    case Opcode::ishl: return ok(static_cast<U>(a << count));
    case Opcode::ushr: return ok(a >> count);
    case Opcode::sshr: return ok(static_cast<U>(sa >> count));
    case Opcode::rotl: return ok(std::rotl(a, static_cast<int>(count)));
    case Opcode::rotr: return ok(std::rotr(a, static_cast<int>(count)));
    case Opcode::sdiv:
      if (b == 0) return {0, TrapKind::integer_divide_by_zero};
      if (sb == -1 && sa == std::numeric_limits<S>::min()) return {0, TrapKind::integer_overflow};
      return ok(static_cast<U>(sa / sb));
    case Opcode::udiv:
      if (b == 0) return {0, TrapKind::integer_divide_by_zero};
      return ok(a / b);
    case Opcode::srem:
      if (b == 0) return {0, TrapKind::integer_divide_by_zero};
      if (sb == -1) return ok(0);
      return ok(static_cast<U>(sa % sb));
    case Opcode::urem:
      if (b == 0) return {0, TrapKind::integer_divide_by_zero};
      return ok(a % b);
    case Opcode::icmp: {
      bool holds = false;
      switch (static_cast<Condition>(aux)) {
        case Condition::eq: holds = a == b; break;
        case Condition::ne: holds = a != b; break;
        case Condition::slt: holds = sa < sb; break;
        case Condition::sle: holds = sa <= sb; break;
        case Condition::sgt: holds = sa > sb; break;
        case Condition::sge: holds = sa >= sb; break;
        case Condition::ult: holds = a < b; break;
        case Condition::ule: holds = a <= b; break;
        case Condition::ugt: holds = a > b; break;
        case Condition::uge: holds = a >= b; break;
        default: break;
      }
      return {holds};
    }
    default: ADD_FAILURE(); return {};
  }
}

template <class U>
Expected integer_unary(Opcode opcode, U a) {
  using S = std::make_signed_t<U>;
  switch (opcode) {
    case Opcode::clz: return {static_cast<uint64_t>(std::countl_zero(a))};
    case Opcode::ctz: return {static_cast<uint64_t>(std::countr_zero(a))};
    case Opcode::popcnt: return {static_cast<uint64_t>(std::popcount(a))};
    case Opcode::sext8: return {static_cast<U>(static_cast<S>(static_cast<int8_t>(a)))};
    case Opcode::sext16: return {static_cast<U>(static_cast<S>(static_cast<int16_t>(a)))};
    case Opcode::sext32: return {static_cast<U>(static_cast<S>(static_cast<int32_t>(a)))};
    case Opcode::sextend: return {static_cast<uint64_t>(int64_t{static_cast<int32_t>(a)})};
    case Opcode::uextend: return {static_cast<uint32_t>(a)};
    case Opcode::wrap: return {static_cast<uint32_t>(a)};
    default: ADD_FAILURE(); return {};
  }
}

template <class F>
F round_even(F a) {
  return std::nearbyint(a);
}

template <class F, class U>
Expected float_case(const Case& c, uint64_t abits, uint64_t bbits) {
  const F a = std::bit_cast<F>(static_cast<U>(abits)), b = std::bit_cast<F>(static_cast<U>(bbits));
  const auto number = [](F value) {
    if (std::isnan(value)) return Expected{0, std::nullopt, true};
    return Expected{std::bit_cast<U>(value)};
  };
  constexpr U sign = U{1} << (sizeof(U) * 8 - 1);
  switch (c.opcode) {
    case Opcode::fadd: return number(a + b);
    case Opcode::fsub: return number(a - b);
    case Opcode::fmul: return number(a * b);
    case Opcode::fdiv: return number(a / b);
    case Opcode::fmin:
      if (std::isnan(a) || std::isnan(b)) return {0, std::nullopt, true};
      if (a == 0 && b == 0) return {abits | bbits};
      return number(a < b ? a : b);
    case Opcode::fmax:
      if (std::isnan(a) || std::isnan(b)) return {0, std::nullopt, true};
      if (a == 0 && b == 0) return {abits & bbits};
      return number(a > b ? a : b);
    case Opcode::fcopysign: return {(abits & static_cast<U>(~sign)) | (bbits & sign)};
    case Opcode::fabs: return {abits & static_cast<U>(~sign)};
    case Opcode::fneg: return {abits ^ sign};
    case Opcode::fsqrt: return number(std::sqrt(a));
    case Opcode::fceil: return number(std::ceil(a));
    case Opcode::ffloor: return number(std::floor(a));
    case Opcode::ftrunc: return number(std::trunc(a));
    case Opcode::fnearest: return number(round_even(a));
    case Opcode::fcmp: {
      bool holds = false;
      switch (static_cast<Condition>(c.aux)) {
        case Condition::feq: holds = a == b; break;
        case Condition::fne: holds = a != b; break;
        case Condition::flt: holds = a < b; break;
        case Condition::fle: holds = a <= b; break;
        case Condition::fgt: holds = a > b; break;
        case Condition::fge: holds = a >= b; break;
        default: break;
      }
      return {holds};
    }
    case Opcode::fpromote: {
      const double result = static_cast<double>(a);
      if (std::isnan(result)) return {0, std::nullopt, true};
      return {std::bit_cast<uint64_t>(result)};
    }
    case Opcode::fdemote: {
      const float result = static_cast<float>(a);
      if (std::isnan(result)) return {0, std::nullopt, true};
      return {std::bit_cast<uint32_t>(result)};
    }
    case Opcode::bitcast: return {abits};
    case Opcode::trunc_s:
    case Opcode::trunc_u:
    case Opcode::trunc_sat_s:
    case Opcode::trunc_sat_u: {
      const bool sat = c.opcode == Opcode::trunc_sat_s || c.opcode == Opcode::trunc_sat_u;
      const bool is_signed = c.opcode == Opcode::trunc_s || c.opcode == Opcode::trunc_sat_s;
      const bool wide = c.result == Type::i64;
      if (std::isnan(a)) return sat ? Expected{0} : Expected{0, TrapKind::invalid_conversion_to_integer};
      const long double x = std::trunc(static_cast<long double>(a));
      const long double low = is_signed ? (wide ? -0x1p63L : -0x1p31L) : 0;
      const long double high = is_signed ? (wide ? 0x1p63L : 0x1p31L) : (wide ? 0x1p64L : 0x1p32L);
      if (x < low || x >= high) {
        if (!sat) return {0, TrapKind::integer_overflow};
        if (is_signed && wide) return {x < 0 ? uint64_t{1} << 63 : ~(uint64_t{1} << 63)};
        if (is_signed) return {x < 0 ? 0x80000000u : 0x7fffffffu};
        return {x < 0 ? 0 : wide ? ~uint64_t{0} : 0xffffffffu};
      }
      const uint64_t bits = is_signed ? static_cast<uint64_t>(static_cast<int64_t>(x)) : static_cast<uint64_t>(x);
      return {wide ? bits : static_cast<uint32_t>(bits)};
    }
    default: ADD_FAILURE(); return {};
  }
}

template <class F>
uint64_t convert(const Case& c, uint64_t a) {
  F result = 0;
  const bool wide = c.operand == Type::i64;
  if (c.opcode == Opcode::convert_s) {
    result = wide ? static_cast<F>(static_cast<int64_t>(a)) : static_cast<F>(static_cast<int32_t>(a));
  } else {
    result = wide ? static_cast<F>(a) : static_cast<F>(static_cast<uint32_t>(a));
  }
  if constexpr (sizeof(F) == 4)
    return std::bit_cast<uint32_t>(result);
  else
    return std::bit_cast<uint64_t>(result);
}

// Returns the result that the case must give for the operands `a` and `b`, which are bits.
inline Expected expect(const Case& c, uint64_t a, uint64_t b) {
  if (c.opcode == Opcode::convert_s || c.opcode == Opcode::convert_u)
    return {c.result == Type::f32 ? convert<float>(c, a) : convert<double>(c, a)};
  if (c.operand == Type::f32) return float_case<float, uint32_t>(c, a, b);
  if (c.operand == Type::f64) return float_case<double, uint64_t>(c, a, b);
  if (c.opcode == Opcode::bitcast) return {a};
  if (c.operands == 1)
    return c.operand == Type::i32 ? integer_unary<uint32_t>(c.opcode, static_cast<uint32_t>(a))
                                  : integer_unary<uint64_t>(c.opcode, a);
  return c.operand == Type::i32
             ? integer_binary<uint32_t>(c.opcode, static_cast<uint32_t>(a), static_cast<uint32_t>(b), c.aux)
             : integer_binary<uint64_t>(c.opcode, a, b, c.aux);
}

// Returns a case for each scalar operation and operand type.
inline std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const Type type : {Type::i32, Type::i64}) {
    for (const Opcode op : {Opcode::iadd, Opcode::isub, Opcode::imul, Opcode::sdiv, Opcode::udiv, Opcode::srem,
                            Opcode::urem, Opcode::iand, Opcode::ior, Opcode::ixor, Opcode::ishl, Opcode::sshr,
                            Opcode::ushr, Opcode::rotl, Opcode::rotr})
      cases.push_back({op, type, type});
    for (const Opcode op : {Opcode::clz, Opcode::ctz, Opcode::popcnt, Opcode::sext8, Opcode::sext16})
      cases.push_back({op, type, type, 1});
    for (unsigned condition = 0; condition <= static_cast<unsigned>(Condition::uge); ++condition)
      cases.push_back({Opcode::icmp, type, Type::i32, 2, static_cast<uint8_t>(condition)});
    for (const Type to : {Type::f32, Type::f64}) {
      cases.push_back({Opcode::convert_s, type, to, 1});
      cases.push_back({Opcode::convert_u, type, to, 1});
    }
  }
  cases.push_back({Opcode::sext32, Type::i64, Type::i64, 1});
  cases.push_back({Opcode::sextend, Type::i32, Type::i64, 1});
  cases.push_back({Opcode::uextend, Type::i32, Type::i64, 1});
  cases.push_back({Opcode::wrap, Type::i64, Type::i32, 1});
  cases.push_back({Opcode::bitcast, Type::i32, Type::f32, 1});
  cases.push_back({Opcode::bitcast, Type::i64, Type::f64, 1});
  cases.push_back({Opcode::bitcast, Type::f32, Type::i32, 1});
  cases.push_back({Opcode::bitcast, Type::f64, Type::i64, 1});
  for (const Type type : {Type::f32, Type::f64}) {
    for (const Opcode op :
         {Opcode::fadd, Opcode::fsub, Opcode::fmul, Opcode::fdiv, Opcode::fmin, Opcode::fmax, Opcode::fcopysign})
      cases.push_back({op, type, type});
    for (const Opcode op :
         {Opcode::fabs, Opcode::fneg, Opcode::fsqrt, Opcode::fceil, Opcode::ffloor, Opcode::ftrunc, Opcode::fnearest})
      cases.push_back({op, type, type, 1});
    for (unsigned condition = static_cast<unsigned>(Condition::feq); condition <= static_cast<unsigned>(Condition::fge);
         ++condition)
      cases.push_back({Opcode::fcmp, type, Type::i32, 2, static_cast<uint8_t>(condition)});
    for (const Opcode op : {Opcode::trunc_s, Opcode::trunc_u, Opcode::trunc_sat_s, Opcode::trunc_sat_u}) {
      cases.push_back({op, type, Type::i32, 1});
      cases.push_back({op, type, Type::i64, 1});
    }
  }
  cases.push_back({Opcode::fpromote, Type::f32, Type::f64, 1});
  cases.push_back({Opcode::fdemote, Type::f64, Type::f32, 1});
  return cases;
}

}  // namespace cairn::x64::testing::scalar
