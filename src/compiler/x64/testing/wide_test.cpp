// Arithmetic in 128 bits, and what is in the upper half of narrow values, run on this machine.
#include <gtest/gtest.h>

#include "compiler/x64/testing/configured_test.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using ir::Opcode;

class X64Wide : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Configurations, X64Wide, kConfigurations);

TEST_P(X64Wide, WideArithmetic) {
  Machine machine(options());
  const std::vector<Type> four(4, Type::i64), two(2, Type::i64);
  const auto build = [&](uint32_t index, Opcode opcode, const std::vector<unsigned>& operands) {
    FunctionBuilder f(arena_, four, two);
    f.function.function_index = index;
    std::vector<Value> values;
    for (const unsigned i : operands) values.push_back(f.param(i));
    const Value low = f.wide(opcode, values);
    f.ret({low, f.result_of(low, Type::i64, 1)});
    machine.add(f.function);
    return machine.add_entry(f.function.signature);
  };
  const size_t entry = build(0, Opcode::add128, {0, 1, 2, 3});
  build(1, Opcode::sub128, {0, 1, 2, 3});
  build(2, Opcode::add128, {0, 1, 1, 0});
  build(3, Opcode::sub128, {0, 0, 1, 1});
  build(4, Opcode::mul_wide_u, {0, 2});
  build(5, Opcode::mul_wide_s, {0, 2});
  build(6, Opcode::mul_wide_s, {1, 1});
  machine.link();
  using U = unsigned __int128;
  const uint64_t numbers[] = {0, 1, 0xffffffffffffffff, 0x8000000000000000, 0x123456789abcdef0, 0x7fffffffffffffff};
  const auto join = [](uint64_t low, uint64_t high) { return U{high} << 64 | low; };
  for (const uint64_t a : numbers)
    for (const uint64_t b : numbers)
      for (const uint64_t c : numbers)
        for (const uint64_t d : numbers) {
          const auto run = [&](uint32_t index) {
            const Outcome o = machine.run(entry, index, {Slot::of(a), Slot::of(b), Slot::of(c), Slot::of(d)}, 2);
            return join(o.results[0].as<uint64_t>(), o.results[1].as<uint64_t>());
          };
          ASSERT_TRUE(run(0) == join(a, b) + join(c, d));
          ASSERT_TRUE(run(1) == join(a, b) - join(c, d));
          ASSERT_TRUE(run(2) == join(a, b) + join(b, a));
          ASSERT_TRUE(run(3) == join(a, a) - join(b, b));
          ASSERT_TRUE(run(4) == U{a} * U{c});
          ASSERT_TRUE(run(5) ==
                      static_cast<U>(static_cast<__int128>(static_cast<int64_t>(a)) * static_cast<int64_t>(c)));
          ASSERT_TRUE(run(6) ==
                      static_cast<U>(static_cast<__int128>(static_cast<int64_t>(b)) * static_cast<int64_t>(b)));
        }
}

// An i64 whose upper half is garbage, wrapped, is an i32 everywhere.
TEST_P(X64Wide, WrappedValuesHaveZerosAbove) {
  Machine machine(options());
  FunctionBuilder f(arena_, {Type::i64, Type::i64}, {Type::i64, Type::i64, Type::i64, Type::i32});
  const Value wrapped = f.op(Opcode::wrap, Type::i32, {f.param(0)});
  const Value other = f.op(Opcode::wrap, Type::i32, {f.param(1)});
  const Value sum = f.op(Opcode::iadd, Type::i32, {wrapped, other});
  const Value selected = f.op(Opcode::select, Type::i32, {wrapped, wrapped, other});
  const ir::Block join = f.function.create_block();
  const Value param = f.function.append_param(join, Type::i32);
  f.control(Opcode::jump, Value::none(), {f.target(join, {wrapped})});
  f.block = join;
  f.ret({f.op(Opcode::uextend, Type::i64, {sum}), f.op(Opcode::uextend, Type::i64, {selected}),
         f.op(Opcode::uextend, Type::i64, {param}), wrapped});
  machine.add(f.function);
  const size_t entry = machine.add_entry(f.function.signature);
  machine.link();
  const Outcome outcome =
      machine.run(entry, 0, {Slot::of(uint64_t{0xdeadbeef'fffffff0}), Slot::of(uint64_t{0x1111111100000020})}, 4);
  EXPECT_EQ(outcome.results[0].as<uint64_t>(), 0x10u);
  EXPECT_EQ(outcome.results[1].as<uint64_t>(), 0xfffffff0u);
  EXPECT_EQ(outcome.results[2].as<uint64_t>(), 0xfffffff0u);
  EXPECT_EQ(outcome.results[3].as<uint64_t>(), 0xfffffff0u);
}

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
