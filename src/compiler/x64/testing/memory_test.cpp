// Runs loads and stores with addresses of all forms on this machine.
#include <gtest/gtest.h>

#include "compiler/x64/testing/configured_test.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using ir::Opcode;
using wasm::TrapKind;

class X64Memory : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Configurations, X64Memory, kConfigurations);

TEST_P(X64Memory, AddressesWrapAtThirtyTwoBitsOnly) {
  Machine machine(options());
  ir::MemoryAccess access;
  access.size = 4;
  access.can_fault = true;
  // f(x) loads 32 bits at wrap(x + 16) + 8, at (x & 0xff) * 4 + 4, and at uextend(x & 0xfff0) + 24.
  FunctionBuilder f(arena_, {Type::i32}, {Type::i32, Type::i32, Type::i32});
  access.offset = 8;
  const Value sum = f.op(Opcode::iadd, Type::i32, {f.param(0), f.constant(Type::i32, 16)});
  const Value first = f.access(Opcode::heap_load, Type::i32, {sum, Value::none()}, access);
  access.offset = 0;
  const Value masked = f.op(Opcode::iand, Type::i32, {f.param(0), f.constant(Type::i32, 0xff)});
  const Value scaled = f.op(Opcode::ishl, Type::i32, {masked, f.constant(Type::i32, 2)});
  const Value bounded = f.op(Opcode::iadd, Type::i32, {scaled, f.constant(Type::i32, 4)});
  const Value second = f.access(Opcode::heap_load, Type::i32, {bounded, Value::none()}, access);
  // The third address is an i64.
  const Value wide =
      f.op(Opcode::uextend, Type::i64, {f.op(Opcode::iand, Type::i32, {f.param(0), f.constant(Type::i32, 0xfff0)})});
  const Value third_address = f.op(Opcode::iadd, Type::i64, {wide, f.constant(Type::i64, 24)});
  const Value third = f.access(Opcode::heap_load, Type::i32, {third_address, Value::none()}, access);
  f.ret({first, second, third});
  machine.add(f.function);
  // g(x) loads with an offset beyond 2 GiB. h(x, y) changes the word at x + 12 by read-modify-write instructions.
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
  const size_t entry = machine.add_entry(f.function.signature), entry_g = machine.add_entry(g.function.signature),
               entry_h = machine.add_entry(h.function.signature);
  machine.link();
  auto* words = reinterpret_cast<uint32_t*>(machine.memory());
  for (uint32_t i = 0; i < Machine::kMemoryBytes / 4; ++i) words[i] = i * 3 + 1;
  const auto word = [&](uint32_t address) { return words[address / 4]; };
  // The third address does not wrap around, so for the last two values of x it is outside of the memory.
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

// Tests loads and stores of every width and extension.
TEST_P(X64Memory, LoadsAndStores) {
  Machine machine(options());
  uint32_t index = 0;
  const uint64_t content = 0x8182'8384'8586'8788;
  struct Check {
    uint32_t index;
    size_t entry;
    uint64_t expected;  // the loaded value, or the constant that the function stores
    bool store;
    unsigned size;  // bytes of the access; 0x100 is added if the function stores a constant
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
        if (extension == ir::Extension::sign)
          expected = static_cast<uint64_t>(static_cast<int64_t>(expected << (64 - 8 * size)) >> (64 - 8 * size));
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
        c.access(Opcode::heap_store, Type::none,
                 {c.param(0), Value::none(),
                  c.constant(type, ir::size_of(type) == 4 ? int64_t{static_cast<int32_t>(constant)} : constant)},
                 access);
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
    const Outcome outcome =
        machine.run(check.entry, check.index, {Slot::of(1000u), Slot::of(value)}, check.store ? 0 : 1);
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
    EXPECT_EQ(machine.run(check.entry, check.index, {Slot::of(0x10000u), Slot::of(value)}, 0).trap,
              TrapKind::out_of_bounds_memory_access);
  }
}

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
