// Runs calls of all kinds except tail calls on this machine.
#include "compiler/x64/testing/calls.hpp"

#include <gtest/gtest.h>

#include "compiler/x64/testing/configured_test.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using ir::CalleeKind;
using ir::Opcode;
using wasm::TrapKind;

class X64Calls : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Configurations, X64Calls, kConfigurations);

// The types of parameters and results, which tests use in this order or in reverse: twelve integers, ten floats and two
// vectors.
const std::vector<Type> kMany = [] {
  std::vector<Type> types;
  for (int i = 0; i < 12; ++i) {
    types.push_back(i % 2 == 0 ? Type::i64 : Type::i32);
    if (i < 10) types.push_back(i % 3 == 0 ? Type::f32 : Type::f64);
    if (i == 3 || i == 9) types.push_back(Type::v128);
  }
  return types;
}();

// Returns values for kMany. The bytes of each slot differ from those of the other slots.
std::vector<Slot> many_values() {
  std::vector<Slot> slots;
  for (size_t i = 0; i < kMany.size(); ++i) {
    Slot slot;
    for (size_t k = 0; k < 16; ++k) slot.bytes[k] = static_cast<std::byte>(17 * i + k + 1);
    slots.push_back(slot);
  }
  return slots;
}
// Whether two values of the type are equal. The bytes after the value do not count.
bool same(Type type, const Slot& a, const Slot& b) {
  return std::memcmp(a.bytes.data(), b.bytes.data(), ir::size_of(type)) == 0;
}

// Builds the body of `f`, which returns its arguments in reverse order.
void add_reverser(FunctionBuilder& f) {
  std::vector<Value> reversed;
  for (size_t i = kMany.size(); i-- > 0;) reversed.push_back(f.param(i));
  f.ret(reversed);
}

