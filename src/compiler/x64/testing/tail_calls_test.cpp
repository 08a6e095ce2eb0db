// Runs tail calls on this machine.
#include <gtest/gtest.h>

#include "compiler/x64/testing/calls.hpp"
#include "compiler/x64/testing/configured_test.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using ir::CalleeKind;
using ir::Condition;
using ir::Opcode;

class X64TailCalls : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Configurations, X64TailCalls, kConfigurations);

// f(reference to g, reference to f, n, sum) and g tail-call each other between two instances. They count n down, and
// add the words at 0 of their memories to sum. If `stack_arguments` is not 0, g has further parameters, of which that
// number is on the stack, and adds these as well.
TEST_P(X64TailCalls, TailCallsBetweenInstancesRunInConstantStack) {
  for (const CalleeKind kind : {CalleeKind::reference, CalleeKind::import}) {
    for (const unsigned stack_arguments : {0u, 1u, 6u}) {
      Machine machine(options());
      std::vector<Type> narrow = {Type::ref, Type::ref, Type::i64, Type::i64};
      std::vector<Type> wide = narrow;
      for (unsigned i = 0; i < 4 + stack_arguments; ++i) wide.push_back(Type::i64);
      if (stack_arguments == 0) wide = narrow;
      FunctionBuilder f(arena_, narrow, {Type::i64}), g(arena_, wide, {Type::i64});
      f.function.function_index = 0;
      g.function.function_index = 1;
      // `from` tail-calls `to` through its first parameter or through the import.
      const auto body = [&](FunctionBuilder& from, FunctionBuilder& to) {
        ir::MemoryAccess access;
        access.size = 8;
        access.can_fault = true;
        const Value word =
            from.access(Opcode::heap_load, Type::i64, {from.constant(Type::i32, 0), Value::none()}, access);
        Value sum = from.op(Opcode::iadd, Type::i64, {from.param(3), word});
        for (size_t i = 4; i < from.values.size(); ++i) sum = from.op(Opcode::iadd, Type::i64, {sum, from.param(i)});
        const ir::Block more = from.function.create_block(), done = from.function.create_block();
        const Value not_zero = from.op(Opcode::icmp, Type::i32, {from.param(2), from.constant(Type::i64, 0)},
                                       static_cast<uint8_t>(Condition::ne));
        from.control(Opcode::branch, not_zero, {from.target(more), from.target(done)});
        from.block = more;
        const Value n = from.op(Opcode::iadd, Type::i64, {from.param(2), from.constant(Type::i64, -1)});
        std::vector<Value> arguments;
        if (kind == CalleeKind::reference) arguments.push_back(from.param(0));
        arguments.insert(arguments.end(), {from.param(1), from.param(0), n, sum});
        for (size_t i = 4; i < to.values.size(); ++i)
          arguments.push_back(from.constant(Type::i64, static_cast<int64_t>(i) << 32));
        ir::CallInfo info;
        info.kind = kind;
        info.signature = to.function.signature;
        from.call(info, arguments, Opcode::return_call);
        from.block = done;
        from.ret({sum});
      };
      body(f, g);
      body(g, f);
      // h calls f with its own arguments. It returns the result, plus the word at 0, plus n, which lives across the
      // call.
      FunctionBuilder h(arena_, narrow, {Type::i64});
      h.function.function_index = 2;
      ir::CallInfo info;
      info.signature = f.function.signature;
      info.callee = 0;
      const Value result = h.call(info, h.values);
      ir::MemoryAccess access;
      access.size = 8;
      access.can_fault = true;
      const Value word = h.access(Opcode::heap_load, Type::i64, {h.constant(Type::i32, 0), Value::none()}, access);
      h.ret({h.op(Opcode::iadd, Type::i64, {h.op(Opcode::iadd, Type::i64, {result, word}), h.param(2)})});
      for (FunctionBuilder* function : {&f, &g, &h}) machine.add(function->function);
      const size_t entry = machine.add_entry(h.function.signature);
      const size_t restore = machine.add_restore();
      machine.link();
      machine.vmctx()->tail_call_restore = machine.address(restore);
      const uint64_t own_word = 1;
      std::memcpy(machine.memory(), &own_word, 8);
      for (const bool same_instance : {false, true}) {
        OtherInstance other(machine, 1000000);
        // The second instance's context has its import after the header.
        struct {
          abi::VMContext header;
          abi::VMFunctionImport import;
        } context{other.context, {}};
        abi::VMContext* const second = same_instance ? machine.vmctx() : &context.header;
        abi::VMFuncRef to_g, to_f;
        to_g.code = machine.address(machine.function_offset(1));
        to_g.context = second;
        to_f.code = machine.address(machine.function_offset(0));
        to_f.context = machine.vmctx();
        if (kind == CalleeKind::import) {
          if (same_instance) continue;  // the only import of an instance cannot lead to both functions
          context.import.code = to_f.code;
          context.import.context = machine.vmctx();
          fill_import(machine, to_g.code, second);
        }
        const uint64_t hops = 100000;
        const Outcome outcome =
            machine.run(entry, 2, {Slot::of(&to_g), Slot::of(&to_f), Slot::of(hops), Slot::of(uint64_t{0})}, 1);
        ASSERT_FALSE(outcome.trap.has_value()) << static_cast<int>(*outcome.trap);
        uint64_t expected = own_word + hops;  // the word and n, which h adds
        for (uint64_t hop = 0; hop <= hops; ++hop) {
          const bool in_g = hop % 2 == 1;
          expected += in_g && !same_instance ? 1000000 : own_word;
          if (in_g)
            for (uint64_t i = 4; i < wide.size(); ++i) expected += i << 32;
        }
        EXPECT_EQ(outcome.results[0].as<uint64_t>(), expected)
            << stack_arguments << (same_instance ? " same" : " other");
      }
    }
  }
}

