// Helpers for tests of vectors: operands with edge cases, and the compiler's options to run with.
#pragma once

#include <bit>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "compiler/x64/testing/execution.hpp"

namespace cairn::x64::testing {

// Returns random vectors, and vectors whose lanes of each width are random choices among edge cases.
inline std::vector<V128> interesting() {
  std::vector<V128> result;
  std::mt19937_64 random(1);
  const auto add = [&](auto generator) {
    V128 v;
    for (size_t i = 0; i < 2; ++i) {
      const uint64_t bits = generator();
      std::memcpy(v.data() + 8 * i, &bits, 8);
    }
    result.push_back(v);
  };
  for (int i = 0; i < 12; ++i) add([&] { return random(); });
  for (int i = 0; i < 6; ++i) {
    add([&] {
      constexpr uint64_t values[] = {0, 0x80, 0x7f, 0xff, 0x01, 0x7e, 0x81, 0x10, 0x0f};
      uint64_t bits = 0;
      for (int k = 0; k < 8; ++k) bits = bits << 8 | values[random() % 9];
      return bits;
    });
    add([&] {
      constexpr uint64_t values[] = {0, 0x8000, 0x7fff, 0xffff, 1};
      uint64_t bits = 0;
      for (int k = 0; k < 4; ++k) bits = bits << 16 | values[random() % 5];
      return bits;
    });
    add([&] {
      constexpr float values[] = {0.0f,     -0.0f,    1.5f,      -2.5f, 3e9f, -3e9f,  5e9f,           0x1p31f,
                                  -0x1p31f, INFINITY, -INFINITY, NAN,   0.5f, 1e-40f, 0x1.fffffep30f, 0x1.fffffep31f};
      uint64_t bits = 0;
      for (int k = 0; k < 2; ++k) bits = bits << 32 | std::bit_cast<uint32_t>(values[random() % 16]);
      return bits;
    });
    add([&] {
      constexpr double values[] = {0.0,       -0.0, 1.5,          -2.5,          3e9,
                                   -3e9,      5e9,  2147483647.5, -2147483648.5, INFINITY,
                                   -INFINITY, NAN,  0.5,          4294967295.5,  4294967294.5};
      return std::bit_cast<uint64_t>(values[random() % 15]);
    });
    add([&] {
      constexpr uint64_t values[] = {0, 0x80000000, 0x7fffffff, 0xffffffff, 1, 0x00010000, 0xffff};
      return values[random() % 7] << 32 | values[random() % 7];
    });
  }
  result.push_back(V128{});
  V128 ones;
  ones.fill(std::byte{0xff});
  result.push_back(ones);
  V128 ramp;
  for (size_t i = 0; i < 16; ++i) ramp[i] = static_cast<std::byte>(i * 3 % 20);
  result.push_back(ramp);
  return result;
}

// The vector as a number of 32 hexadecimal digits: byte 15 comes first.
inline std::string hex(const V128& v) {
  std::string s;
  for (size_t i = 16; i-- > 0;) {
    char buffer[3];
    snprintf(buffer, sizeof buffer, "%02x", static_cast<unsigned>(v[i]));
    s += buffer;
  }
  return s;
}

// Returns the compiler's options to test with: CPUs without optional instruction sets, with AVX only and with all that
// this machine has, and with few registers. All options ask for the deterministic results of relaxed operations, which
// the model computes.
inline std::vector<compiler::Options> configurations() {
  compiler::Options floor, avx, all;
  floor.deterministic_relaxed_simd = true;
  all = avx = floor;
  all.cpu = host_features();
  avx.cpu.avx = all.cpu.avx;
  compiler::Options few = floor, few_all = all;
  few.register_limit = 3;
  few_all.register_limit = 4;
  return {floor, avx, all, few, few_all};
}

}  // namespace cairn::x64::testing
