// Runs every vector operation on this machine, and compares it with a model that works lane by lane.
#include <gtest/gtest.h>

#include "compiler/x64/testing/vector_model.hpp"
#include "compiler/x64/testing/vector_values.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using ir::Opcode;

// Whether a result is as expected, bit by bit except where any NaN is right.
bool same(const Expected& expected, const V128& got) {
  if (expected.nans == NanLanes::f32) {
    for (size_t i = 0; i < 4; ++i) {
      const float e = lanes<float>(expected.value)[i], g = lanes<float>(got)[i];
      if (std::isnan(e) ? !std::isnan(g) : std::bit_cast<uint32_t>(e) != std::bit_cast<uint32_t>(g)) return false;
    }
    return true;
  }
  if (expected.nans == NanLanes::f64) {
    for (size_t i = 0; i < 2; ++i) {
      const double e = lanes<double>(expected.value)[i], g = lanes<double>(got)[i];
      if (std::isnan(e) ? !std::isnan(g) : std::bit_cast<uint64_t>(e) != std::bit_cast<uint64_t>(g)) return false;
    }
    return true;
  }
  return expected.value == got;
}

// The type of a splat's operand, or none for other operations.
Type splat_type(SimdOp op) {
  switch (op) {
    case SimdOp::i8x16_splat:
    case SimdOp::i16x8_splat:
    case SimdOp::i32x4_splat: return Type::i32;
    case SimdOp::i64x2_splat: return Type::i64;
    case SimdOp::f32x4_splat: return Type::f32;
    case SimdOp::f64x2_splat: return Type::f64;
    default: return Type::none;
  }
}
bool is_shift(SimdOp op) {
  const std::string_view name = ir::to_string(op);
  return name.find(".sh") != std::string_view::npos && name.find("shuffle") == std::string_view::npos;
}
// The number of operands of an operation whose result is a vector. The operation's name tells it.
unsigned arity(SimdOp op) {
  const std::string_view name = ir::to_string(op);
  if (splat_type(op) != Type::none) return 1;
  for (const char* part : {"bitselect", "laneselect", "madd", "add_s"})
    if (name.find(part) != std::string_view::npos && name.find("sat") == std::string_view::npos) return 3;
  for (const char* part : {"not", "abs", ".neg", "sqrt", "ceil", "floor", "trunc", "nearest", "popcnt", "extend_",
                           "extadd", "convert", "demote", "promote"})
    if (name.find(part) != std::string_view::npos && name.find("andnot") == std::string_view::npos) return 1;
  return 2;
}

