// Operands for tests of scalar operations, and the results that are expected.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "compiler/rv64/testing/execution.hpp"

namespace cairn::rv64::scalar {

using ir::Type;
using wasm::TrapKind;

// The result that is expected: a trap, or a value of this type as bits. The functions after it make one.
struct Expected {
  std::optional<TrapKind> trap;
  uint64_t value = 0;
  Type type = Type::i64;
};
inline Expected trap(TrapKind kind) { return {kind}; }
inline Expected i32(uint32_t v) { return {std::nullopt, v, Type::i32}; }
inline Expected i64(uint64_t v) { return {std::nullopt, v, Type::i64}; }
inline Expected f32(float v) { return {std::nullopt, std::bit_cast<uint32_t>(v), Type::f32}; }
inline Expected f64(double v) { return {std::nullopt, std::bit_cast<uint64_t>(v), Type::f64}; }

// Whether the outcome is as expected. Where a NaN is expected, every NaN whose quiet bit is set is right.
inline bool matches(const Expected& expected, const Outcome& outcome) {
  if (expected.trap || outcome.trap) return expected.trap == outcome.trap;
  const uint64_t value = from_slot<uint64_t>(outcome.values[0]);
  switch (expected.type) {
    case Type::i32: return static_cast<uint32_t>(value) == expected.value;
    case Type::f32: {
      const float f = std::bit_cast<float>(static_cast<uint32_t>(expected.value));
      if (std::isnan(f)) return (value & 0x7fc0'0000) == 0x7fc0'0000;
      return static_cast<uint32_t>(value) == expected.value;
    }
    case Type::f64:
      if (std::isnan(std::bit_cast<double>(expected.value)))
        return (value & 0x7ff8'0000'0000'0000) == 0x7ff8'0000'0000'0000;
      return value == expected.value;
    default: return value == expected.value;
  }
}

// Operands: edge cases of shifts, of immediates of 12 bits, and of overflow.
inline const uint64_t kI32[] = {
    0,        1,           2,           3,           5,           7,           31,          32,         33,     63,
    64,       127,         128,         255,         256,         2047,        2048,        0x7fff,     0x8000, 0xffff,
    0x1'0000, 0x1234'5678, 0x7fff'ffff, 0x8000'0000, 0x8000'0001, 0xdead'beef, 0xffff'fffe, 0xffff'ffff};

inline const uint64_t kI64[] = {0,
                                1,
                                2,
                                3,
                                7,
                                32,
                                63,
                                64,
                                128,
                                0x8000,
                                0xffff'ffff,
                                0x1'0000'0000,
                                0x8000'0000,
                                0x7fff'ffff,
                                0x1234'5678'9abc'def0,
                                0x7fff'ffff'ffff'ffff,
                                0x8000'0000'0000'0000,
                                0x8000'0000'0000'0001,
                                0xffff'ffff'8000'0000,
                                0xffff'ffff'ffff'fffe,
                                0xffff'ffff'ffff'ffff,
                                0xf0f0'f0f0'0f0f'0f0f};

// floats64(), floats32() and samples() return operands as bits: edge cases of rounding and of conversions to integers.
inline std::vector<uint64_t> floats64() {
  std::vector<uint64_t> result;
  const double values[] = {0.0,
                           0.25,
                           0.5,
                           0.75,
                           1.0,
                           1.5,
                           2.0,
                           2.5,
                           3.5,
                           1e-310,
                           5e-324,
                           1e10,
                           1e18,
                           1e19,
                           1.8e19,
                           1e300,
                           2147483647.0,
                           2147483647.5,
                           2147483648.0,
                           2147483648.5,
                           2147483649.0,
                           4294967295.0,
                           4294967295.5,
                           4294967296.0,
                           9223372036854774784.0,
                           9223372036854775808.0,
                           18446744073709549568.0,
                           18446744073709551616.0,
                           4503599627370495.5,
                           4503599627370496.0,
                           0.9999999999999999,
                           std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::max()};
  for (double v : values)
    for (double s : {1.0, -1.0}) result.push_back(std::bit_cast<uint64_t>(v * s));
  for (uint64_t nan : {0x7ff8'0000'0000'0000u, 0xfff8'0000'0000'0000u, 0x7ff0'0000'0000'0001u, 0xffff'ffff'ffff'ffffu})
    result.push_back(nan);
  return result;
}

inline std::vector<uint64_t> floats32() {
  std::vector<uint64_t> result;
  const float values[] = {0.0f,
                          0.25f,
                          0.5f,
                          0.75f,
                          1.0f,
                          1.5f,
                          2.5f,
                          3.5f,
                          1e-40f,
                          1e-45f,
                          1e10f,
                          3e38f,
                          2147483520.0f,
                          2147483648.0f,
                          4294967040.0f,
                          4294967296.0f,
                          9223371487098961920.0f,
                          9223372036854775808.0f,
                          18446742974197923840.0f,
                          18446744073709551616.0f,
                          8388607.5f,
                          8388608.0f,
                          0.99999994f,
                          std::numeric_limits<float>::infinity()};
  for (float v : values)
    for (float s : {1.0f, -1.0f}) result.push_back(std::bit_cast<uint32_t>(v * s));
  for (uint32_t nan : {0x7fc0'0000u, 0xffc0'0000u, 0x7f80'0001u, 0xffff'ffffu}) result.push_back(nan);
  return result;
}

inline std::vector<uint64_t> samples(Type type) {
  switch (type) {
    case Type::i32: return {std::begin(kI32), std::end(kI32)};
    case Type::f32: return floats32();
    case Type::f64: return floats64();
    default: return {std::begin(kI64), std::end(kI64)};
  }
}

// Returns the slot of an argument.
inline ir::V128 argument(Type type, uint64_t bits) {
  // The bits above an i32 in its slot must not matter.
  if (type == Type::i32) bits |= 0xa5a5'5a5a'0000'0000;
  return slot_of(bits);
}

}  // namespace cairn::rv64::scalar
