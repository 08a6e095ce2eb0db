// Runs every operation of simd.def except the loads (vector_memory_test.cpp), with V (of two vector lengths) and
// without, and compares the results with plain C++.
#include <algorithm>

#include "compiler/rv64/testing/configured_test.hpp"
#include "compiler/rv64/testing/vector_model.hpp"
#include "compiler/rv64/testing/vector_values.hpp"

namespace cairn::rv64 {
namespace {

using ir::Block;
using ir::Function;
using ir::Opcode;
using ir::SimdOp;
using ir::Type;
using ir::V128;
using ir::Value;
using reference::Shape;

class Rv64Vector : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Machines, Rv64Vector, kVectorConfigurations, name_of_configuration);

constexpr std::string_view kNames[] = {
#define CAIRN_SIMD(name, text) text,
#include "compiler/ir/simd.def"
#undef CAIRN_SIMD
};

// Returns the `float_size` for reference::equal().
unsigned float_size(SimdOp op) {
  const std::string_view name = kNames[static_cast<unsigned>(op)];
  for (std::string_view moving :
       {"splat", "lane", ".abs", ".neg", ".pmin", ".pmax", ".eq", ".ne", ".lt", ".gt", ".le", ".ge"})
    if (name.ends_with(moving)) return 0;
  return name.starts_with("f32x4") ? 4 : name.starts_with("f64x2") ? 8 : 0;
}

// The size of a lane in bytes, by the shape at the start of the operation's name.
unsigned lane_size(SimdOp op) {
  const std::string_view name = kNames[static_cast<unsigned>(op)];
  return name.find("x16") < 5 ? 1 : name.find("x8") < 5 ? 2 : name.find("x4") < 5 ? 4 : 8;
}

// Makes a function for each operation, or for each lane of an operation that names a lane. The functions are called
// with pairs of the sample vectors.
TEST_P(Rv64Vector, Operations) {
  Program p = make();
  const std::vector<V128> vectors = samples();
  for (unsigned number = 0; number < std::size(kNames); ++number) {
    const SimdOp op = static_cast<SimdOp>(number);
    const Shape shape = reference::shape_of(kNames[number]);
    if (shape == Shape::load) continue;
    const unsigned size = lane_size(op);
    const bool is_float = kNames[number][0] == 'f';
    const Type lane_type = is_float ? (size == 4 ? Type::f32 : Type::f64) : (size == 8 ? Type::i64 : Type::i32);
    std::vector<Type> params(1, shape == Shape::splat ? lane_type : Type::v128);
    if (shape == Shape::binary || shape == Shape::ternary) params.push_back(Type::v128);
    if (shape == Shape::ternary) params.push_back(Type::v128);
    if (shape == Shape::shift) params.push_back(Type::i32);
    if (shape == Shape::replace) params.push_back(lane_type);
    const Type result = shape == Shape::reduce ? Type::i32 : shape == Shape::extract ? lane_type : Type::v128;
    const unsigned lane_count = shape == Shape::extract || shape == Shape::replace ? 16 / size : 1;
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      // The function does the operation twice, which shows that the first one leaves its operands intact.
      const uint32_t function = p.add(params, {result, result}, [&](Function& f) {
        const Block b = f.create_block();
        std::vector<Value> v;
        for (Type type : params) v.push_back(f.append_param(b, type));
        ir::Instruction inst = instruction(shape == Shape::extract   ? Opcode::simd_extract
                                           : shape == Shape::replace ? Opcode::simd_replace
                                           : params.size() == 1      ? Opcode::simd_unary
                                           : params.size() == 2      ? Opcode::simd_binary
                                                                     : Opcode::simd_ternary,
                                           result, {}, number, static_cast<uint8_t>(lane));
        for (size_t i = 0; i < v.size(); ++i) inst.operands[i] = v[i];
        const Value first = f.append(b, inst);
        const Value second = f.append(b, inst);
        const Value both[] = {first, second};
        append_return(f, b, both);
      });
      for (size_t i = 0; i < vectors.size(); ++i)
        for (size_t j = 0; j < (params.size() == 1 ? 1 : vectors.size()); j += 1 + i % 3) {
          const V128 a = vectors[i], b = vectors[j], c = vectors[(i * 7 + j * 5) % vectors.size()];
          uint64_t scalar = 0;
          std::memcpy(&scalar, params.size() == 1 ? &a : &b, 8);
          V128 expected = reference::evaluate(op, a, b, c, scalar, lane);
          const size_t bytes = result == Type::v128 ? 16 : ir::size_of(result);
          std::fill(expected.begin() + static_cast<ptrdiff_t>(bytes), expected.end(), std::byte{0});
          p.call(function, {a, b, c}, [=, name = p.machine().name](const Outcome& outcome) {
            for (unsigned k = 0; k < 2; ++k) {
              V128 actual = outcome.values[k];
              std::fill(actual.begin() + static_cast<ptrdiff_t>(bytes), actual.end(), std::byte{0});
              if (!reference::equal(expected, actual, float_size(op)))
                ADD_FAILURE() << name << ": " << kNames[number] << " lane " << lane << " of " << text(a) << ", "
                              << text(b) << ", " << text(c) << " is " << text(actual) << ", expected "
                              << text(expected);
            }
          });
        }
    }
  }
  p.run();
}

}  // namespace
}  // namespace cairn::rv64