TEST_P(X64TailCalls, DirectTailCallsGrowAndShrinkTheArgumentArea) {
  Machine machine(options());
  // f(n, sum) calls g(n, sum, 1..20), which calls f(n - 1, sum + 1 + ... + 20).
  std::vector<Type> wide(22, Type::i64);
  FunctionBuilder f(arena_, {Type::i64, Type::i64}, {Type::i64}), g(arena_, wide, {Type::i64});
  f.function.function_index = 0;
  g.function.function_index = 1;
  {
    const ir::Block more = f.function.create_block(), done = f.function.create_block();
    const Value test =
        f.op(Opcode::icmp, Type::i32, {f.param(0), f.constant(Type::i64, 0)}, static_cast<uint8_t>(Condition::ne));
    f.control(Opcode::branch, test, {f.target(more), f.target(done)});
    f.block = more;
    std::vector<Value> arguments{f.param(0), f.param(1)};
    for (int i = 1; i <= 20; ++i) arguments.push_back(f.constant(Type::i64, i));
    ir::CallInfo info;
    info.callee = 1;
    info.signature = g.function.signature;
    f.call(info, arguments, Opcode::return_call);
    f.block = done;
    f.ret({f.param(1)});
  }
  {
    Value sum = g.param(1);
    for (size_t i = 2; i < 22; ++i) sum = g.op(Opcode::iadd, Type::i64, {sum, g.param(i)});
    ir::CallInfo info;
    info.callee = 0;
    info.signature = f.function.signature;
    g.call(info, {g.op(Opcode::iadd, Type::i64, {g.param(0), g.constant(Type::i64, -1)}), sum}, Opcode::return_call);
  }
  machine.add(f.function);
  machine.add(g.function);
  const size_t entry = machine.add_entry(f.function.signature);
  machine.link();
  const Outcome outcome = machine.run(entry, 0, {Slot::of(uint64_t{100000}), Slot::of(uint64_t{5})}, 1);
  ASSERT_FALSE(outcome.trap.has_value());
  EXPECT_EQ(outcome.results[0].as<uint64_t>(), 5u + 210 * 100000ull);
}

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
