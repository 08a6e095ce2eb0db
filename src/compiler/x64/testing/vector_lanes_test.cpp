// Runs shuffles of vectors and accesses to their lanes on this machine.
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

// Returns the lanes of shuffles: the patterns of instructions that unpack, align or blend, and random ones, in which
// units of 1 to 8 bytes stay together.
std::vector<V128> shuffle_patterns(std::mt19937& random) {
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
  return patterns;
}

TEST(X64Vector, Shuffles) {
  std::mt19937 random(7);
  const std::vector<V128> values = interesting();
  for (const compiler::Options& options : configurations()) {
    Machine machine(options);
    Arena arena(size_t{1} << 30);
    const std::vector<V128> patterns = shuffle_patterns(random);
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
  }
}

// An operation that extracts or replaces a lane.
struct LaneOperation {
  SimdOp op;
  unsigned bytes;  // the size of a lane
  Type type;       // of the scalar result or operand
  bool is_signed;  // the extracted lane is sign-extended
  bool replaces;   // the operation replaces the lane; otherwise it extracts the lane
};
constexpr LaneOperation kLaneOperations[] = {
    {SimdOp::i8x16_extract_lane_s, 1, Type::i32, true, false},
    {SimdOp::i8x16_extract_lane_u, 1, Type::i32, false, false},
    {SimdOp::i16x8_extract_lane_s, 2, Type::i32, true, false},
    {SimdOp::i16x8_extract_lane_u, 2, Type::i32, false, false},
    {SimdOp::i32x4_extract_lane, 4, Type::i32, false, false},
    {SimdOp::i64x2_extract_lane, 8, Type::i64, false, false},
    {SimdOp::f32x4_extract_lane, 4, Type::f32, false, false},
    {SimdOp::f64x2_extract_lane, 8, Type::f64, false, false},
    {SimdOp::i8x16_replace_lane, 1, Type::i32, false, true},
    {SimdOp::i16x8_replace_lane, 2, Type::i32, false, true},
    {SimdOp::i32x4_replace_lane, 4, Type::i32, false, true},
    {SimdOp::i64x2_replace_lane, 8, Type::i64, false, true},
    {SimdOp::f32x4_replace_lane, 4, Type::f32, false, true},
    {SimdOp::f64x2_replace_lane, 8, Type::f64, false, true},
};

// Checks the result of the operation on the vector `v` and, if it replaces a lane, the scalar.
void check_lane(const LaneOperation& operation, unsigned lane, const V128& v, uint64_t scalar, const Slot& result) {
  if (operation.replaces) {
    V128 expected = v;
    std::memcpy(expected.data() + lane * operation.bytes, &scalar, operation.bytes);
    EXPECT_EQ(result.as<V128>(), expected) << ir::to_string(operation.op) << " " << lane;
    return;
  }
  uint64_t expected = 0;
  std::memcpy(&expected, v.data() + lane * operation.bytes, operation.bytes);
  if (operation.is_signed)
    expected = static_cast<uint32_t>(operation.bytes == 1 ? int32_t{static_cast<int8_t>(expected)}
                                                          : int32_t{static_cast<int16_t>(expected)});
  uint64_t got = 0;
  std::memcpy(&got, result.bytes.data(), operation.type == Type::f32 ? 4 : 8);
  EXPECT_EQ(got, expected) << ir::to_string(operation.op) << " " << lane;
}

TEST(X64Vector, Lanes) {
  struct Compiled {
    const LaneOperation* operation;
    unsigned lane;
    size_t entry;
  };
  const std::vector<V128> values = interesting();
  for (const compiler::Options& options : configurations()) {
    Machine machine(options);
    Arena arena(size_t{1} << 30);
    std::vector<Compiled> functions;
    for (const LaneOperation& operation : kLaneOperations) {
      const auto [op, bytes, type, is_signed, replaces] = operation;
      for (unsigned lane = 0; lane < 16 / bytes; ++lane) {
        FunctionBuilder f(arena, {Type::v128, type}, {replaces ? Type::v128 : type});
        f.ret({replaces ? f.op(Opcode::simd_replace, Type::v128, {f.param(0), f.param(1)}, static_cast<uint8_t>(lane),
                               int64_t(op))
                        : f.op(Opcode::simd_extract, type, {f.param(0)}, static_cast<uint8_t>(lane), int64_t(op))});
        f.function.function_index = static_cast<uint32_t>(functions.size());
        machine.add(f.function);
        functions.push_back({&operation, lane, machine.add_entry(f.function.signature)});
      }
    }
    machine.link();
    for (uint32_t i = 0; i < functions.size(); ++i) {
      for (const V128& v : values) {
        const uint64_t scalar = 0x8182'8384'f5f6'f7f8;
        const Outcome outcome = machine.run(functions[i].entry, i, {Slot::of(v), Slot::of(scalar)}, 1);
        check_lane(*functions[i].operation, functions[i].lane, v, scalar, outcome.results[0]);
      }
    }
  }
}

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
