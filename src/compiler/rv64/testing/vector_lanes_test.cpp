// Runs shuffles, constants and selections of vectors, and functions with many vectors.
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

class Rv64VectorLanes : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Machines, Rv64VectorLanes, kVectorConfigurations, name_of_configuration);

TEST_P(Rv64VectorLanes, ShufflesConstantsSelectsAndManyValues) {
  Program p = make();
  const std::vector<V128> vectors = samples();
  uint64_t random = 12345;
  for (unsigned i = 0; i < 30; ++i) {
    V128 lanes;
    for (std::byte& lane : lanes) lane = static_cast<std::byte>(next_random(random) % (i % 3 == 0 ? 16 : 32));
    const uint32_t function = p.add({Type::v128, Type::v128}, {Type::v128}, [&](Function& f) {
      const Block b = f.create_block();
      const Value x = f.append_param(b, Type::v128), y = f.append_param(b, Type::v128);
      const Value v = f.append(b, instruction(Opcode::simd_shuffle, Type::v128, {x, y}, f.add_vector_constant(lanes)));
      append_return(f, b, {&v, 1});
    });
    const V128 a = vectors[i], b = vectors[i + 1];
    p.call(function, {a, b}, [=](const Outcome& outcome) {
      V128 expected;
      for (unsigned k = 0; k < 16; ++k) {
        const unsigned from = static_cast<unsigned>(lanes[k]);
        expected[k] = from < 16 ? a[from] : b[from - 16];
      }
      EXPECT_EQ(text(expected), text(outcome.values[0])) << "shuffle " << text(lanes);
    });
  }
  // The function has twelve parameters, which are more than there are registers for arguments. It also has constants,
  // selects, and a loop that rotates values through block parameters.
  const unsigned count = 12;
  const uint32_t rotate =
      p.add(std::vector<Type>(count, Type::v128), std::vector<Type>(count, Type::v128), [&](Function& f) {
        const Block b = f.create_block(), loop = f.create_block(), done = f.create_block();
        std::vector<Value> v, in_loop;
        for (unsigned i = 0; i < count; ++i) v.push_back(f.append_param(b, Type::v128));
        for (unsigned i = 0; i < count; ++i) in_loop.push_back(f.append_param(loop, Type::v128));
        const Value n = f.append_param(loop, Type::i32);
        ir::Instruction jump = instruction(Opcode::jump, Type::none);
        v.push_back(f.append(b, instruction(Opcode::iconst, Type::i32, {}, 5)));
        const ir::Target to_loop = {loop, f.add_values(v), count + 1};
        f.set_targets(jump, {&to_loop, 1});
        f.append(b, jump);
        f[loop].is_loop_header = true;
        std::vector<Value> next(in_loop.begin() + 1, in_loop.end());
        next.push_back(in_loop[0]);
        std::swap(next[3], next[7]);
        const Value one = f.append(loop, instruction(Opcode::iconst, Type::i32, {}, 1));
        const Value less = f.append(loop, instruction(Opcode::isub, Type::i32, {n, one}));
        const Value odd = f.append(loop, instruction(Opcode::iand, Type::i32, {n, one}));
        next[5] = f.append(loop, instruction(Opcode::select, Type::v128, {odd, next[5], next[6]}));
        const Value ones =
            f.append(loop, instruction(Opcode::vconst, Type::v128, {},
                                       f.add_vector_constant(reference::splat<uint64_t>(0x0123'4567'89ab'cdef))));
        next[2] = f.append(loop, instruction(Opcode::simd_binary, Type::v128, {next[2], ones},
                                             static_cast<int64_t>(SimdOp::v128_xor)));
        ir::Instruction branch = instruction(Opcode::branch, Type::none, {less});
        std::vector<Value> arguments = next;
        arguments.push_back(less);
        const ir::Target targets[] = {{loop, f.add_values(arguments), count + 1}, {done}};
        f.set_targets(branch, targets);
        f.append(loop, branch);
        append_return(f, done, next);
      });
  const std::vector<V128> arguments(vectors.begin(), vectors.begin() + count);
  p.call(rotate, arguments, [=](const Outcome& outcome) {
    std::vector<V128> v = arguments;
    for (unsigned n = 5; n > 0; --n) {
      std::rotate(v.begin(), v.begin() + 1, v.end());
      std::swap(v[3], v[7]);
      v[5] = n % 2 != 0 ? v[5] : v[6];
      v[2] = reference::map<uint64_t>(v[2], [](uint64_t x) { return x ^ 0x0123'4567'89ab'cdef; });
    }
    for (unsigned i = 0; i < count; ++i) EXPECT_EQ(text(v[i]), text(outcome.values[i])) << i;
  });
  // The lanes of some of these constants are all the same small number, so that vmv.v.i can make the vector.
  for (const V128& c : {reference::splat<uint8_t>(3), reference::splat<int8_t>(-16), reference::splat<uint8_t>(200),
                        V128{}, reference::splat<int32_t>(7), reference::splat<int64_t>(7),
                        reference::splat<uint32_t>(0x3fc0'0000), vectors[8]}) {
    const uint32_t function = p.add({}, {Type::v128}, [&](Function& f) {
      const Block b = f.create_block();
      const Value v = f.append(b, instruction(Opcode::vconst, Type::v128, {}, f.add_vector_constant(c)));
      append_return(f, b, {&v, 1});
    });
    p.call(function, {}, [=](const Outcome& outcome) { EXPECT_EQ(text(c), text(outcome.values[0])); });
  }
  p.run();
}

}  // namespace
}  // namespace cairn::rv64
