// Control flow, calls of all kinds, memory accesses and wide arithmetic: run on this machine.
#include <gtest/gtest.h>

#include <numeric>

#include "compiler/x64/execution.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using ir::CalleeKind;
using ir::Condition;
using ir::Opcode;
using wasm::TrapKind;

class X64Control : public ::testing::TestWithParam<int> {
 protected:
  static compiler::Options options() {
    compiler::Options options;
    if (GetParam() != 0) options.cpu = host_features();
    if (GetParam() == 2) options.register_limit = 3;
    return options;
  }
  Arena arena_{size_t{1} << 30};
};
INSTANTIATE_TEST_SUITE_P(Configurations, X64Control, ::testing::Values(0, 1, 2));

TEST_P(X64Control, LoopsPassParametersInParallel) {
  // fibonacci by swapping: loop(a, b, n): n == 0 ? a : loop(b, a + b, n - 1)
  Machine machine(options());
  FunctionBuilder f(arena_, {Type::i32}, {Type::i64, Type::i64});
  const ir::Block loop = f.function.create_block(), again = f.function.create_block(), done = f.function.create_block();
  f.function[loop].is_loop_header = true;
  f.function[loop].loop_depth = f.function[again].loop_depth = 1;
  f.control(Opcode::jump, Value::none(), {f.target(loop, {f.constant(Type::i64, 0), f.constant(Type::i64, 1), f.param(0)})});
  const Value a = f.function.append_param(loop, Type::i64), b = f.function.append_param(loop, Type::i64), n = f.function.append_param(loop, Type::i32);
  f.block = loop;
  f.control(Opcode::branch, n, {f.target(again), f.target(done)});
  f.block = again;
  const Value sum = f.op(Opcode::iadd, Type::i64, {a, b});
  f.control(Opcode::jump, Value::none(), {f.target(loop, {b, sum, f.op(Opcode::iadd, Type::i32, {n, f.constant(Type::i32, -1)})})});
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
  const ir::Block first = f.function.create_block(), second = f.function.create_block(), join = f.function.create_block();
  const Value x = f.param(1);
  const Value result = f.function.append_param(join, Type::i32);
  const Value ten = f.constant(Type::i32, 10), twenty = f.constant(Type::i32, 20);
  f.control(Opcode::br_table, f.param(0),
            {f.target(first), f.target(join, {ten}), f.target(second), f.target(join, {x}), f.target(first), f.target(join, {ten}), f.target(join, {twenty})});
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
  for (uint32_t i = 0; i < 8; ++i) EXPECT_EQ(machine.run(entry, 0, {Slot::of(i), Slot::of(77u)}, 1).results[0].as<uint32_t>(), expected[i]) << i;
  EXPECT_EQ(machine.run(entry, 0, {Slot::of(0xffffffffu), Slot::of(77u)}, 1).results[0].as<uint32_t>(), 20u);
}

