// Runs atomic accesses of every width, and compares the results with what C++ computes. The bytes around a narrow
// access have to keep their values.
#include "compiler/codegen/testing/atomic_cases.hpp"
#include "compiler/rv64/testing/execution.hpp"

namespace cairn::rv64 {
namespace {

using codegen::apply;
using codegen::kAtomicOld;
using codegen::kAtomicOps;
using codegen::kAtomicValues;
using codegen::low;
using ir::AtomicOp;
using ir::Opcode;
using ir::Type;
using ir::Value;
using wasm::TrapKind;

// The type of the operands and the result of an access, and its size in bytes.
struct Width {
  Type type;
  unsigned size;
};
constexpr Width kWidths[] = {{Type::i32, 1}, {Type::i32, 2}, {Type::i32, 4}, {Type::i64, 1},
                             {Type::i64, 2}, {Type::i64, 4}, {Type::i64, 8}};

// Returns the low 8 bytes of an argument's slot. An i32 is sign-extended there, as in its register.
uint64_t argument(Type type, uint64_t value) {
  return type == Type::i32 ? static_cast<uint64_t>(static_cast<int32_t>(value)) : value;
}

// An atomic access: its instruction and type, and its size in bytes.
struct Atomic {
  Opcode opcode;
  Type type;
  unsigned size;
  AtomicOp op = AtomicOp::add;  // for atomic_rmw only
};

// Makes a function (address, a, b, word) -> (old value, new memory), where `word` is `address` rounded down to 8 bytes.
// The function writes kAtomicOld to word + 32, makes the access at address + 32, and reads the 8 bytes back. Its first
// result is `a` for a store.
void build(ir::Function& f, const Atomic& atomic) {
  const ir::Block block = f.create_block();
  const Value address = f.append_param(block, Type::i32);
  const Value a = f.append_param(block, atomic.type);
  const Value b = f.append_param(block, atomic.type);
  const Value word = f.append_param(block, Type::i32);
  ir::MemoryAccess whole;
  whole.size = 8;
  whole.offset = 32;
  whole.can_fault = true;
  const Value old = f.append(block, instruction(Opcode::iconst, Type::i64, {}, static_cast<int64_t>(kAtomicOld)));
  ir::Instruction init = instruction(Opcode::heap_store, Type::none, {word, Value::none(), old});
  init.extra = f.add_access(whole);
  f.append(block, init);
  ir::MemoryAccess access = whole;
  access.size = static_cast<uint8_t>(atomic.size);
  if (atomic.opcode != Opcode::atomic_store && atomic.size < size_of(atomic.type))
    access.extension = ir::Extension::zero;
  ir::Instruction inst = instruction(atomic.opcode, atomic.opcode == Opcode::atomic_store ? Type::none : atomic.type,
                                     {address, Value::none()}, 0, static_cast<uint8_t>(atomic.op));
  if (atomic.opcode == Opcode::atomic_cas) {
    const Value operands[] = {address, Value::none(), a, b};
    inst.immediate = f.add_values(operands);
  } else if (atomic.opcode != Opcode::atomic_load) {
    inst.operands[2] = a;
  }
  inst.extra = f.add_access(access);
  Value result = f.append(block, inst);
  if (atomic.opcode == Opcode::atomic_store) result = a;
  ir::Instruction back = instruction(Opcode::heap_load, Type::i64, {word, Value::none()});
  back.extra = f.add_access(whole);
  const Value memory = f.append(block, back);
  const Value results[] = {result, memory};
  append_return(f, block, results);
}

// Adds calls of a function that makes the access: with each of `values` as `a`, at each aligned place in the 8 bytes;
// and one call that is out of bounds. expected(old, a) is the value that the memory has to hold after the access.
void add_calls(Program& program, const Atomic& atomic, std::span<const uint64_t> values,
               const std::function<uint64_t(uint64_t old, uint64_t a)>& expected) {
  const Type type = atomic.type;
  const uint32_t function =
      program.add({Type::i32, type, type, Type::i32}, {type, Type::i64}, [&](ir::Function& f) { build(f, atomic); });
  constexpr uint64_t kReplacement = 0x1122'3344'5566'7788;
  for (const uint64_t value : values) {
    for (unsigned at = 0; at < 8; at += atomic.size) {
      const uint64_t old = low(kAtomicOld >> (8 * at), atomic.size);
      const uint64_t mask = low(~uint64_t{0}, atomic.size) << (8 * at);
      const uint64_t now = (kAtomicOld & ~mask) | (low(expected(old, value), atomic.size) << (8 * at));
      const uint64_t result = atomic.opcode == Opcode::atomic_store ? low(value, size_of(type)) : old;
      program.call(function,
                   {slot_of(at), slot_of(argument(type, value)), slot_of(argument(type, kReplacement)), slot_of(0u)},
                   [=](const Outcome& outcome) {
                     ASSERT_FALSE(outcome.trap);
                     EXPECT_EQ(low(from_slot<uint64_t>(outcome.values[0]), size_of(type)), result)
                         << facts(atomic.opcode).text << int(atomic.op) << " size " << atomic.size << " at " << at;
                     EXPECT_EQ(from_slot<uint64_t>(outcome.values[1]), now)
                         << facts(atomic.opcode).text << int(atomic.op) << " size " << atomic.size << " at " << at;
                   });
    }
  }
  program.call(function, {slot_of(65536u), slot_of(uint64_t{1}), slot_of(uint64_t{1}), slot_of(0u)},
               [=](const Outcome& outcome) { EXPECT_EQ(outcome.trap, TrapKind::out_of_bounds_memory_access); });
}

TEST(Rv64Atomics, EveryWidth) {
  ASSERT_TRUE(Program::can_run()) << "needs qemu-riscv64, clang-22 and RISC-V's C library: tools/packages.txt";
  for (const uint32_t registers : {0u, 6u}) {
    Program program(machines()[registers == 0 ? 0 : 1], registers);
    for (const auto& [type, size] : kWidths) {
      for (const AtomicOp op : kAtomicOps) {
        add_calls(program, {Opcode::atomic_rmw, type, size, op}, kAtomicValues,
                  [op](uint64_t old, uint64_t by) { return apply(op, old, by); });
      }
      add_calls(program, {Opcode::atomic_load, type, size}, {}, [](uint64_t old, uint64_t) { return old; });
      add_calls(program, {Opcode::atomic_load, type, size}, std::span(kAtomicValues).first(1),
                [](uint64_t old, uint64_t) { return old; });
      add_calls(program, {Opcode::atomic_store, type, size}, kAtomicValues, [](uint64_t, uint64_t by) { return by; });
      std::vector<uint64_t> expected = {0, ~uint64_t{0}};
      for (unsigned at = 0; at < 8; at += size) {
        expected.push_back(low(kAtomicOld >> (8 * at), size));
        expected.push_back(kAtomicOld >> (8 * at));
      }
      const unsigned bytes = size;
      add_calls(program, {Opcode::atomic_cas, type, size}, expected, [bytes](uint64_t old, uint64_t wanted) {
        return low(old, bytes) == low(wanted, bytes) ? 0x1122'3344'5566'7788 : old;
      });
    }
    program.run();
  }
}

}  // namespace
}  // namespace cairn::rv64
