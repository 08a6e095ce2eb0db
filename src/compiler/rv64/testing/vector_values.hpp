// Operands with edge cases for tests of vectors, and the text of operands for messages.
#pragma once

#include <bit>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "compiler/rv64/testing/vector_model.hpp"

namespace cairn::rv64 {

using ir::V128;

// Returns the next pseudo-random number (xorshift).
inline uint64_t next_random(uint64_t& state) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}

// Returns vectors whose lanes of each width are random choices among edge cases, and some random vectors.
inline std::vector<V128> samples() {
  std::vector<V128> result;
  uint64_t random = 0x9e37'79b9'7f4a'7c15;
  const auto from = [&](auto next) {
    using T = decltype(next());
    reference::Lanes<T> lanes;
    for (T& lane : lanes.lane) lane = next();
    result.push_back(reference::pack(lanes));
  };
  const uint8_t bytes[] = {0, 1, 2, 15, 16, 17, 31, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x55, 0xaa};
  const uint16_t halves[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0x8001, 0xffff, 0xff7f, 0xff80};
  const uint32_t words[] = {0, 1, 0x7fff, 0x8000, 0xffff, 0x1'0000, 0x7fff'ffff, 0x8000'0000, 0x8000'0001, 0xffff'ffff};
  const uint64_t longs[] = {
      0, 1, 0x7fff'ffff, 0x8000'0000, 0xffff'ffff, 0x7fff'ffff'ffff'ffff, 0x8000'0000'0000'0000, ~0ull};
  const float floats[] = {0.0f,
                          -0.0f,
                          0.5f,
                          -0.5f,
                          1.5f,
                          -2.5f,
                          3.7f,
                          -1e-40f,
                          8388607.5f,
                          1e10f,
                          -1e10f,
                          4294967040.0f,
                          2147483648.0f,
                          std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity(),
                          std::bit_cast<float>(0x7fc00000u),
                          std::bit_cast<float>(0xff800001u)};
  const double doubles[] = {0.0,
                            -0.0,
                            0.5,
                            -0.5,
                            1.5,
                            -2.5,
                            3.7,
                            4503599627370495.5,
                            1e300,
                            -1e300,
                            4294967295.5,
                            -2147483648.9,
                            2147483647.5,
                            -1.5e-310,
                            std::numeric_limits<double>::infinity(),
                            -std::numeric_limits<double>::infinity(),
                            std::bit_cast<double>(0x7ff8000000000000u),
                            std::bit_cast<double>(0xfff0000000000001u)};
  const auto pick = [&](const auto& values) { return values[next_random(random) % std::size(values)]; };
  for (unsigned i = 0; i < 6; ++i) {
    from([&] { return pick(bytes); });
    from([&] { return pick(halves); });
    from([&] { return pick(words); });
    from([&] { return pick(longs); });
    from([&] { return pick(floats); });
    from([&] { return pick(floats); });
    from([&] { return pick(doubles); });
    from([&] { return pick(doubles); });
    from([&] { return next_random(random); });
  }
  result.push_back(V128{});
  return result;
}

// The bytes of the vector in hexadecimal; byte 0 comes first.
inline std::string text(const V128& v) {
  std::string result;
  for (unsigned i = 0; i < 16; ++i) {
    char buffer[4];
    snprintf(buffer, sizeof buffer, "%02x", static_cast<unsigned>(v[i]));
    result += buffer;
  }
  return result;
}

}  // namespace cairn::rv64