// Each operation is run on parameters, a binary one also with a constant or memory as its second operand, and a shift
// with constant counts. The result must agree with the model, and the parameters must keep their values.
TEST(X64Vector, Operations) {
  const std::vector<V128> values = interesting();
  for (const compiler::Options& options : configurations()) {
    SCOPED_TRACE(options.cpu.avx2 ? "avx2" : options.cpu.avx ? "avx" : "sse");
    Machine machine(options);
    Arena arena(size_t{1} << 30);
    const ir::Signature* vectors = nullptr;
    FunctionBuilder shape(arena, {Type::v128, Type::v128, Type::v128, Type::i32, Type::i32},
                          {Type::v128, Type::v128, Type::v128});
    vectors = &shape.function.signature;
    const size_t entry = machine.add_entry(*vectors);
    struct Compiled {
      SimdOp op;
      uint32_t index;
      std::optional<uint32_t> count;
      std::optional<V128> constant;
      bool memory = false;
    };
    std::vector<Compiled> compiled;
    const auto compile = [&](Compiled c) {
      FunctionBuilder f(arena, {Type::v128, Type::v128, Type::v128, Type::i32, Type::i32},
                        {Type::v128, Type::v128, Type::v128});
      const unsigned n = arity(c.op);
      Value a = f.param(0), b = f.param(1);
      if (c.memory) {
        ir::MemoryAccess access;
        access.size = 16;
        access.offset = 1;  // not aligned
        access.can_fault = true;
        b = f.access(Opcode::heap_load, Type::v128, {f.param(4), Value::none()}, access);
      }
      if (c.constant) b = f.vector_constant(*c.constant);
      if (is_shift(c.op)) b = c.count ? f.constant(Type::i32, *c.count) : f.param(3);
      switch (splat_type(c.op)) {
        case Type::i32: a = f.op(Opcode::simd_extract, Type::i32, {a}, 0, int64_t(SimdOp::i32x4_extract_lane)); break;
        case Type::i64: a = f.op(Opcode::simd_extract, Type::i64, {a}, 0, int64_t(SimdOp::i64x2_extract_lane)); break;
        case Type::f32: a = f.op(Opcode::simd_extract, Type::f32, {a}, 0, int64_t(SimdOp::f32x4_extract_lane)); break;
        case Type::f64: a = f.op(Opcode::simd_extract, Type::f64, {a}, 0, int64_t(SimdOp::f64x2_extract_lane)); break;
        default: break;
      }
      const auto immediate = static_cast<int64_t>(c.op);
      Value result;
      if (n == 1) result = f.op(Opcode::simd_unary, Type::v128, {a}, 0, immediate);
      if (n == 2) result = f.op(Opcode::simd_binary, Type::v128, {a, b}, 0, immediate);
      if (n == 3) result = f.op(Opcode::simd_ternary, Type::v128, {a, b, f.param(2)}, 0, immediate);
      f.ret({result, f.param(0), f.param(1)});
      c.index = f.function.function_index = static_cast<uint32_t>(compiled.size());
      machine.add(f.function);
      compiled.push_back(c);
    };
    size_t operations = 0;
    for (unsigned i = 0; i <= static_cast<unsigned>(SimdOp::i32x4_relaxed_dot_i8x16_i7x16_add_s); ++i) {
      const auto op = static_cast<SimdOp>(i);
      if (!model(op, V128{}, V128{}, V128{}, 0)) {
        EXPECT_TRUE(reduce(op, V128{}).has_value()) << ir::to_string(op);
        continue;
      }
      ++operations;
      compile({op, 0, {}, {}, false});
      if (is_shift(op)) {
        for (const uint32_t count : {0u, 1u, 3u, 7u, 8u, 15u, 31u, 32u, 63u, 100u}) compile({op, 0, count, {}, false});
      } else if (arity(op) == 2) {
        compile({op, 0, {}, values[3], false});
        compile({op, 0, {}, V128{}, false});
        compile({op, 0, {}, {}, true});
      }
    }
    EXPECT_GT(operations, 200u);
    machine.link();
    size_t failures = 0;
    for (const Compiled& c : compiled) {
      for (size_t i = 0; i < values.size(); ++i) {
        for (size_t k = 0; k < values.size(); k += arity(c.op) == 1 ? values.size() : 1) {
          const V128& a = values[i];
          const V128& b = values[k];
          const V128& third = values[(i + k) % values.size()];
          const uint32_t count = c.count ? *c.count : static_cast<uint32_t>(k * 7 + i);
          std::memcpy(machine.memory() + 4097, b.data(), 16);
          const Outcome outcome = machine.run(
              entry, c.index, {Slot::of(a), Slot::of(b), Slot::of(third), Slot::of(count), Slot::of(4096u)}, 3);
          const auto expected = model(c.op, a, c.constant ? *c.constant : b, third, count);
          const bool good = !outcome.trap && same(*expected, outcome.results[0].as<V128>()) &&
                            outcome.results[1].as<V128>() == a && outcome.results[2].as<V128>() == b;
          if (!good && failures++ < 10)
            ADD_FAILURE() << ir::to_string(c.op) << " a " << hex(a) << " b " << hex(b) << " c " << hex(third)
                          << " count " << count << "\n got "
                          << (outcome.trap ? "trap" : hex(outcome.results[0].as<V128>())) << "\n expected "
                          << hex(expected->value)
                          << (c.constant ? " constant"
                              : c.memory ? " memory"
                                         : "");
        }
      }
    }
  }
}

TEST(X64Vector, ReductionsAlone_BranchedAndSelected) {
  const std::vector<V128> values = interesting();
  for (const compiler::Options& options : configurations()) {
    Machine machine(options);
    Arena arena(size_t{1} << 30);
    std::vector<SimdOp> ops;
    size_t entry = 0;
    for (unsigned i = 0; i <= static_cast<unsigned>(SimdOp::i32x4_relaxed_dot_i8x16_i7x16_add_s); ++i) {
      const auto op = static_cast<SimdOp>(i);
      if (!reduce(op, V128{})) continue;
      FunctionBuilder f(arena, {Type::v128}, {Type::i32, Type::i32, Type::i32});
      const auto once = [&] { return f.op(Opcode::simd_unary, Type::i32, {f.param(0)}, 0, int64_t(op)); };
      const Value plain = once();
      const Value selected =
          f.op(Opcode::select, Type::i32, {once(), f.constant(Type::i32, 7), f.constant(Type::i32, 9)});
      const Value tested = once();
      const ir::Block yes = f.function.create_block(), no = f.function.create_block();
      f.control(Opcode::branch, tested, {f.target(yes), f.target(no)});
      f.block = yes;
      f.ret({plain, selected, f.constant(Type::i32, 1)});
      f.block = no;
      f.ret({plain, selected, f.constant(Type::i32, 0)});
      f.function.function_index = static_cast<uint32_t>(ops.size());
      machine.add(f.function);
      if (ops.empty()) entry = machine.add_entry(f.function.signature);
      ops.push_back(op);
    }
    machine.link();
    for (uint32_t i = 0; i < ops.size(); ++i) {
      for (const V128& v : values) {
        const Outcome outcome = machine.run(entry, i, {Slot::of(v)}, 3);
        const uint32_t expected = *reduce(ops[i], v);
        EXPECT_EQ(outcome.results[0].as<uint32_t>(), expected) << ir::to_string(ops[i]) << " " << hex(v);
        EXPECT_EQ(outcome.results[1].as<uint32_t>(), expected != 0 ? 7u : 9u) << ir::to_string(ops[i]) << " " << hex(v);
        EXPECT_EQ(outcome.results[2].as<uint32_t>(), expected != 0) << ir::to_string(ops[i]) << " " << hex(v);
      }
    }
  }
}

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
