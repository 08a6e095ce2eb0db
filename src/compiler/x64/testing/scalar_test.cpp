// Runs every scalar operation on this machine, and compares it with C++'s arithmetic: with operands in registers, in
// memory and as constants, with and without the optional instruction sets, with all registers and with very few.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "compiler/x64/testing/configured_test.hpp"
#include "compiler/x64/testing/execution.hpp"
#include "compiler/x64/testing/scalar_cases.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using namespace testing::scalar;
using ir::Opcode;

bool is_nan(Type type, uint64_t bits) {
  if (type == Type::f32) return std::isnan(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  return type == Type::f64 && std::isnan(std::bit_cast<double>(bits));
}

Slot slot_of(Type type, uint64_t bits) {
  return ir::size_of(type) == 4 ? Slot::of(static_cast<uint32_t>(bits)) : Slot::of(bits);
}

// Where the operands come from, or how the result is used.
enum class Form { parameters, constant_right, constant_left, memory_left, memory_right, both_memory, branch, select };

// The compiler's options of a round of tests, and their name for messages.
struct Options {
  const char* name;
  compiler::Options options;
};
std::vector<Options> configurations() {
  std::vector<Options> result;
  compiler::Options options;
  options.cpu = floor_features();
  result.push_back({"floor", options});
  options.register_limit = 4;
  result.push_back({"floor, 4 registers", options});
  options.register_limit = 0;
  options.cpu = host_features();
  result.push_back({"host", options});
  options.register_limit = 3;
  result.push_back({"host, 3 registers", options});
  return result;
}

ir::MemoryAccess plain_access(Type type, uint64_t offset) {
  ir::MemoryAccess access;
  access.offset = offset;
  access.size = static_cast<uint8_t>(ir::size_of(type));
  access.can_fault = true;
  return access;
}

// Builds f(a, b, address), which returns (result, a, b). Forms with memory operands load a and b from `address`.
void build(FunctionBuilder& f, const Case& c, Form form, uint64_t constant) {
  Value a = f.param(0), b = f.param(1);
  const auto from_memory = [&](uint64_t offset) {
    return f.access(Opcode::heap_load, c.operand, {f.param(2), Value::none()}, plain_access(c.operand, offset));
  };
  switch (form) {
    case Form::constant_right: b = f.constant(c.operand, static_cast<int64_t>(constant)); break;
    case Form::constant_left: a = f.constant(c.operand, static_cast<int64_t>(constant)); break;
    case Form::memory_left: a = from_memory(0); break;
    case Form::memory_right: b = from_memory(16); break;
    case Form::both_memory:
      a = from_memory(0);
      b = from_memory(16);
      break;
    default: break;
  }
  const Value result = c.operands == 1 ? f.op(c.opcode, c.result, {a}, c.aux) : f.op(c.opcode, c.result, {a, b}, c.aux);
  if (form == Form::select) {
    const Value picked = f.op(Opcode::select, c.operand, {result, a, b});
    f.ret({picked, f.param(0), f.param(1)});
  } else if (form == Form::branch) {
    const ir::Block yes = f.function.create_block(), no = f.function.create_block();
    f.control(Opcode::branch, result, {f.target(yes), f.target(no)});
    f.block = yes;
    f.ret({f.constant(Type::i32, 1), f.param(0), f.param(1)});
    f.block = no;
    f.ret({f.constant(Type::i32, 0), f.param(0), f.param(1)});
  } else {
    f.ret({result, f.param(0), f.param(1)});
  }
}

// Compiles the case in all forms, and runs each of them with all inputs.
void check_case(const Case& c, const compiler::Options& options) {
  Machine machine(options);
  const std::vector<uint64_t> values = inputs(c.operand);
  const Type result_type = c.result;
  const bool truth = c.opcode == Opcode::icmp || c.opcode == Opcode::fcmp;
  struct Compiled {
    Form form;
    uint64_t constant = 0;
    size_t entry = 0;
  };
  std::vector<Compiled> functions;
  Arena arena(size_t{1} << 30);
  const auto compile = [&](Form form, uint64_t constant) {
    const Type returned = form == Form::select ? c.operand : form == Form::branch ? Type::i32 : result_type;
    auto* f = new FunctionBuilder(arena, {c.operand, c.operand, Type::i32}, {returned, c.operand, c.operand});
    build(*f, c, form, constant);
    f->function.function_index = static_cast<uint32_t>(functions.size());
    machine.add(f->function);
    functions.push_back({form, constant, machine.add_entry(f->function.signature)});
    delete f;
  };
  compile(Form::parameters, 0);
  compile(Form::memory_left, 0);
  if (c.operands == 2) {
    compile(Form::memory_right, 0);
    compile(Form::both_memory, 0);
    for (const uint64_t value : values) {
      const auto constant =
          c.operand == Type::i32 ? static_cast<uint64_t>(int64_t{static_cast<int32_t>(value)}) : value;
      compile(Form::constant_right, constant);
      compile(Form::constant_left, constant);
    }
  }
  if (truth) {
    compile(Form::branch, 0);
    compile(Form::select, 0);
  }
  machine.link();
  size_t failures = 0;
  for (uint32_t i = 0; i < functions.size(); ++i) {
    const Compiled& compiled = functions[i];
    for (uint64_t a : values) {
      for (uint64_t b : values) {
        if (c.operands == 1 && b != values[0]) break;
        uint64_t left = a, right = b;
        if (compiled.form == Form::constant_left) {
          if (a != values[0]) continue;
          left = c.operand == Type::i32 ? static_cast<uint32_t>(compiled.constant) : compiled.constant;
        }
        if (compiled.form == Form::constant_right) {
          if (b != values[0]) continue;
          right = c.operand == Type::i32 ? static_cast<uint32_t>(compiled.constant) : compiled.constant;
        }
        std::memcpy(machine.memory() + 1024, &a, 8);
        std::memcpy(machine.memory() + 1040, &b, 8);
        Expected expected = expect(c, left, right);
        Type returned = result_type;
        if (compiled.form == Form::select) {
          expected = {expected.value != 0 ? left : right};
          returned = c.operand;
        }
        if (compiled.form == Form::branch) returned = Type::i32;
        const Outcome outcome =
            machine.run(compiled.entry, i, {slot_of(c.operand, a), slot_of(c.operand, b), Slot::of(uint32_t{1024})}, 3);
        bool good = outcome.trap == expected.trap;
        uint64_t got = 0;
        if (good && !outcome.trap) {
          got = ir::size_of(returned) == 4 ? outcome.results[0].as<uint32_t>() : outcome.results[0].as<uint64_t>();
          // Bits 32 to 63 of the slot of an i32 are zero.
          if (returned == Type::i32) good &= outcome.results[0].as<uint64_t>() == got;
          good &= expected.any_nan ? is_nan(returned, got) : got == expected.value;
          const auto same = [&](const Slot& slot, uint64_t bits) {
            return ir::size_of(c.operand) == 4 ? slot.as<uint32_t>() == bits : slot.as<uint64_t>() == bits;
          };
          good &= same(outcome.results[1], a) && same(outcome.results[2], b);
        }
        if (!good && failures++ < 5) {
          ADD_FAILURE() << ir::facts(c.opcode).text << " type " << int(c.operand) << "->" << int(c.result) << " aux "
                        << int(c.aux) << " form " << int(compiled.form) << std::hex << " a " << left << " b " << right
                        << ": got " << got << ", expected " << expected.value << (outcome.trap ? " trapped" : "");
        }
      }
    }
  }
}

TEST(X64Scalar, Operations) {
  for (const Options& configuration : configurations()) {
    SCOPED_TRACE(configuration.name);
    for (const Case& c : all_cases()) check_case(c, configuration.options);
  }
}

// --- Arithmetic in 128 bits, and the upper half of narrow values

class X64Wide : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Configurations, X64Wide, kConfigurations);

// Compares add128, sub128 and mul_wide_* with C++'s arithmetic on __int128, also where two operands are the same value.
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

// If `wrap` narrows an i64 whose upper half is garbage, no consumer of the i32 sees the garbage.
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
