// Calls of all kinds, stack arguments and results, tail calls between instances, jump tables, memory accesses: run.
#include <cstdint>

#include "compiler/rv64/testing/program.hpp"

namespace cairn::rv64 {
namespace {

using ir::AliasClass;
using ir::Block;
using ir::CalleeKind;
using ir::Condition;
using ir::Function;
using ir::Opcode;
using ir::Type;
using ir::Value;
using wasm::TrapKind;

constexpr int64_t kFirstReference = 80 + 256;

Value constant(Function& f, Block b, Type type, int64_t value) {
  return f.append(
      b, instruction(type == Type::f32 || type == Type::f64 ? Opcode::fconst : Opcode::iconst, type, {}, value));
}

std::span<ir::Type> types_of(Function& f, const std::vector<Type>& types) {
  const std::span<Type> result = f.add_types(types.size());
  std::copy(types.begin(), types.end(), result.begin());
  return result;
}

Value append_call(Function& f, Block b, Opcode opcode, CalleeKind kind, uint32_t callee,
                  const std::vector<Type>& params, const std::vector<Type>& results, std::vector<Value> arguments,
                  std::vector<Value>* more = nullptr) {
  ir::CallInfo info;
  info.kind = kind;
  info.callee = callee;
  info.signature = {types_of(f, params), types_of(f, results)};
  info.first_argument = f.add_values(arguments);
  info.argument_count = static_cast<uint32_t>(arguments.size());
  const bool is_tail = opcode == Opcode::return_call;
  ir::Instruction call = instruction(opcode, results.empty() || is_tail ? Type::none : results[0]);
  call.extra = f.add_call(info);
  call.position = 4711;
  const Value value = f.append(b, call);
  for (size_t i = 1; !is_tail && i < results.size(); ++i) {
    const Value result = f.append(b, instruction(Opcode::result, results[i], {value}, static_cast<int64_t>(i)));
    if (more != nullptr) more->push_back(result);
  }
  return value;
}

Value reference(Function& f, Block b, uint32_t number) {
  const Value context = f.append(b, instruction(Opcode::vmctx, Type::i64));
  const Value offset = constant(f, b, Type::i64, kFirstReference + 32 * int64_t{number});
  const Value sum = f.append(b, instruction(Opcode::iadd, Type::i64, {context, offset}));
  return f.append(b, instruction(Opcode::bitcast, Type::ref, {sum}));
}

class Rv64Calls : public ::testing::TestWithParam<std::tuple<unsigned, unsigned>> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Program::can_run()) << "needs qemu-riscv64, clang-22 and RISC-V's C library: tools/packages.txt";
  }
  Program make() { return Program(machines()[std::get<0>(GetParam())], std::get<1>(GetParam())); }
};

// 20 mixed parameters: the sum of each times its position, as i64 and f64; so stack arguments are involved, and a
// result area (10 results).
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