// The caller passes its arguments to a function that reverses their order, and the results to another one that reverses
// the order again. So the caller's results equal its arguments.
TEST_P(X64Calls, CallsWithArgumentsAndResultsInMemory) {
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
  const auto call = [&](uint32_t callee, const std::vector<Type>& results, const ir::Signature& signature,
                        const std::vector<Value>& arguments) {
    ir::CallInfo info;
    info.callee = callee;
    info.signature = signature;
    const Value first = caller.call(info, arguments);
    std::vector<Value> values{first};
    for (size_t i = 1; i < results.size(); ++i)
      values.push_back(caller.result_of(first, results[i], static_cast<int64_t>(i)));
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
  for (size_t i = 0; i < kMany.size(); ++i)
    EXPECT_TRUE(same(reversed[i], straight.results[i], values[kMany.size() - 1 - i])) << i;
  const Outcome outcome = machine.run(entry, 2, values, kMany.size());
  for (size_t i = 0; i < kMany.size(); ++i) EXPECT_TRUE(same(kMany[i], outcome.results[i], values[i])) << i;
}

// The latest call of reverse_on_host(), and the status that it returns.
struct HostCall {
  abi::VMHostContext* self = nullptr;
  abi::VMContext* caller = nullptr;
  std::vector<Slot> arguments;
  uint32_t status = 0;
} host_call;

uint32_t reverse_on_host(abi::VMHostContext* self, abi::VMContext* caller, std::byte* values) {
  host_call.self = self;
  host_call.caller = caller;
  auto* slots = reinterpret_cast<Slot*>(values);
  host_call.arguments.assign(slots, slots + kMany.size());
  std::reverse(slots, slots + kMany.size());
  return host_call.status;
}

// The builtin raise_trap, whose argument is 1 + the kind of the trap.
void raise_trap(abi::VMContext*, uint32_t code) { Machine::running->trap_now(static_cast<TrapKind>(code - 1)); }

// A guest function calls an imported host function, which reverses its arguments. The call returns, raises a trap, or
// finds too little stack. At the end, the entry trampoline calls the host function directly.
TEST_P(X64Calls, HostFunctions) {
  Machine machine(options());
  const std::vector<Type> reversed(kMany.rbegin(), kMany.rend());
  FunctionBuilder caller(arena_, kMany, reversed);
  ir::CallInfo info;
  info.kind = CalleeKind::import;
  info.callee = 0;
  info.signature = caller.function.signature;
  const Value first = caller.call(info, caller.values);
  std::vector<Value> results{first};
  for (size_t i = 1; i < reversed.size(); ++i)
    results.push_back(caller.result_of(first, reversed[i], static_cast<int64_t>(i)));
  // A store shows that the memory base is the caller's own again.
  ir::MemoryAccess access;
  access.size = 8;
  access.can_fault = true;
  caller.access(Opcode::heap_store, Type::none, {caller.constant(Type::i32, 64), Value::none(), caller.param(0)},
                access);
  caller.ret(results);
  machine.add(caller.function);
  const size_t entry = machine.add_entry(caller.function.signature);
  const size_t host = machine.add_host(caller.function.signature);
  machine.builtins_[static_cast<size_t>(abi::Builtin::raise_trap)] = reinterpret_cast<const void*>(&raise_trap);
  machine.link();
  abi::VMHostContext context;
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
  // If there is too little stack, the host is not called.
  host_call.status = 0;
  const std::byte* const limit = machine.store().stack_limit;
  machine.store().stack_limit = reinterpret_cast<const std::byte*>(~uintptr_t{0});
  EXPECT_EQ(machine.run(entry, 0, values, kMany.size()).trap, TrapKind::call_stack_exhausted);
  machine.store().stack_limit = limit;
  // The entry trampoline may call the host trampoline directly, without a guest in between.
  const Outcome direct = machine.run_code(entry, machine.address(host), &context.header, values, kMany.size());
  EXPECT_EQ(host_call.caller, nullptr);
  EXPECT_TRUE(same(reversed[0], direct.results[0], values.back()));
}

// Builds f(reference, x), which calls the reference with (x, 2 x), then adds the word at 0 in memory and x.
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
// Builds g(a, b), which returns 1000 a + b + the word at 0 in its instance's memory.
void add_callee(FunctionBuilder& g) {
  ir::MemoryAccess access;
  access.size = 8;
  access.can_fault = true;
  const Value word = g.access(Opcode::heap_load, Type::i64, {g.constant(Type::i32, 0), Value::none()}, access);
  const Value thousands = g.op(Opcode::imul, Type::i64, {g.param(0), g.constant(Type::i64, 1000)});
  g.ret({g.op(Opcode::iadd, Type::i64, {g.op(Opcode::iadd, Type::i64, {thousands, g.param(1)}), word})});
}

TEST_P(X64Calls, References) {
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
  abi::VMFuncRef reference;
  reference.code = machine.address(machine.function_offset(1));
  reference.context = machine.vmctx();
  const auto run = [&](const abi::VMFuncRef* r) {
    return machine.run(entry, 0, {Slot::of(r), Slot::of(uint64_t{3})}, 1);
  };
  EXPECT_EQ(run(&reference).results[0].as<uint64_t>(), 3000u + 6 + 7 + 7 + 3);
  reference.context = &other.context;
  EXPECT_EQ(run(&reference).results[0].as<uint64_t>(), 3000u + 6 + 50000 + 7 + 3);
  EXPECT_EQ(run(nullptr).trap, TrapKind::null_function_reference);
}

TEST_P(X64Calls, StackOverflowIsATrap) {
  Machine machine(options());
  FunctionBuilder f(arena_, {Type::i64}, {Type::i64});
  ir::CallInfo info;
  info.signature = f.function.signature;
  const Value inner = f.call(info, {f.op(Opcode::iadd, Type::i64, {f.param(0), f.constant(Type::i64, 1)})});
  f.ret({f.op(Opcode::iadd, Type::i64, {inner, f.param(0)})});
  machine.add(f.function);
  // The 1500 vectors are live at the same time, so the frame has more than five pages.
  FunctionBuilder g(arena_, {Type::v128}, {Type::v128});
  g.function.function_index = 1;
  std::vector<Value> values{g.param(0)};
  for (int i = 0; i < 1500; ++i)
    values.push_back(g.op(Opcode::simd_binary, Type::v128, {values.back(), g.param(0)}, 0,
                          static_cast<int64_t>(ir::SimdOp::i32x4_add)));
  ir::CallInfo self;
  self.callee = 1;
  self.signature = g.function.signature;
  const ir::Block deeper = g.function.create_block(), done = g.function.create_block();
  const Value any =
      g.op(Opcode::simd_unary, Type::i32, {g.param(0)}, 0, static_cast<int64_t>(ir::SimdOp::v128_any_true));
  g.control(Opcode::branch, any, {g.target(deeper), g.target(done)});
  g.block = deeper;
  Value sum = g.call(self, {values.back()});
  for (const Value value : values)
    sum = g.op(Opcode::simd_binary, Type::v128, {sum, value}, 0, static_cast<int64_t>(ir::SimdOp::v128_xor));
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

// The test calls this function as if it were the builtin memory_copy, whose C signature it has.
uint32_t add_builtin(abi::VMContext* context, uint32_t a, uint32_t b, uint64_t c, uint64_t d, uint64_t e) {
  // The C convention leaves bits 32 to 63 of rax undefined. Here they are garbage, which the caller must ignore.
  uint64_t result = (reinterpret_cast<uintptr_t>(context) << 32 | 0xffffffff00000000) +
                    static_cast<uint32_t>(a + 2 * b + 3 * c + 4 * d + 5 * e);
  asm volatile("" : "+a"(result));
  return static_cast<uint32_t>(result);
}

TEST_P(X64Calls, Builtins) {
  Machine machine(options());
  const std::vector<Type> params = {Type::i32, Type::i32, Type::i64, Type::i64, Type::i64}, results = {Type::i32};
  FunctionBuilder f(arena_, params, {Type::i64, Type::i64});
  ir::CallInfo info;
  info.kind = CalleeKind::builtin;
  info.callee = static_cast<uint32_t>(abi::Builtin::memory_copy);
  info.signature = {params, results};
  const Value status = f.call(info, f.values);
  f.ret({f.op(Opcode::uextend, Type::i64, {status}), f.param(4)});
  machine.add(f.function);
  const size_t entry = machine.add_entry(f.function.signature);
  machine.builtins_[static_cast<size_t>(abi::Builtin::memory_copy)] = reinterpret_cast<const void*>(&add_builtin);
  machine.link();
  const Outcome outcome = machine.run(
      entry, 0,
      {Slot::of(1u), Slot::of(10u), Slot::of(uint64_t{100}), Slot::of(uint64_t{1000}), Slot::of(uint64_t{10000})}, 2);
  EXPECT_EQ(outcome.results[0].as<uint64_t>(), 1u + 20 + 300 + 4000 + 50000);
  EXPECT_EQ(outcome.results[1].as<uint64_t>(), 10000u);
}

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
