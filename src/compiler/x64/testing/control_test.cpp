// Runs control flow and traps on this machine.
#include <gtest/gtest.h>

#include "compiler/x64/testing/configured_test.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using ir::Condition;
using ir::Opcode;
using wasm::TrapKind;

class X64Control : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Configurations, X64Control, kConfigurations);

TEST_P(X64Control, LoopsPassParametersInParallel) {
  // The function computes Fibonacci numbers: loop(a, b, n) is n == 0 ? a : loop(b, a + b, n - 1).
  Machine machine(options());
  FunctionBuilder f(arena_, {Type::i32}, {Type::i64, Type::i64});
  const ir::Block loop = f.function.create_block(), again = f.function.create_block(), done = f.function.create_block();
  f.function[loop].is_loop_header = true;
  f.function[loop].loop_depth = f.function[again].loop_depth = 1;
  f.control(Opcode::jump, Value::none(),
            {f.target(loop, {f.constant(Type::i64, 0), f.constant(Type::i64, 1), f.param(0)})});
  const Value a = f.function.append_param(loop, Type::i64), b = f.function.append_param(loop, Type::i64),
              n = f.function.append_param(loop, Type::i32);
  f.block = loop;
  f.control(Opcode::branch, n, {f.target(again), f.target(done)});
  f.block = again;
  const Value sum = f.op(Opcode::iadd, Type::i64, {a, b});
  f.control(Opcode::jump, Value::none(),
            {f.target(loop, {b, sum, f.op(Opcode::iadd, Type::i32, {n, f.constant(Type::i32, -1)})})});
  f.block = done;
  f.ret({a, b});
  machine.add(f.function);
  const size_t entry = machine.add_entry(f.function.signature);
  machine.link();
  const Outcome outcome = machine.run(entry, 0, {Slot::of(50u)}, 2);
  EXPECT_EQ(outcome.results[0].as<uint64_t>(), 12586269025u);
  EXPECT_EQ(outcome.results[1].as<uint64_t>(), 20365011074u);
}

TEST_P(X64Control, JumpTables) {
  Machine machine(options());
  FunctionBuilder f(arena_, {Type::i32, Type::i32}, {Type::i32});
  const ir::Block first = f.function.create_block(), second = f.function.create_block(),
                  join = f.function.create_block();
  const Value x = f.param(1);
  const Value result = f.function.append_param(join, Type::i32);
  const Value ten = f.constant(Type::i32, 10), twenty = f.constant(Type::i32, 20);
  f.control(Opcode::br_table, f.param(0),
            {f.target(first), f.target(join, {ten}), f.target(second), f.target(join, {x}), f.target(first),
             f.target(join, {ten}), f.target(join, {twenty})});
  f.block = first;
  f.ret({f.constant(Type::i32, 1)});
  f.block = second;
  f.control(Opcode::jump, Value::none(), {f.target(join, {f.constant(Type::i32, 2)})});
  f.block = join;
  f.ret({result});
  machine.add(f.function);
  const size_t entry = machine.add_entry(f.function.signature);
  machine.link();
  const uint32_t expected[] = {1, 10, 2, 77, 1, 10, 20, 20};
  for (uint32_t i = 0; i < 8; ++i)
    EXPECT_EQ(machine.run(entry, 0, {Slot::of(i), Slot::of(77u)}, 1).results[0].as<uint32_t>(), expected[i]) << i;
  EXPECT_EQ(machine.run(entry, 0, {Slot::of(0xffffffffu), Slot::of(77u)}, 1).results[0].as<uint32_t>(), 20u);
}

TEST_P(X64Control, TrapsAndTheirPlaces) {
  Machine machine(options());
  FunctionBuilder f(arena_, {Type::i32, Type::f64}, {Type::i32});
  const Value large =
      f.op(Opcode::icmp, Type::i32, {f.param(0), f.constant(Type::i32, 100)}, static_cast<uint8_t>(Condition::ugt));
  const Value first =
      f.op(Opcode::trap_if, Type::none, {large}, static_cast<uint8_t>(TrapKind::out_of_bounds_table_access));
  const Value equal =
      f.op(Opcode::fcmp, Type::i32, {f.param(1), f.constant(Type::f64, 0)}, static_cast<uint8_t>(Condition::feq));
  f.op(Opcode::trap_unless, Type::none, {equal}, static_cast<uint8_t>(TrapKind::cast_failure));
  const ir::Block yes = f.function.create_block(), no = f.function.create_block();
  f.control(Opcode::branch, f.param(0), {f.target(yes), f.target(no)});
  f.block = yes;
  f.ret({f.param(0)});
  f.block = no;
  f.op(Opcode::trap, Type::none, {}, static_cast<uint8_t>(TrapKind::unreachable));
  machine.add(f.function);
  const size_t entry = machine.add_entry(f.function.signature);
  machine.link();
  const auto run = [&](uint32_t a, double b) { return machine.run(entry, 0, {Slot::of(a), Slot::of(b)}, 1); };
  EXPECT_EQ(run(5, 0).results[0].as<uint32_t>(), 5u);
  EXPECT_EQ(run(101, 0).trap, TrapKind::out_of_bounds_table_access);
  EXPECT_EQ(run(101, 0).trap_position, f.function[first].position);
  EXPECT_EQ(run(5, 1).trap, TrapKind::cast_failure);
  EXPECT_EQ(run(5, std::numeric_limits<double>::quiet_NaN()).trap, TrapKind::cast_failure);
  EXPECT_EQ(run(0, -0.0).trap, TrapKind::unreachable);
}

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
