// Runs calls of all kinds, with arguments and results on the stack.
#include "compiler/rv64/testing/calls.hpp"

#include <cstdint>

#include "compiler/rv64/testing/configured_test.hpp"

namespace cairn::rv64 {
namespace {

using ir::Block;
using ir::CalleeKind;
using ir::Function;
using ir::Opcode;
using ir::Type;
using ir::Value;
using wasm::TrapKind;

class Rv64Calls : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Machines, Rv64Calls, kConfigurations, name_of_configuration);

// add_many() makes a function with 20 parameters of mixed types, so that some lie on the stack, and 11 results, so that
// there is a result area. Let S be the sum of each parameter times its position, counted from 1. The results are S + 0
// to S + 7 and three of the parameters.
constexpr unsigned kMany = 20;

std::vector<Type> many_params() {
  std::vector<Type> types;
  for (unsigned i = 0; i < kMany; ++i)
    types.push_back(i % 4 == 0 ? Type::i32 : i % 4 == 1 ? Type::f64 : i % 4 == 2 ? Type::i64 : Type::f32);
  return types;
}

std::vector<Type> many_results() {
  std::vector<Type> types(8, Type::i64);
  types.insert(types.end(), {Type::i32, Type::f32, Type::f64});
  return types;
}

// Adds the function that is described above, and returns its number.
uint32_t add_many(Program& p) {
  return p.add(many_params(), many_results(), [&](Function& f) {
    const Block b = f.create_block();
    std::vector<Value> params;
    for (Type type : many_params()) params.push_back(f.append_param(b, type));
    Value sum = constant(f, b, Type::i64, 0);
    for (unsigned i = 0; i < kMany; ++i) {
      Value v = params[i];
      if (i % 4 == 0) v = f.append(b, instruction(Opcode::sextend, Type::i64, {v}));
      if (i % 4 == 1 || i % 4 == 3) v = f.append(b, instruction(Opcode::trunc_sat_s, Type::i64, {v}));
      v = f.append(b, instruction(Opcode::imul, Type::i64, {v, constant(f, b, Type::i64, i + 1)}));
      sum = f.append(b, instruction(Opcode::iadd, Type::i64, {sum, v}));
    }
    std::vector<Value> results;
    for (unsigned i = 0; i < 8; ++i)
      results.push_back(f.append(b, instruction(Opcode::iadd, Type::i64, {sum, constant(f, b, Type::i64, i)})));
    results.push_back(params[16]);
    results.push_back(params[19]);
    results.push_back(params[17]);
    append_return(f, b, results);
  });
}

std::vector<ir::V128> many_arguments() {
  std::vector<ir::V128> result;
  for (unsigned i = 0; i < kMany; ++i) {
    const int v = static_cast<int>(i) * 3 - 20;
    if (i % 4 == 0) result.push_back(slot_of<int64_t>(static_cast<uint32_t>(v)));
    if (i % 4 == 1) result.push_back(slot_of<double>(v));
    if (i % 4 == 2) result.push_back(slot_of<int64_t>(v));
    if (i % 4 == 3) result.push_back(slot_of<float>(static_cast<float>(v)));
  }
  return result;
}

void expect_many(const Outcome& outcome) {
  ASSERT_FALSE(outcome.trap) << wasm::to_string(*outcome.trap);
  int64_t sum = 0;
  for (int i = 0; i < static_cast<int>(kMany); ++i) sum += (i * 3 - 20) * (i + 1);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(from_slot<int64_t>(outcome.values[i]), sum + i) << i;
  EXPECT_EQ(from_slot<int32_t>(outcome.values[8]), 28);
  EXPECT_EQ(from_slot<float>(outcome.values[9]), 37.0f);
  EXPECT_EQ(from_slot<double>(outcome.values[10]), 31.0);
}

// Adds a function that passes all its arguments on, by a call or a tail call of some kind. Some of its values are live
// across the call.
uint32_t add_forwarder(Program& p, Opcode opcode, CalleeKind kind, uint32_t callee) {
  return p.add(many_params(), many_results(), [&](Function& f) {
    const Block b = f.create_block();
    std::vector<Value> arguments;
    for (Type type : many_params()) arguments.push_back(f.append_param(b, type));
    const std::vector<Value> params = arguments;
    if (kind == CalleeKind::reference) arguments.insert(arguments.begin(), function_reference(f, b, callee));
    std::vector<Value> results;
    const Value first = append_call(f, b, opcode, kind, callee, many_params(), many_results(), arguments, &results);
    if (opcode == Opcode::return_call) return;
    results.insert(results.begin(), first);
    // The first result becomes first + p2 - p2, so p2 has to survive the call.
    const Value more = f.append(b, instruction(Opcode::iadd, Type::i64, {first, params[2]}));
    results[0] = f.append(b, instruction(Opcode::isub, Type::i64, {more, params[2]}));
    append_return(f, b, results);
  });
}

TEST_P(Rv64Calls, StackArgumentsAndResults) {
  Program p = make();
  const uint32_t many = add_many(p);
  p.call(many, many_arguments(), expect_many);
  p.add_import(many, 0);
  p.add_import(many, 1);
  uint32_t latest = many;
  for (Opcode opcode : {Opcode::call, Opcode::return_call}) {
    latest = add_forwarder(p, opcode, CalleeKind::direct, latest);
    p.call(latest, many_arguments(), expect_many);
    for (uint32_t number : {0u, 1u}) {
      p.call(add_forwarder(p, opcode, CalleeKind::import, number), many_arguments(), expect_many);
      p.call(add_forwarder(p, opcode, CalleeKind::reference, number), many_arguments(), expect_many);
    }
  }
  p.run();
}

// Appends a load of the 8 bytes at address 8 of the running instance's memory. The value is kLoaded in the memory of
// the instance under test, which qemu/run_code.c fills in cases with Program::shown. The other instance's memory holds
// zeros.
Value append_load(Function& f, Block b) {
  ir::MemoryAccess access;
  access.size = 8;
  access.can_fault = true;
  ir::Instruction load = instruction(Opcode::heap_load, Type::i64, {constant(f, b, Type::i32, 8)});
  load.extra = f.add_access(access);
  return f.append(b, load);
}
constexpr int64_t kLoaded = [] {
  uint64_t value = 0;
  for (unsigned j = 8; j < 16; ++j) value |= uint64_t{(j * 37 + 11) % 256} << (j - 8) * 8;
  return static_cast<int64_t>(value);
}();

// A callee in another instance loads from its own memory, and the caller from its own again afterwards.
TEST_P(Rv64Calls, TheMemoryBaseFollowsTheInstance) {
  Program p = make();
  const uint32_t leaf = p.add({Type::i64}, {Type::i64}, [&](Function& f) {
    const Block b = f.create_block();
    const Value x = f.append_param(b, Type::i64);
    const Value sum = f.append(b, instruction(Opcode::iadd, Type::i64, {x, append_load(f, b)}));
    append_return(f, b, {&sum, 1});
  });
  p.add_import(leaf, 0);
  p.add_import(leaf, 1);
  for (CalleeKind kind : {CalleeKind::import, CalleeKind::reference}) {
    for (Opcode opcode : {Opcode::call, Opcode::return_call}) {
      for (uint32_t instance : {0u, 1u}) {
        const uint32_t caller = p.add({Type::i64}, {Type::i64}, [&](Function& f) {
          const Block b = f.create_block();
          std::vector<Value> arguments = {f.append_param(b, Type::i64)};
          if (kind == CalleeKind::reference) arguments.insert(arguments.begin(), function_reference(f, b, instance));
          const Value result = append_call(f, b, opcode, kind, instance, {Type::i64}, {Type::i64}, arguments);
          if (opcode == Opcode::return_call) return;
          const Value sum = f.append(b, instruction(Opcode::iadd, Type::i64, {result, append_load(f, b)}));
          append_return(f, b, {&sum, 1});
        });
        const uint64_t expected = 5 + (instance == 0 ? static_cast<uint64_t>(kLoaded) : 0) +
                                  (opcode == Opcode::call ? static_cast<uint64_t>(kLoaded) : 0);
        p.call(
            caller, {slot_of<int64_t>(5)},
            [=](const Outcome& outcome) {
              ASSERT_FALSE(outcome.trap);
              EXPECT_EQ(from_slot<uint64_t>(outcome.values[0]), expected);
            },
            Program::shown);
      }
    }
  }
  // A function that a tail call from the instance under test has entered makes a tail call back into this instance.
  const auto tail_caller = [&](uint32_t import) {
    return p.add({Type::i64}, {Type::i64}, [&](Function& f) {
      const Block b = f.create_block();
      append_call(f, b, Opcode::return_call, CalleeKind::import, import, {Type::i64}, {Type::i64},
                  {f.append_param(b, Type::i64)});
    });
  };
  p.add_import(tail_caller(0), 1);
  p.call(
      tail_caller(2), {slot_of<int64_t>(5)},
      [](const Outcome& outcome) {
        ASSERT_FALSE(outcome.trap);
        EXPECT_EQ(from_slot<int64_t>(outcome.values[0]), 5 + kLoaded);
      },
      Program::shown);
  p.run();
}

// The host function of qemu/run_code.c returns the sum of its two arguments, and traps if the first is 666.
TEST_P(Rv64Calls, HostFunctions) {
  Program p = make();
  const uint32_t host = p.add_host({Type::i64, Type::i64}, {Type::i64});
  p.add_import(host, 2);
  const auto caller = [&](Opcode opcode, CalleeKind kind, uint32_t callee) {
    return p.add({Type::i64, Type::i64}, {Type::i64}, [&](Function& f) {
      const Block b = f.create_block();
      std::vector<Value> arguments = {f.append_param(b, Type::i64), f.append_param(b, Type::i64)};
      const Value second = arguments[1];
      if (kind == CalleeKind::reference) arguments.insert(arguments.begin(), function_reference(f, b, callee));
      const Value result = append_call(f, b, opcode, kind, callee, {Type::i64, Type::i64}, {Type::i64}, arguments);
      if (opcode == Opcode::return_call) return;
      // The loaded value shows whether the base register holds the address of this instance's memory again after the
      // call.
      const Value loaded = append_load(f, b);
      const Value both = f.append(b, instruction(Opcode::iadd, Type::i64, {result, second}));
      const Value sum = f.append(b, instruction(Opcode::iadd, Type::i64, {both, loaded}));
      append_return(f, b, {&sum, 1});
    });
  };
  const auto check = [](int64_t expected) {
    return [=](const Outcome& outcome) {
      ASSERT_FALSE(outcome.trap);
      EXPECT_EQ(from_slot<int64_t>(outcome.values[0]), expected);
    };
  };
  for (CalleeKind kind : {CalleeKind::import, CalleeKind::reference}) {
    const uint32_t calls = caller(Opcode::call, kind, 0), tail_calls = caller(Opcode::return_call, kind, 0);
    p.call(calls, {slot_of<int64_t>(40), slot_of<int64_t>(2)}, check(44 + kLoaded), Program::shown);
    p.call(tail_calls, {slot_of<int64_t>(40), slot_of<int64_t>(2)}, check(42));
    for (uint32_t f : {calls, tail_calls})
      p.call(f, {slot_of<int64_t>(666), slot_of<int64_t>(2)},
             [](const Outcome& outcome) { EXPECT_EQ(outcome.trap, TrapKind::unreachable); });
  }
  // The host function has to see the other instance as its caller.
  const uint32_t calls = caller(Opcode::call, CalleeKind::import, 0);
  p.add_import(calls, 1);
  for (Opcode opcode : {Opcode::call, Opcode::return_call}) {
    const uint32_t outer = p.add({Type::i64, Type::i64}, {Type::i64}, [&](Function& f) {
      const Block b = f.create_block();
      const std::vector<Value> arguments = {f.append_param(b, Type::i64), f.append_param(b, Type::i64)};
      const Value result =
          append_call(f, b, opcode, CalleeKind::import, 1, {Type::i64, Type::i64}, {Type::i64}, arguments);
      if (opcode == Opcode::call) append_return(f, b, {&result, 1});
    });
    p.call(outer, {slot_of<int64_t>(40), slot_of<int64_t>(2)}, check(44), Program::shown | Program::called_by_other);
  }
  p.run();
}

// In qemu/run_code.c, all builtins except raise_trap return the sum of their two arguments. The test calls number 3,
// but could call any other of them. Program gives type n the canonical id 1000 * n.
TEST_P(Rv64Calls, BuiltinsNullReferencesAndTypes) {
  Program p = make();
  const uint32_t builtin = p.add({Type::i32, Type::i64}, {Type::i64}, [&](Function& f) {
    const Block b = f.create_block();
    const Value x = f.append_param(b, Type::i32), y = f.append_param(b, Type::i64);
    const Value result =
        append_call(f, b, Opcode::call, CalleeKind::builtin, 3, {Type::i32, Type::i64}, {Type::i64}, {x, y});
    const Value sum = f.append(b, instruction(Opcode::iadd, Type::i64, {result, y}));
    append_return(f, b, {&sum, 1});
  });
  p.call(builtin, {slot_of<int32_t>(-5), slot_of<int64_t>(100)},
         [](const Outcome& o) { EXPECT_EQ(from_slot<int64_t>(o.values[0]), 195); });
  for (Opcode opcode : {Opcode::call, Opcode::return_call}) {
    const uint32_t null = p.add({Type::i64}, {Type::i64}, [&](Function& f) {
      const Block b = f.create_block();
      const Value x = f.append_param(b, Type::i64);
      const Value r = f.append(b, instruction(Opcode::bitcast, Type::ref, {x}));
      const Value result = append_call(f, b, opcode, CalleeKind::reference, 0, {}, {Type::i64}, {r});
      if (opcode == Opcode::call) append_return(f, b, {&result, 1});
    });
    p.call(null, {slot_of<int64_t>(0)}, [](const Outcome& o) { EXPECT_EQ(o.trap, TrapKind::null_function_reference); });
  }
  const uint32_t type = p.add({}, {Type::i32}, [&](Function& f) {
    const Block b = f.create_block();
    const Value id = f.append(b, instruction(Opcode::type_id, Type::i32, {}, 9));
    append_return(f, b, {&id, 1});
  });
  p.call(type, {}, [](const Outcome& o) { EXPECT_EQ(from_slot<int32_t>(o.values[0]), 9000); });
  p.run();
}

}  // namespace
}  // namespace cairn::rv64