TEST_P(X64Control, TrapsAndTheirPlaces) {
  Machine machine(options());
  FunctionBuilder f(arena_, {Type::i32, Type::f64}, {Type::i32});
  const Value large = f.op(Opcode::icmp, Type::i32, {f.param(0), f.constant(Type::i32, 100)}, static_cast<uint8_t>(Condition::ugt));
  const Value first = f.op(Opcode::trap_if, Type::none, {large}, static_cast<uint8_t>(TrapKind::out_of_bounds_table_access));
  const Value equal = f.op(Opcode::fcmp, Type::i32, {f.param(1), f.constant(Type::f64, 0)}, static_cast<uint8_t>(Condition::feq));
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

// Twelve integers, ten doubles, two vectors; as many results.
const std::vector<Type> kMany = [] {
  std::vector<Type> types;
  for (int i = 0; i < 12; ++i) {
    types.push_back(i % 2 == 0 ? Type::i64 : Type::i32);
    if (i < 10) types.push_back(i % 3 == 0 ? Type::f32 : Type::f64);
    if (i == 3 || i == 9) types.push_back(Type::v128);
  }
  return types;
}();

std::vector<Slot> many_values() {
  std::vector<Slot> slots;
  for (size_t i = 0; i < kMany.size(); ++i) {
    Slot slot;
    for (size_t k = 0; k < 16; ++k) slot.bytes[k] = static_cast<std::byte>(17 * i + k + 1);
    slots.push_back(slot);
  }
  return slots;
}
bool same(Type type, const Slot& a, const Slot& b) { return std::memcmp(a.bytes.data(), b.bytes.data(), ir::size_of(type)) == 0; }

// callee: returns its arguments in reverse; caller: calls it twice, which gives the arguments again.
void add_reverser(FunctionBuilder& f) {
  std::vector<Value> reversed;
  for (size_t i = kMany.size(); i-- > 0;) reversed.push_back(f.param(i));
  f.ret(reversed);
}

TEST_P(X64Control, CallsWithArgumentsAndResultsInMemory) {
  Machine machine(options());
  const std::vector<Type> reversed(kMany.rbegin(), kMany.rend());
  FunctionBuilder forward(arena_, kMany, reversed), backward(arena_, reversed, kMany), caller(arena_, kMany, kMany);
  add_reverser(forward);
  {
    std::vector<Value> values;
    for (size_t i = reversed.size(); i-- > 0;) values.push_back(backward.param(i));
    backward.ret(values);
  }
  forward.function.function_index = 0;
  backward.function.function_index = 1;
  caller.function.function_index = 2;
  const auto call = [&](uint32_t callee, const std::vector<Type>& results, const ir::Signature& signature, const std::vector<Value>& arguments) {
    ir::CallInfo info;
    info.callee = callee;
    info.signature = signature;
    const Value first = caller.call(info, arguments);
    std::vector<Value> values{first};
    for (size_t i = 1; i < results.size(); ++i) values.push_back(caller.result_of(first, results[i], static_cast<int64_t>(i)));
    return values;
  };
  const std::vector<Value> once = call(0, reversed, forward.function.signature, caller.values);
  const std::vector<Value> twice = call(1, kMany, backward.function.signature, once);
  caller.ret(twice);
  for (FunctionBuilder* f : {&forward, &backward, &caller}) machine.add(f->function);
  const size_t entry = machine.add_entry(caller.function.signature);
  const size_t forward_entry = machine.add_entry(forward.function.signature);
  machine.link();
  const std::vector<Slot> values = many_values();
  const Outcome straight = machine.run(forward_entry, 0, values, kMany.size());
  for (size_t i = 0; i < kMany.size(); ++i) EXPECT_TRUE(same(reversed[i], straight.results[i], values[kMany.size() - 1 - i])) << i;
  const Outcome outcome = machine.run(entry, 2, values, kMany.size());
  for (size_t i = 0; i < kMany.size(); ++i) EXPECT_TRUE(same(kMany[i], outcome.results[i], values[i])) << i;
}

struct HostCall {
  runtime::VMHostContext* self = nullptr;
  runtime::VMContext* caller = nullptr;
  std::vector<Slot> arguments;
  uint32_t status = 0;
} host_call;

uint32_t reverse_on_host(runtime::VMHostContext* self, runtime::VMContext* caller, std::byte* values) {
  host_call.self = self;
  host_call.caller = caller;
  auto* slots = reinterpret_cast<Slot*>(values);
  host_call.arguments.assign(slots, slots + kMany.size());
  std::reverse(slots, slots + kMany.size());
  return host_call.status;
}

void raise_trap(runtime::VMContext*, uint32_t code) { Machine::running->trap_now(static_cast<TrapKind>(code - 1)); }

void fill_import(Machine& machine, const void* code, runtime::VMContext* context) {
  runtime::VMFunctionImport import;
  import.code = code;
  import.context = context;
  std::memcpy(reinterpret_cast<std::byte*>(machine.vmctx()) + sizeof(runtime::VMContext), &import, sizeof import);
}

TEST_P(X64Control, HostFunctions) {
  Machine machine(options());
  const std::vector<Type> reversed(kMany.rbegin(), kMany.rend());
  FunctionBuilder caller(arena_, kMany, reversed);
  ir::CallInfo info;
  info.kind = CalleeKind::import;
  info.callee = 0;
  info.signature = caller.function.signature;
  const Value first = caller.call(info, caller.values);
  std::vector<Value> results{first};
  for (size_t i = 1; i < reversed.size(); ++i) results.push_back(caller.result_of(first, reversed[i], static_cast<int64_t>(i)));
  // The instance is its own again: a memory access.
  ir::MemoryAccess access;
  access.size = 8;
  access.can_fault = true;
  caller.access(Opcode::heap_store, Type::none, {caller.constant(Type::i32, 64), Value::none(), caller.param(0)}, access);
  caller.ret(results);
  machine.add(caller.function);
  const size_t entry = machine.add_entry(caller.function.signature);
  const size_t host = machine.add_host(caller.function.signature);
  machine.builtins_[static_cast<size_t>(runtime::Builtin::raise_trap)] = reinterpret_cast<const void*>(&raise_trap);
  machine.link();
  runtime::VMHostContext context;
  context.header = *machine.vmctx();
  context.header.memory0_base = nullptr;
  context.invoke = reverse_on_host;
  fill_import(machine, machine.address(host), &context.header);
  const std::vector<Slot> values = many_values();
  host_call.status = 0;
  const Outcome outcome = machine.run(entry, 0, values, kMany.size());
  ASSERT_FALSE(outcome.trap.has_value());
  EXPECT_EQ(host_call.self, &context);
  EXPECT_EQ(host_call.caller, machine.vmctx());
  for (size_t i = 0; i < kMany.size(); ++i) {
    EXPECT_TRUE(same(kMany[i], host_call.arguments[i], values[i])) << i;
    EXPECT_TRUE(same(reversed[i], outcome.results[i], values[kMany.size() - 1 - i])) << i;
  }
  EXPECT_EQ(std::memcmp(machine.memory() + 64, values[0].bytes.data(), 8), 0);
  EXPECT_NE(machine.store().exit_pc, nullptr);

  host_call.status = 1 + static_cast<uint32_t>(TrapKind::host_error);
  EXPECT_EQ(machine.run(entry, 0, values, kMany.size()).trap, TrapKind::host_error);
  // Little stack: the host is not called.
  host_call.status = 0;
  const std::byte* const limit = machine.store().stack_limit;
  machine.store().stack_limit = reinterpret_cast<const std::byte*>(~uintptr_t{0});
  EXPECT_EQ(machine.run(entry, 0, values, kMany.size()).trap, TrapKind::call_stack_exhausted);
  machine.store().stack_limit = limit;
  // Straight from the host.
  const Outcome direct = machine.run_code(entry, machine.address(host), &context.header, values, kMany.size());
  EXPECT_EQ(host_call.caller, nullptr);
  EXPECT_TRUE(same(reversed[0], direct.results[0], values.back()));
}

// f(reference, x): calls the reference with (x, 2 x); then adds the word in memory at 0.
void add_reference_caller(FunctionBuilder& f, const ir::Signature& callee) {
  ir::CallInfo info;
  info.kind = CalleeKind::reference;
  info.signature = callee;
  const Value doubled = f.op(Opcode::iadd, Type::i64, {f.param(1), f.param(1)});
  const Value result = f.call(info, {f.param(0), f.param(1), doubled});
  ir::MemoryAccess access;
  access.size = 8;
  access.can_fault = true;
  const Value word = f.access(Opcode::heap_load, Type::i64, {f.constant(Type::i32, 0), Value::none()}, access);
  const Value sum = f.op(Opcode::iadd, Type::i64, {result, word});
  f.ret({f.op(Opcode::iadd, Type::i64, {sum, f.param(1)})});
}
// g(a, b): 1000 a + b + the word in its instance's memory at 0
void add_callee(FunctionBuilder& g) {
  ir::MemoryAccess access;
  access.size = 8;
  access.can_fault = true;
  const Value word = g.access(Opcode::heap_load, Type::i64, {g.constant(Type::i32, 0), Value::none()}, access);
  const Value thousands = g.op(Opcode::imul, Type::i64, {g.param(0), g.constant(Type::i64, 1000)});
  g.ret({g.op(Opcode::iadd, Type::i64, {g.op(Opcode::iadd, Type::i64, {thousands, g.param(1)}), word})});
}

struct OtherInstance {
  explicit OtherInstance(Machine& machine, uint64_t word) {
    context = *machine.vmctx();
    memory.resize(64);
    memory[0] = word;
    context.memory0_base = reinterpret_cast<std::byte*>(memory.data());
  }
  runtime::VMContext context;
  std::vector<uint64_t> memory;
};

TEST_P(X64Control, References) {
  Machine machine(options());
  FunctionBuilder f(arena_, {Type::ref, Type::i64}, {Type::i64}), g(arena_, {Type::i64, Type::i64}, {Type::i64});
  add_callee(g);
  add_reference_caller(f, g.function.signature);
  g.function.function_index = 1;
  machine.add(f.function);
  machine.add(g.function);
  const size_t entry = machine.add_entry(f.function.signature);
  machine.link();
  const uint64_t word = 7;
  std::memcpy(machine.memory(), &word, 8);
  OtherInstance other(machine, 50000);
  runtime::VMFuncRef reference;
  reference.code = machine.address(machine.function_offset(1));
  reference.context = machine.vmctx();
  const auto run = [&](const runtime::VMFuncRef* r) { return machine.run(entry, 0, {Slot::of(r), Slot::of(uint64_t{3})}, 1); };
  EXPECT_EQ(run(&reference).results[0].as<uint64_t>(), 3000u + 6 + 7 + 7 + 3);
  reference.context = &other.context;
  EXPECT_EQ(run(&reference).results[0].as<uint64_t>(), 3000u + 6 + 50000 + 7 + 3);
  EXPECT_EQ(run(nullptr).trap, TrapKind::null_function_reference);
}

// Bounces between two instances by tail calls: f(reference to other, reference to self, n, extra...) counts down and adds
// up the words of the memories it has run in. `wide` passes many stack arguments on every other hop.
TEST_P(X64Control, TailCallsBetweenInstancesRunInConstantStack) {
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
      // `to` is entered through the first reference, or the import.
      const auto body = [&](FunctionBuilder& from, FunctionBuilder& to) {
        ir::MemoryAccess access;
        access.size = 8;
        access.can_fault = true;
        const Value word = from.access(Opcode::heap_load, Type::i64, {from.constant(Type::i32, 0), Value::none()}, access);
        Value sum = from.op(Opcode::iadd, Type::i64, {from.param(3), word});
        for (size_t i = 4; i < from.values.size(); ++i) sum = from.op(Opcode::iadd, Type::i64, {sum, from.param(i)});
        const ir::Block more = from.function.create_block(), done = from.function.create_block();
        const Value zero = from.op(Opcode::icmp, Type::i32, {from.param(2), from.constant(Type::i64, 0)}, static_cast<uint8_t>(Condition::ne));
        from.control(Opcode::branch, zero, {from.target(more), from.target(done)});
        from.block = more;
        const Value n = from.op(Opcode::iadd, Type::i64, {from.param(2), from.constant(Type::i64, -1)});
        std::vector<Value> arguments;
        if (kind == CalleeKind::reference) arguments.push_back(from.param(0));
        arguments.insert(arguments.end(), {from.param(1), from.param(0), n, sum});
        for (size_t i = 4; i < to.values.size(); ++i) arguments.push_back(from.constant(Type::i64, static_cast<int64_t>(i) << 32));
        ir::CallInfo info;
        info.kind = kind;
        info.signature = to.function.signature;
        from.call(info, arguments, Opcode::return_call);
        from.block = done;
        from.ret({sum});
      };
      body(f, g);
      body(g, f);
      // A caller with its own state: h(...) = f(...) + the word, doubled.
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
        // Room for the import behind the header.
        struct {
          runtime::VMContext header;
          runtime::VMFunctionImport import;
        } context{other.context, {}};
        runtime::VMContext* const second = same_instance ? machine.vmctx() : &context.header;
        runtime::VMFuncRef to_g, to_f;
        to_g.code = machine.address(machine.function_offset(1));
        to_g.context = second;
        to_f.code = machine.address(machine.function_offset(0));
        to_f.context = machine.vmctx();
        if (kind == CalleeKind::import) {
          if (same_instance) continue;  // one import slot cannot lead to both
          context.import.code = to_f.code;
          context.import.context = machine.vmctx();
          fill_import(machine, to_g.code, second);
        }
        const uint64_t hops = 100000;
        const Outcome outcome = machine.run(entry, 2, {Slot::of(&to_g), Slot::of(&to_f), Slot::of(hops), Slot::of(uint64_t{0})}, 1);
        ASSERT_FALSE(outcome.trap.has_value()) << static_cast<int>(*outcome.trap);
        uint64_t expected = own_word + hops;  // by h
        for (uint64_t hop = 0; hop <= hops; ++hop) {
          const bool in_g = hop % 2 == 1;
          expected += in_g && !same_instance ? 1000000 : own_word;
          if (in_g)
            for (uint64_t i = 4; i < wide.size(); ++i) expected += i << 32;
        }
        EXPECT_EQ(outcome.results[0].as<uint64_t>(), expected) << stack_arguments << (same_instance ? " same" : " other");
      }
    }
  }
}

