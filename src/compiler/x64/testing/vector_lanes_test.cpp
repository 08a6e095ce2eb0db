// Shuffles of vectors and access to their lanes, run on this machine.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "compiler/x64/testing/vector_model.hpp"
#include "compiler/x64/testing/vector_values.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using ir::Opcode;

TEST(X64Vector, LanesAndShuffles) {
  std::mt19937 random(7);
  const std::vector<V128> values = interesting();
  for (const compiler::Options& options : configurations()) {
    Machine machine(options);
    Arena arena(size_t{1} << 30);
    // Shuffles: unpacks, alignments, blends, dword patterns, random ones.
    std::vector<V128> patterns;
    const auto add = [&](auto lane) {
      V128 v;
      for (unsigned i = 0; i < 16; ++i) v[i] = static_cast<std::byte>(lane(i));
      patterns.push_back(v);
    };
    for (const unsigned unit : {1u, 2u, 4u, 8u})
      for (const unsigned high : {0u, 8u})
        for (const unsigned flip : {0u, 16u}) {
          add([&](unsigned i) {
            return (i / (2 * unit) * unit + i % unit + high + (i % (2 * unit) >= unit ? 16 : 0)) ^ flip;
          });
          add([&](unsigned i) { return (i / (2 * unit) * unit + i % unit + high) ^ flip; });
        }
    for (unsigned shift = 0; shift < 32; ++shift) add([&](unsigned i) { return (i + shift) & 31; });
    for (unsigned shift = 0; shift < 16; ++shift) add([&](unsigned i) { return (i + shift) & 15; });
    for (unsigned k = 0; k < 40; ++k) {
      const auto bits = static_cast<unsigned>(random());
      for (const unsigned unit : {1u, 2u, 4u, 8u}) {
        add([&](unsigned i) { return i + ((bits >> (i / unit) & 1) != 0 ? 16 : 0); });
        std::array<unsigned, 16> order;
        for (unsigned& o : order) o = static_cast<unsigned>(random());
        add([&](unsigned i) { return order[i / unit] % (32 / unit) * unit + i % unit; });
        add([&](unsigned i) { return order[i / unit] % (16 / unit) * unit + i % unit; });
        add([&](unsigned i) { return order[i / unit] % (16 / unit) * unit + i % unit + (i >= 8 ? 16 : 0); });
        add([&](unsigned i) { return unit == 2 ? (order[i / unit] % 4 + (i >= 8 ? 4 : 0)) * 2 + i % 2 : i; });
      }
    }
    FunctionBuilder shape(arena, {Type::v128, Type::v128}, {Type::v128, Type::v128, Type::v128});
    const size_t entry = machine.add_entry(shape.function.signature);
    for (uint32_t i = 0; i < patterns.size(); ++i) {
      FunctionBuilder f(arena, {Type::v128, Type::v128}, {Type::v128, Type::v128, Type::v128});
      f.ret({f.op(Opcode::simd_shuffle, Type::v128, {f.param(0), f.param(1)}, 0,
                  f.function.add_vector_constant(patterns[i])),
             f.param(0), f.param(1)});
      f.function.function_index = i;
      machine.add(f.function);
    }
    // Extract and replace, all lanes.
    struct Lane {
      SimdOp op;
      unsigned lane, bytes;
      Type type;
      bool sign;
      uint32_t index;
      size_t entry;
    };
    std::vector<Lane> lane_ops;
    uint32_t index = static_cast<uint32_t>(patterns.size());
    const auto add_lanes = [&](SimdOp op, unsigned bytes, Type type, bool sign, bool replace) {
      for (unsigned lane = 0; lane < 16 / bytes; ++lane) {
        FunctionBuilder f(arena, {Type::v128, type}, {replace ? Type::v128 : type});
        f.ret({replace ? f.op(Opcode::simd_replace, Type::v128, {f.param(0), f.param(1)}, static_cast<uint8_t>(lane),
                              int64_t(op))
                       : f.op(Opcode::simd_extract, type, {f.param(0)}, static_cast<uint8_t>(lane), int64_t(op))});
        f.function.function_index = index;
        machine.add(f.function);
        lane_ops.push_back(
            {op, lane, bytes, replace ? Type::v128 : type, sign, index++, machine.add_entry(f.function.signature)});
      }
    };
    add_lanes(SimdOp::i8x16_extract_lane_s, 1, Type::i32, true, false);
    add_lanes(SimdOp::i8x16_extract_lane_u, 1, Type::i32, false, false);
    add_lanes(SimdOp::i16x8_extract_lane_s, 2, Type::i32, true, false);
    add_lanes(SimdOp::i16x8_extract_lane_u, 2, Type::i32, false, false);
    add_lanes(SimdOp::i32x4_extract_lane, 4, Type::i32, false, false);
    add_lanes(SimdOp::i64x2_extract_lane, 8, Type::i64, false, false);
    add_lanes(SimdOp::f32x4_extract_lane, 4, Type::f32, false, false);
    add_lanes(SimdOp::f64x2_extract_lane, 8, Type::f64, false, false);
    add_lanes(SimdOp::i8x16_replace_lane, 1, Type::i32, false, true);
    add_lanes(SimdOp::i16x8_replace_lane, 2, Type::i32, false, true);
    add_lanes(SimdOp::i32x4_replace_lane, 4, Type::i32, false, true);
    add_lanes(SimdOp::i64x2_replace_lane, 8, Type::i64, false, true);
    add_lanes(SimdOp::f32x4_replace_lane, 4, Type::f32, false, true);
    add_lanes(SimdOp::f64x2_replace_lane, 8, Type::f64, false, true);
    machine.link();
    for (uint32_t i = 0; i < patterns.size(); ++i) {
      const V128 &a = values[i % values.size()], &b = values[(i + 5) % values.size()];
      V128 expected;
      for (unsigned k = 0; k < 16; ++k) {
        const auto from = static_cast<unsigned>(patterns[i][k]);
        expected[k] = from < 16 ? a[from] : b[from - 16];
      }
      const Outcome outcome = machine.run(entry, i, {Slot::of(a), Slot::of(b)}, 3);
      EXPECT_EQ(outcome.results[0].as<V128>(), expected) << "shuffle " << hex(patterns[i]);
      EXPECT_EQ(outcome.results[1].as<V128>(), a);
      EXPECT_EQ(outcome.results[2].as<V128>(), b);
    }
    for (const Lane& lane : lane_ops) {
      for (const V128& v : values) {
        const uint64_t scalar = 0x8182'8384'f5f6'f7f8;
        const Outcome outcome = machine.run(lane.entry, lane.index, {Slot::of(v), Slot::of(scalar)}, 1);
        if (lane.type == Type::v128) {
          V128 expected = v;
          std::memcpy(expected.data() + lane.lane * lane.bytes, &scalar, lane.bytes);
          EXPECT_EQ(outcome.results[0].as<V128>(), expected) << ir::to_string(lane.op) << " " << lane.lane;
        } else {
          uint64_t expected = 0;
          std::memcpy(&expected, v.data() + lane.lane * lane.bytes, lane.bytes);
          if (lane.sign)
            expected = static_cast<uint32_t>(lane.bytes == 1 ? int32_t{static_cast<int8_t>(expected)}
                                                             : int32_t{static_cast<int16_t>(expected)});
          uint64_t got = 0;
          std::memcpy(&got, outcome.results[0].bytes.data(), lane.type == Type::f32 ? 4 : 8);
          EXPECT_EQ(got, expected) << ir::to_string(lane.op) << " " << lane.lane;
        }
      }
    }
  }
}

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