// A function that passes everything on, by a call or a tail call of some kind. It keeps some values over the call.
uint32_t add_forwarder(Program& p, Opcode opcode, CalleeKind kind, uint32_t callee) {
  return p.add(many_params(), many_results(), [&](Function& f) {
    const Block b = f.create_block();
    std::vector<Value> arguments;
    for (Type type : many_params()) arguments.push_back(f.append_param(b, type));
    const std::vector<Value> params = arguments;
    if (kind == CalleeKind::reference) arguments.insert(arguments.begin(), reference(f, b, callee));
    std::vector<Value> results;
    const Value first = append_call(f, b, opcode, kind, callee, many_params(), many_results(), arguments, &results);
    if (opcode == Opcode::return_call) return;
    results.insert(results.begin(), first);
    // first + p2 - p2
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

// Instances that tail-call each other a million times, with and without stack arguments, do so on a constant stack.
TEST_P(Rv64Calls, TailCallsBetweenInstances) {
  Program p = make();
  for (unsigned count : {2u, 12u, 13u}) {
    std::vector<Type> params(count, Type::i64);
    const uint32_t function = static_cast<uint32_t>(count == 2 ? 0 : count == 12 ? 2 : 4);
    const uint32_t number = count == 2 ? 0 : count == 12 ? 2 : 4;  // its imports: itself in context 0 and in 1
    // f(n, acc, ...) = n == 0 ? acc + last : (odd n: import 0, even: import 1)(n - 1, acc + n, ...)
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
          if (kind == CalleeKind::reference) arguments.insert(arguments.begin(), reference(f, to, callee));
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

TEST_P(Rv64Calls, HostFunctions) {
  Program p = make();
  const uint32_t host = p.add_host({Type::i64, Type::i64}, {Type::i64});
  p.add_import(host, 2);
  const auto caller = [&](Opcode opcode, CalleeKind kind, uint32_t callee) {
    return p.add({Type::i64, Type::i64}, {Type::i64}, [&](Function& f) {
      const Block b = f.create_block();
      std::vector<Value> arguments = {f.append_param(b, Type::i64), f.append_param(b, Type::i64)};
      const Value second = arguments[1];
      if (kind == CalleeKind::reference) arguments.insert(arguments.begin(), reference(f, b, callee));
      const Value result = append_call(f, b, opcode, kind, callee, {Type::i64, Type::i64}, {Type::i64}, arguments);
      if (opcode == Opcode::return_call) return;
      // Memory is the own again.
      ir::MemoryAccess access;
      access.size = 8;
      access.can_fault = true;
      ir::Instruction load = instruction(Opcode::heap_load, Type::i64, {constant(f, b, Type::i32, 8)});
      load.extra = f.add_access(access);
      const Value loaded = f.append(b, load);
      const Value zero = f.append(b, instruction(Opcode::isub, Type::i64, {loaded, loaded}));
      const Value both = f.append(b, instruction(Opcode::iadd, Type::i64, {result, second}));
      const Value sum = f.append(b, instruction(Opcode::iadd, Type::i64, {both, zero}));
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
    p.call(calls, {slot_of<int64_t>(40), slot_of<int64_t>(2)}, check(44));
    p.call(tail_calls, {slot_of<int64_t>(40), slot_of<int64_t>(2)}, check(42));
    for (uint32_t f : {calls, tail_calls})
      p.call(f, {slot_of<int64_t>(666), slot_of<int64_t>(2)},
             [](const Outcome& outcome) { EXPECT_EQ(outcome.trap, TrapKind::unreachable); });
  }
  // From another instance: the caller is that one.
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

TEST_P(Rv64Calls, JumpTables) {
  Program p = make();
  // With a body long enough that conditional branches do not reach, at the second round.
  for (unsigned padding : {0u, 3000u}) {
    for (unsigned count : {1u, 2u, 3u, 10u}) {
      const uint32_t function = p.add({Type::i32, Type::i64}, {Type::i64}, [&](Function& f) {
        const Block b = f.create_block(), join = f.create_block();
        const Value index = f.append_param(b, Type::i32);
        Value x = f.append_param(b, Type::i64);
        const Value r = f.append_param(join, Type::i64);
        std::vector<ir::Target> targets;
        for (unsigned i = 0; i < count; ++i) {
          if (i % 3 == 1) {  // straight to the join: a critical edge with an argument
            const Value v = constant(f, b, Type::i64, 100 + int64_t{i});
            targets.push_back({join, f.add_values({&v, 1}), 1});
            continue;
          }
          const Block to = f.create_block();
          targets.push_back({to});
          Value v = constant(f, to, Type::i64, 100 + int64_t{i});
          for (unsigned k = 0; k < padding; ++k) {
            v = f.append(to, instruction(Opcode::ixor, Type::i64, {v, x}));
            v = f.append(to, instruction(Opcode::ixor, Type::i64, {v, x}));
          }
          ir::Instruction jump = instruction(Opcode::jump, Type::none);
          const ir::Target target = {join, f.add_values({&v, 1}), 1};
          f.set_targets(jump, {&target, 1});
          f.append(to, jump);
        }
        ir::Instruction table = instruction(Opcode::br_table, Type::none, {index});
        f.set_targets(table, targets);
        f.append(b, table);
        append_return(f, join, {&r, 1});
      });
      for (int32_t i : {0, 1, 2, 3, 8, 9, 10, 11, 1000, -1, INT32_MIN, INT32_MAX})
        p.call(function, {slot_of<int64_t>(static_cast<uint32_t>(i)), slot_of<int64_t>(12345)}, [=](const Outcome& o) {
          const uint32_t chosen = std::min<uint32_t>(static_cast<uint32_t>(i), count - 1);
          EXPECT_EQ(from_slot<int64_t>(o.values[0]), 100 + int64_t{chosen}) << i << " of " << count;
        });
    }
  }
  p.run();
}

TEST_P(Rv64Calls, LoadsAndStores) {
  Program p = make();
  const auto byte_at = [](uint64_t i) { return i < 256 ? (i * 37 + 11) & 255 : ((i - (65536 - 256)) * 53 + 7) & 255; };
  struct Shape {
    Type type;
    uint8_t size;
    ir::Extension extension;
  };
  const Shape shapes[] = {
      {Type::i32, 1, ir::Extension::zero}, {Type::i32, 1, ir::Extension::sign}, {Type::i32, 2, ir::Extension::zero},
      {Type::i32, 2, ir::Extension::sign}, {Type::i32, 4, ir::Extension::none}, {Type::i64, 1, ir::Extension::zero},
      {Type::i64, 2, ir::Extension::sign}, {Type::i64, 4, ir::Extension::zero}, {Type::i64, 4, ir::Extension::sign},
      {Type::i64, 8, ir::Extension::none}, {Type::f32, 4, ir::Extension::none}, {Type::f64, 8, ir::Extension::none}};
  for (const Shape& shape : shapes)
    for (uint64_t offset : {uint64_t{0}, uint64_t{3}, uint64_t{100}, uint64_t{65280}, uint64_t{0x7fff'ffff}})
      for (bool is_constant : {false, true})
        for (bool is_store : {false, true}) {
          const auto build = [&](uint32_t address) {
            std::vector<Type> params = {Type::i32};
            if (is_store) params.push_back(shape.type);
            return p.add(params, is_store ? std::vector<Type>() : std::vector<Type>{shape.type}, [&](Function& f) {
              const Block b = f.create_block();
              const Value given = f.append_param(b, Type::i32);
              const Value at = is_constant ? constant(f, b, Type::i32, static_cast<int32_t>(address)) : given;
              ir::MemoryAccess access;
              access.size = shape.size;
              access.extension = shape.extension;
              access.offset = offset;
              access.can_fault = true;
              if (is_store) {
                ir::Instruction store =
                    instruction(Opcode::heap_store, Type::none, {at, Value::none(), f.append_param(b, shape.type)});
                store.extra = f.add_access(access);
                f.append(b, store);
                append_return(f, b, {});
              } else {
                ir::Instruction load = instruction(Opcode::heap_load, shape.type, {at, Value::none()});
                load.extra = f.add_access(access);
                const Value v = f.append(b, load);
                append_return(f, b, {&v, 1});
              }
            });
          };
          uint32_t function = 0;
          if (!is_constant) function = build(0);
          for (uint32_t address : {0u, 1u, 77u, 240u, 65528u, 65535u, 0x8000'0000u, 0xffff'fffcu}) {
            const uint64_t at = address + offset;
            const bool inside = at + shape.size <= 65536;
            if (inside && at + shape.size > 256 && at < 65280) continue;
            if (is_constant) function = build(address);
            uint64_t value = 0;
            for (unsigned i = 0; i < shape.size; ++i) value |= uint64_t{byte_at(at + i)} << (8 * i);
            if (shape.extension == ir::Extension::sign) {
              const unsigned shift = 64 - 8 * shape.size;
              value = static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
            }
            const uint64_t stored = 0xfedc'ba98'7654'3210;
            std::vector<ir::V128> arguments = {slot_of<uint64_t>(address | 0xdead'0000'0000'0000)};
            if (is_store) arguments.push_back(slot_of(stored));
            p.call(
                function, arguments,
                [=](const Outcome& o) {
                  if (!inside) {
                    EXPECT_EQ(o.trap, TrapKind::out_of_bounds_memory_access) << address << " + " << offset;
                  } else {
                    EXPECT_FALSE(o.trap);
                    const uint64_t result = from_slot<uint64_t>(o.values[0]);
                    if (!is_store)
                      EXPECT_EQ(ir::size_of(shape.type) == 4 ? result & 0xffff'ffff : result,
                                ir::size_of(shape.type) == 4 ? value & 0xffff'ffff : value);
                  }
                  for (unsigned i = 0; i < 512; ++i) {
                    const uint64_t place = i < 256 ? i : 65536 - 512 + i;
                    const bool written = is_store && inside && place >= at && place < at + shape.size;
                    EXPECT_EQ(o.memory[i],
                              written ? static_cast<uint8_t>(stored >> (8 * (place - at))) : byte_at(place))
                        << "place " << place << " address " << address << " offset " << offset << " size "
                        << int{shape.size};
                  }
                },
                Program::shown);
          }
        }
  p.run();
}

INSTANTIATE_TEST_SUITE_P(Machines, Rv64Calls,
                         ::testing::Values(std::tuple(0u, 0u), std::tuple(1u, 0u), std::tuple(1u, 3u)),
                         [](const auto& info) {
                           return machines()[std::get<0>(info.param)].name + "_" +
                                  std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace cairn::rv64
