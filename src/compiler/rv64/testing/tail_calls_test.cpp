// Runs tail calls between instances.
#include <cstdint>

#include "compiler/rv64/testing/calls.hpp"
#include "compiler/rv64/testing/configured_test.hpp"

namespace cairn::rv64 {
namespace {

using ir::Block;
using ir::CalleeKind;
using ir::Condition;
using ir::Function;
using ir::Opcode;
using ir::Type;
using ir::Value;

class Rv64TailCalls : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Machines, Rv64TailCalls, kConfigurations, name_of_configuration);

// Two instances tail-call each other 100001 times, with and without stack arguments, on a constant stack.
TEST_P(Rv64TailCalls, TailCallsBetweenInstances) {
  Program p = make();
  for (unsigned count : {2u, 12u, 13u}) {
    std::vector<Type> params(count, Type::i64);
    const uint32_t function = static_cast<uint32_t>(count == 2 ? 0 : count == 12 ? 2 : 4);
    // The function imports itself twice: import `number` is in context 0, and the next one is in context 1.
    const uint32_t number = count == 2 ? 0 : count == 12 ? 2 : 4;
    // f(n, acc, ...) is acc + `last`, its last parameter, if n == 0. Otherwise it tail-calls an import with (n - 1, acc
    // + n, ...): import `number` if n is odd, and the next one if n is even.
    const auto build = [&](CalleeKind kind) {
      return p.add(params, {Type::i64}, [&](Function& f) {
        const Block b = f.create_block(), done = f.create_block(), step = f.create_block();
        const Block odd = f.create_block(), even = f.create_block();
        std::vector<Value> v;
        for (unsigned i = 0; i < count; ++i) v.push_back(f.append_param(b, Type::i64));
        const auto branch = [&](Block from, Value c, Block yes, Block no) {
          ir::Instruction br = instruction(Opcode::branch, Type::none, {c});
          const ir::Target targets[] = {{yes}, {no}};
          f.set_targets(br, targets);
          f.append(from, br);
        };
        branch(b,
               f.append(b, instruction(Opcode::icmp, Type::i32, {v[0], constant(f, b, Type::i64, 0)}, 0,
                                       static_cast<uint8_t>(Condition::eq))),
               done, step);
        const Value sum = f.append(done, instruction(Opcode::iadd, Type::i64, {v[1], v[count - 1]}));
        append_return(f, done, {&sum, 1});
        std::vector<Value> next = v;
        next[1] = f.append(step, instruction(Opcode::iadd, Type::i64, {v[1], v[0]}));
        next[0] = f.append(step, instruction(Opcode::isub, Type::i64, {v[0], constant(f, step, Type::i64, 1)}));
        const Value bit = f.append(
            step, instruction(
                      Opcode::wrap, Type::i32,
                      {f.append(step, instruction(Opcode::iand, Type::i64, {v[0], constant(f, step, Type::i64, 1)}))}));
        branch(step, bit, odd, even);
        for (Block to : {odd, even}) {
          const uint32_t callee = number + (to == odd ? 0 : 1);
          std::vector<Value> arguments = next;
          if (kind == CalleeKind::reference) arguments.insert(arguments.begin(), function_reference(f, to, callee));
          append_call(f, to, Opcode::return_call, kind, callee, params, {Type::i64}, arguments);
        }
      });
    };
    const uint32_t by_import = build(CalleeKind::import);
    ASSERT_EQ(by_import, function);
    p.add_import(by_import, 0);
    p.add_import(by_import, 1);
    const uint32_t by_reference = build(CalleeKind::reference);
    for (uint32_t f : {by_import, by_reference}) {
      std::vector<ir::V128> arguments(count, slot_of<int64_t>(5));
      arguments[0] = slot_of<int64_t>(100001);
      arguments[1] = slot_of<int64_t>(1);
      p.call(f, arguments, [count](const Outcome& outcome) {
        ASSERT_FALSE(outcome.trap);
        const int64_t sum = int64_t{100001} * 100002 / 2 + 1;
        EXPECT_EQ(from_slot<int64_t>(outcome.values[0]), count == 2 ? 2 * sum : sum + 5);
      });
    }
  }
  p.run();
}

}  // namespace
}  // namespace cairn::rv64
