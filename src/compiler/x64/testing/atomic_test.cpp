// Runs atomic accesses of every width on this machine, and compares them with C++'s arithmetic.
#include <gtest/gtest.h>

#include "compiler/codegen/testing/atomic_cases.hpp"
#include "compiler/x64/testing/execution.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using codegen::apply;
using codegen::kAtomicOld;
using codegen::kAtomicOps;
using codegen::kAtomicValues;
using codegen::low;
using ir::AtomicOp;
using ir::Opcode;
using wasm::TrapKind;

ir::MemoryAccess access_of(Type type, unsigned size, bool is_store = false) {
  ir::MemoryAccess access;
  access.size = static_cast<uint8_t>(size);
  access.offset = 16;
  access.can_fault = true;
  if (!is_store && size < size_of(type)) access.extension = ir::Extension::zero;
  return access;
}

// The test's parameter is the number of registers of each class that the allocator may use; 0 means all.
class X64Atomics : public ::testing::TestWithParam<uint32_t> {
 protected:
  // The effect of a call f(address, a, b) that finds kAtomicOld at byte 16 of the memory: the result or trap, and the 8
  // bytes from byte 16 on after the call.
  struct Effect {
    uint64_t result = 0;
    uint64_t memory = 0;
    std::optional<TrapKind> trap;
  };
  // Compiles f(address, a, b), which returns the value that `body` makes, or 77 if it makes none.
  template <class Body>
  void compile(Type type, const Body& body) {
    compiler::Options options;
    options.cpu = host_features();
    options.register_limit = GetParam();
    machine_ = std::make_unique<Machine>(options);
    Arena arena(size_t{1} << 24);
    FunctionBuilder f(arena, {Type::i32, type, type}, {type});
    const Value result = body(f);
    f.ret({result ? result : f.constant(type, 77)});
    machine_->add(f.function);
    entry_ = machine_->add_entry(f.function.signature);
    machine_->link();
  }
  // Calls f. The access is at address + 16.
  Effect run(uint32_t address, uint64_t a, uint64_t b) {
    std::memcpy(machine_->memory() + 16, &kAtomicOld, 8);
    const Outcome outcome = machine_->run(entry_, 0, {Slot::of(address), Slot::of(a), Slot::of(b)}, 1);
    Effect effect;
    effect.trap = outcome.trap;
    if (!outcome.trap) effect.result = outcome.results[0].as<uint64_t>();
    std::memcpy(&effect.memory, machine_->memory() + 16, 8);
    return effect;
  }

  std::unique_ptr<Machine> machine_;
  size_t entry_ = 0;
};

// The type of the operands and the result of an access, and its size in bytes.
struct Width {
  Type type;
  unsigned size;
};
constexpr Width kWidths[] = {{Type::i32, 1}, {Type::i32, 2}, {Type::i32, 4}, {Type::i64, 1},
                             {Type::i64, 2}, {Type::i64, 4}, {Type::i64, 8}};

TEST_P(X64Atomics, ReadModifyWrite) {
  for (const auto& [type, size] : kWidths) {
    for (const AtomicOp op : kAtomicOps) {
      for (const bool is_needed : {true, false}) {
        compile(type, [&](FunctionBuilder& f) {
          const Value old = f.access(Opcode::atomic_rmw, type, {f.param(0), Value::none(), f.param(1)},
                                     access_of(type, size), static_cast<uint8_t>(op));
          return is_needed ? old : Value::none();
        });
        for (const uint64_t by : kAtomicValues) {
          const Effect effect = run(0, low(by, size_of(type)), 0);
          EXPECT_EQ(low(effect.result, size_of(type)), is_needed ? low(kAtomicOld, size) : 77) << size << int(op) << by;
          EXPECT_EQ(effect.memory, kAtomicOld - low(kAtomicOld, size) + low(apply(op, kAtomicOld, by), size))
              << size << int(op) << by;
        }
        EXPECT_EQ(run(Machine::kMemoryBytes, 1, 1).trap, TrapKind::out_of_bounds_memory_access);
      }
    }
  }
}

TEST_P(X64Atomics, CompareAndExchange) {
  for (const auto& [type, size] : kWidths) {
    for (const bool is_needed : {true, false}) {
      compile(type, [&](FunctionBuilder& f) {
        ir::Instruction cas;
        cas.opcode = Opcode::atomic_cas;
        cas.type = type;
        const Value operands[] = {f.param(0), Value::none(), f.param(1), f.param(2)};
        cas.immediate = f.function.add_values(operands);
        cas.extra = f.function.add_access(access_of(type, size));
        const Value old = f.add(cas);
        return is_needed ? old : Value::none();
      });
      for (const uint64_t expected : {kAtomicOld, low(kAtomicOld, size), ~kAtomicOld, uint64_t{0}}) {
        const bool equal = low(expected, size) == low(kAtomicOld, size);
        const Effect effect = run(0, low(expected, size_of(type)), 0x1122334455667788);
        EXPECT_EQ(low(effect.result, size_of(type)), is_needed ? low(kAtomicOld, size) : 77);
        EXPECT_EQ(effect.memory,
                  equal ? kAtomicOld - low(kAtomicOld, size) + low(0x1122334455667788, size) : kAtomicOld);
      }
      EXPECT_EQ(run(Machine::kMemoryBytes, 1, 1).trap, TrapKind::out_of_bounds_memory_access);
    }
  }
}

TEST_P(X64Atomics, LoadsAndStores) {
  for (const auto& [type, size] : kWidths) {
    compile(type, [&](FunctionBuilder& f) {
      return f.access(Opcode::atomic_load, type, {f.param(0), Value::none()}, access_of(type, size));
    });
    EXPECT_EQ(low(run(0, 0, 0).result, size_of(type)), low(kAtomicOld, size));
    EXPECT_EQ(run(Machine::kMemoryBytes, 0, 0).trap, TrapKind::out_of_bounds_memory_access);
    compile(type, [&](FunctionBuilder& f) {
      f.access(Opcode::atomic_store, Type::none, {f.param(0), Value::none(), f.param(1)}, access_of(type, size, true));
      return f.param(1);
    });
    const Effect effect = run(0, low(0x1122334455667788, size_of(type)), 0);
    EXPECT_EQ(effect.memory, kAtomicOld - low(kAtomicOld, size) + low(0x1122334455667788, size));
    EXPECT_EQ(low(effect.result, size_of(type)),
              low(0x1122334455667788, size_of(type)));  // the operand keeps its value
    EXPECT_EQ(run(Machine::kMemoryBytes, 0, 0).trap, TrapKind::out_of_bounds_memory_access);
  }
}

// The address and the operand are the same value.
TEST_P(X64Atomics, TheAddressAsOperand) {
  for (const AtomicOp op : kAtomicOps) {
    compile(Type::i32, [&](FunctionBuilder& f) {
      return f.access(Opcode::atomic_rmw, Type::i32, {f.param(0), Value::none(), f.param(0)}, access_of(Type::i32, 4),
                      static_cast<uint8_t>(op));
    });
    std::memcpy(machine_->memory() + 24, &kAtomicOld, 8);
    const Effect effect = run(8, 0, 0);
    uint32_t memory = 0;
    std::memcpy(&memory, machine_->memory() + 24, 4);
    EXPECT_EQ(low(effect.result, 4), low(kAtomicOld, 4)) << int(op);
    EXPECT_EQ(memory, low(apply(op, kAtomicOld, 8), 4)) << int(op);
  }
}

INSTANTIATE_TEST_SUITE_P(Registers, X64Atomics, ::testing::Values(0u, 6u));

}  // namespace
}  // namespace cairn::x64

#endif