TEST_P(X64Control, DirectTailCallsGrowAndShrinkTheArgumentArea) {
  Machine machine(options());
  // f(n, sum) -> g(n, sum, 1..20) -> f(n - 1, sum + 1 + ... + 20)
  std::vector<Type> wide(22, Type::i64);
  FunctionBuilder f(arena_, {Type::i64, Type::i64}, {Type::i64}), g(arena_, wide, {Type::i64});
  f.function.function_index = 0;
  g.function.function_index = 1;
  {
    const ir::Block more = f.function.create_block(), done = f.function.create_block();
    const Value test = f.op(Opcode::icmp, Type::i32, {f.param(0), f.constant(Type::i64, 0)}, static_cast<uint8_t>(Condition::ne));
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

TEST_P(X64Control, StackOverflowIsATrap) {
  Machine machine(options());
  FunctionBuilder f(arena_, {Type::i64}, {Type::i64});
  ir::CallInfo info;
  info.signature = f.function.signature;
  const Value inner = f.call(info, {f.op(Opcode::iadd, Type::i64, {f.param(0), f.constant(Type::i64, 1)})});
  f.ret({f.op(Opcode::iadd, Type::i64, {inner, f.param(0)})});
  machine.add(f.function);
  // A frame of more than five pages: 700 vectors live at once.
  FunctionBuilder g(arena_, {Type::v128}, {Type::v128});
  g.function.function_index = 1;
  std::vector<Value> values{g.param(0)};
  for (int i = 0; i < 1500; ++i)
    values.push_back(g.op(Opcode::simd_binary, Type::v128, {values.back(), g.param(0)}, 0, static_cast<int64_t>(ir::SimdOp::i32x4_add)));
  ir::CallInfo self;
  self.callee = 1;
  self.signature = g.function.signature;
  const ir::Block deeper = g.function.create_block(), done = g.function.create_block();
  const Value any = g.op(Opcode::simd_unary, Type::i32, {g.param(0)}, 0, static_cast<int64_t>(ir::SimdOp::v128_any_true));
  g.control(Opcode::branch, any, {g.target(deeper), g.target(done)});
  g.block = deeper;
  Value sum = g.call(self, {values.back()});
  for (const Value value : values) sum = g.op(Opcode::simd_binary, Type::v128, {sum, value}, 0, static_cast<int64_t>(ir::SimdOp::v128_xor));
  g.ret({sum});
  g.block = done;
  g.ret({g.param(0)});
  machine.add(g.function);
  const size_t entry = machine.add_entry(f.function.signature), vector_entry = machine.add_entry(g.function.signature);
  machine.link();
  EXPECT_EQ(machine.run(entry, 0, {Slot::of(uint64_t{0})}, 1).trap, TrapKind::call_stack_exhausted);
  V128 v{};
  EXPECT_EQ(machine.run(vector_entry, 1, {Slot::of(v)}, 1).results[0].as<V128>(), v);
  v[0] = std::byte{1};
  EXPECT_EQ(machine.run(vector_entry, 1, {Slot::of(v)}, 1).trap, TrapKind::call_stack_exhausted);
}

TEST_P(X64Control, WideArithmetic) {
  Machine machine(options());
  const std::vector<Type> four(4, Type::i64), two(2, Type::i64);
  const auto build = [&](uint32_t index, Opcode opcode, std::vector<unsigned> operands) {
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
          ASSERT_TRUE(run(5) == static_cast<U>(static_cast<__int128>(static_cast<int64_t>(a)) * static_cast<int64_t>(c)));
          ASSERT_TRUE(run(6) == static_cast<U>(static_cast<__int128>(static_cast<int64_t>(b)) * static_cast<int64_t>(b)));
        }
}

TEST_P(X64Control, AddressesWrapAtThirtyTwoBitsOnly) {
  Machine machine(options());
  ir::MemoryAccess access;
  access.size = 4;
  access.can_fault = true;
  // f(x): load32 at wrap(x + 16) + 8, at (x & 0xff) * 4 + 4, and at 64-bit uextend(x) + 24
  FunctionBuilder f(arena_, {Type::i32}, {Type::i32, Type::i32, Type::i32});
  access.offset = 8;
  const Value sum = f.op(Opcode::iadd, Type::i32, {f.param(0), f.constant(Type::i32, 16)});
  const Value first = f.access(Opcode::heap_load, Type::i32, {sum, Value::none()}, access);
  access.offset = 0;
  const Value masked = f.op(Opcode::iand, Type::i32, {f.param(0), f.constant(Type::i32, 0xff)});
  const Value scaled = f.op(Opcode::ishl, Type::i32, {masked, f.constant(Type::i32, 2)});
  const Value bounded = f.op(Opcode::iadd, Type::i32, {scaled, f.constant(Type::i32, 4)});
  const Value second = f.access(Opcode::heap_load, Type::i32, {bounded, Value::none()}, access);
  // 64 bits: never wraps.
  const Value wide = f.op(Opcode::uextend, Type::i64, {f.op(Opcode::iand, Type::i32, {f.param(0), f.constant(Type::i32, 0xfff0)})});
  const Value third_address = f.op(Opcode::iadd, Type::i64, {wide, f.constant(Type::i64, 24)});
  const Value third = f.access(Opcode::heap_load, Type::i32, {third_address, Value::none()}, access);
  f.ret({first, second, third});
  machine.add(f.function);
  // g(x): store with an offset beyond 2 GiB; h: read-modify-write.
  FunctionBuilder g(arena_, {Type::i32}, {Type::i32});
  g.function.function_index = 1;
  access.offset = 0xffff'fff0;
  g.ret({g.access(Opcode::heap_load, Type::i32, {g.param(0), Value::none()}, access)});
  machine.add(g.function);
  FunctionBuilder h(arena_, {Type::i32, Type::i32}, {Type::i32});
  h.function.function_index = 2;
  access.offset = 12;
  for (const Opcode op : {Opcode::iadd, Opcode::ixor, Opcode::isub, Opcode::ior, Opcode::iand}) {
    for (const bool constant : {false, true}) {
      const Value old = h.access(Opcode::heap_load, Type::i32, {h.param(0), Value::none()}, access);
      const Value changed = h.op(op, Type::i32, {old, constant ? h.constant(Type::i32, 0x1234567) : h.param(1)});
      h.access(Opcode::heap_store, Type::none, {h.param(0), Value::none(), changed}, access);
    }
  }
  h.ret({h.access(Opcode::heap_load, Type::i32, {h.param(0), Value::none()}, access)});
  machine.add(h.function);
  const size_t entry = machine.add_entry(f.function.signature), entry_g = machine.add_entry(g.function.signature), entry_h = machine.add_entry(h.function.signature);
  machine.link();
  auto* words = reinterpret_cast<uint32_t*>(machine.memory());
  for (uint32_t i = 0; i < Machine::kMemoryBytes / 4; ++i) words[i] = i * 3 + 1;
  const auto word = [&](uint32_t address) { return words[address / 4]; };
  for (const uint32_t x : {0u, 4u, 100u, 1000u, 0xfffffff0u, 0xfffffffcu}) {
    const Outcome outcome = machine.run(entry, 0, {Slot::of(x)}, 3);
    if ((x & 0xfff0) + 28 > Machine::kMemoryBytes) {
      EXPECT_EQ(outcome.trap, TrapKind::out_of_bounds_memory_access);
      continue;
    }
    ASSERT_FALSE(outcome.trap.has_value());
    EXPECT_EQ(outcome.results[0].as<uint32_t>(), word(x + 16 + 8));
    EXPECT_EQ(outcome.results[1].as<uint32_t>(), word((x & 0xff) * 4 + 4));
    EXPECT_EQ(outcome.results[2].as<uint32_t>(), word((x & 0xfff0) + 24));
  }
  EXPECT_EQ(machine.run(entry_g, 1, {Slot::of(0u)}, 1).trap, TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(machine.run(entry_g, 1, {Slot::of(100u)}, 1).trap, TrapKind::out_of_bounds_memory_access);
  uint32_t expected = words[3];
  const uint32_t y = 0x8badf00d;
  for (const uint32_t with : {y, 0x1234567u}) expected += with;
  for (const uint32_t with : {y, 0x1234567u}) expected ^= with;
  for (const uint32_t with : {y, 0x1234567u}) expected -= with;
  for (const uint32_t with : {y, 0x1234567u}) expected |= with;
  for (const uint32_t with : {y, 0x1234567u}) expected &= with;
  EXPECT_EQ(machine.run(entry_h, 2, {Slot::of(0u), Slot::of(y)}, 1).results[0].as<uint32_t>(), expected);
}

// Every width and extension, of loads and stores.
TEST_P(X64Control, LoadsAndStores) {
  Machine machine(options());
  uint32_t index = 0;
  const uint64_t content = 0x8182'8384'8586'8788;
  struct Check {
    uint32_t index;
    size_t entry;
    uint64_t expected;
    bool store;
    unsigned size;
  };
  std::vector<Check> checks;
  for (const Type type : {Type::i32, Type::i64, Type::f32, Type::f64}) {
    for (const uint8_t size : {uint8_t{1}, uint8_t{2}, uint8_t{4}, uint8_t{8}}) {
      if (size > ir::size_of(type) || (ir::is_float(type) && size != ir::size_of(type))) continue;
      for (const ir::Extension extension : {ir::Extension::none, ir::Extension::sign, ir::Extension::zero}) {
        if ((size == ir::size_of(type)) != (extension == ir::Extension::none)) continue;
        ir::MemoryAccess access{.offset = 5, .size = size, .extension = extension, .can_fault = true};
        FunctionBuilder f(arena_, {Type::i32}, {type});
        f.function.function_index = index;
        f.ret({f.access(Opcode::heap_load, type, {f.param(0), Value::none()}, access)});
        machine.add(f.function);
        uint64_t expected = size == 8 ? content : content & ((uint64_t{1} << (8 * size)) - 1);
        if (extension == ir::Extension::sign) expected = static_cast<uint64_t>(static_cast<int64_t>(expected << (64 - 8 * size)) >> (64 - 8 * size));
        if (ir::size_of(type) == 4) expected = static_cast<uint32_t>(expected);
        checks.push_back({index++, machine.add_entry(f.function.signature), expected, false, ir::size_of(type)});
      }
      ir::MemoryAccess access{.offset = 5, .size = size, .can_fault = true};
      FunctionBuilder s(arena_, {Type::i32, type}, {});
      s.function.function_index = index;
      s.access(Opcode::heap_store, Type::none, {s.param(0), Value::none(), s.param(1)}, access);
      s.ret({});
      machine.add(s.function);
      checks.push_back({index++, machine.add_entry(s.function.signature), 0, true, size});
      for (const int64_t constant : {int64_t{0}, int64_t{-2}, int64_t{0x7f12345678}}) {
        FunctionBuilder c(arena_, {Type::i32}, {});
        c.function.function_index = index;
        c.access(Opcode::heap_store, Type::none, {c.param(0), Value::none(), c.constant(type, ir::size_of(type) == 4 ? int64_t{static_cast<int32_t>(constant)} : constant)}, access);
        c.ret({});
        machine.add(c.function);
        const size_t entry = machine.add_entry(c.function.signature);
        checks.push_back({index++, entry, static_cast<uint64_t>(constant), true, size | 0x100u});
      }
    }
  }
  machine.link();
  for (const Check& check : checks) {
    std::memcpy(machine.memory() + 1005, &content, 8);
    const uint64_t value = 0x1112131415161718;
    const Outcome outcome = machine.run(check.entry, check.index, {Slot::of(1000u), Slot::of(value)}, check.store ? 0 : 1);
    ASSERT_FALSE(outcome.trap.has_value());
    if (!check.store) {
      uint64_t got = 0;
      std::memcpy(&got, outcome.results[0].bytes.data(), check.size);
      EXPECT_EQ(got, check.expected) << check.index;
    } else {
      uint64_t expected = content, got = 0;
      const uint64_t stored = (check.size & 0x100) != 0 ? check.expected : value;
      std::memcpy(&expected, &stored, check.size & 0xff);
      std::memcpy(&got, machine.memory() + 1005, 8);
      EXPECT_EQ(got, expected) << check.index;
    }
    EXPECT_EQ(machine.run(check.entry, check.index, {Slot::of(0x10000u), Slot::of(value)}, 0).trap, TrapKind::out_of_bounds_memory_access);
  }
}

uint32_t add_builtin(runtime::VMContext* context, uint32_t a, uint32_t b, uint64_t c, uint64_t d, uint64_t e) {
  // Garbage above the 32-bit result.
  uint64_t result = (reinterpret_cast<uintptr_t>(context) << 32 | 0xffffffff00000000) + static_cast<uint32_t>(a + 2 * b + 3 * c + 4 * d + 5 * e);
  asm volatile("" : "+a"(result));
  return static_cast<uint32_t>(result);
}

TEST_P(X64Control, Builtins) {
  Machine machine(options());
  const std::vector<Type> params = {Type::i32, Type::i32, Type::i64, Type::i64, Type::i64}, results = {Type::i32};
  FunctionBuilder f(arena_, params, {Type::i64, Type::i64});
  ir::CallInfo info;
  info.kind = CalleeKind::builtin;
  info.callee = static_cast<uint32_t>(runtime::Builtin::memory_copy);
  info.signature = {params, results};
  const Value status = f.call(info, f.values);
  f.ret({f.op(Opcode::uextend, Type::i64, {status}), f.param(4)});
  machine.add(f.function);
  const size_t entry = machine.add_entry(f.function.signature);
  machine.builtins_[static_cast<size_t>(runtime::Builtin::memory_copy)] = reinterpret_cast<const void*>(&add_builtin);
  machine.link();
  const Outcome outcome = machine.run(entry, 0, {Slot::of(1u), Slot::of(10u), Slot::of(uint64_t{100}), Slot::of(uint64_t{1000}), Slot::of(uint64_t{10000})}, 2);
  EXPECT_EQ(outcome.results[0].as<uint64_t>(), 1u + 20 + 300 + 4000 + 50000);
  EXPECT_EQ(outcome.results[1].as<uint64_t>(), 10000u);
}

// An i64 whose upper half is garbage, wrapped, is an i32 everywhere.
TEST_P(X64Control, WrappedValuesHaveZerosAbove) {
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
  f.ret({f.op(Opcode::uextend, Type::i64, {sum}), f.op(Opcode::uextend, Type::i64, {selected}), f.op(Opcode::uextend, Type::i64, {param}), wrapped});
  machine.add(f.function);
  const size_t entry = machine.add_entry(f.function.signature);
  machine.link();
  const Outcome outcome = machine.run(entry, 0, {Slot::of(uint64_t{0xdeadbeef'fffffff0}), Slot::of(uint64_t{0x1111111100000020})}, 4);
  EXPECT_EQ(outcome.results[0].as<uint64_t>(), 0x10u);
  EXPECT_EQ(outcome.results[1].as<uint64_t>(), 0xfffffff0u);
  EXPECT_EQ(outcome.results[2].as<uint64_t>(), 0xfffffff0u);
  EXPECT_EQ(outcome.results[3].as<uint64_t>(), 0xfffffff0u);
}

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
