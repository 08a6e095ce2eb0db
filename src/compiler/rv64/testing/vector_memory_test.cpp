// Runs loads and stores of vectors and of their lanes.
#include <algorithm>
#include <array>

#include "compiler/rv64/testing/configured_test.hpp"
#include "compiler/rv64/testing/vector_model.hpp"
#include "compiler/rv64/testing/vector_values.hpp"

namespace cairn::rv64 {
namespace {

using ir::Block;
using ir::Function;
using ir::Opcode;
using ir::SimdOp;
using ir::Type;
using ir::V128;
using ir::Value;

class Rv64VectorMemory : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Machines, Rv64VectorMemory, kVectorConfigurations, name_of_configuration);

// Makes accesses of each kind inside and outside of the memory. The results and traps must be right, and a store that
// traps must write nothing.
TEST_P(Rv64VectorMemory, Accesses) {
  Program p = make();
  std::array<uint8_t, 256> memory;
  for (unsigned i = 0; i < 256; ++i) memory[i] = static_cast<uint8_t>(i * 37 + 11);
  // Returns the 16 bytes at this address of the memory, as qemu/run_code.c fills it.
  const auto at_memory = [=](uint64_t at) {
    V128 v{};
    for (unsigned i = 0; i < 16; ++i) v[i] = static_cast<std::byte>(memory[(at + i) & 255]);
    return v;
  };
  const V128 given = samples()[8];
  struct Kind {
    Opcode opcode;
    uint8_t size;
    SimdOp op;
    unsigned lane;
  };
  std::vector<Kind> kinds = {{Opcode::heap_load, 16, {}, 0}, {Opcode::heap_store, 16, {}, 0}};
  for (const uint8_t size : {uint8_t{1}, uint8_t{2}, uint8_t{4}, uint8_t{8}}) {
    kinds.push_back({Opcode::heap_load_splat, size, {}, 0});
    for (unsigned lane = 0; lane < 16u / size; lane += 3) {
      kinds.push_back({Opcode::heap_load_lane, size, {}, lane});
      kinds.push_back({Opcode::heap_store_lane, size, {}, lane});
    }
  }
  kinds.push_back({Opcode::heap_load_zero, 4, {}, 0});
  kinds.push_back({Opcode::heap_load_zero, 8, {}, 0});
  for (SimdOp op : {SimdOp::v128_load8x8_s, SimdOp::v128_load8x8_u, SimdOp::v128_load16x4_s, SimdOp::v128_load16x4_u,
                    SimdOp::v128_load32x2_s, SimdOp::v128_load32x2_u})
    kinds.push_back({Opcode::heap_load_extend, 8, op, 0});
  for (const Kind& kind : kinds)
    for (uint64_t offset : {uint64_t{0}, uint64_t{9}, uint64_t{65000}}) {
      const bool is_store = kind.opcode == Opcode::heap_store || kind.opcode == Opcode::heap_store_lane;
      const uint32_t function = p.add(
          {Type::i32, Type::v128}, is_store ? std::vector<Type>() : std::vector<Type>{Type::v128}, [&](Function& f) {
            const Block b = f.create_block();
            const Value at = f.append_param(b, Type::i32), v = f.append_param(b, Type::v128);
            ir::MemoryAccess access;
            access.size = kind.size;
            access.offset = offset;
            access.can_fault = true;
            ir::Instruction inst = instruction(kind.opcode, is_store ? Type::none : Type::v128, {at, Value::none()},
                                               static_cast<int64_t>(kind.op), static_cast<uint8_t>(kind.lane));
            if (is_store || kind.opcode == Opcode::heap_load_lane) inst.operands[2] = v;
            inst.extra = f.add_access(access);
            const Value r = f.append(b, inst);
            append_return(f, b, std::span(&r, is_store ? 0 : 1));
          });
      for (uint32_t address : {0u, 3u, 100u, 0xffff'fff0u, 65536u - static_cast<uint32_t>(offset) - kind.size + 1}) {
        const uint64_t place = address + offset;
        const bool inside = place + kind.size <= 256;
        if (!inside && place + kind.size <= 65536) continue;
        p.call(
            function, {slot_of<uint64_t>(address), given},
            [=](const Outcome& outcome) {
              if (!inside) {
                EXPECT_EQ(outcome.trap, wasm::TrapKind::out_of_bounds_memory_access);
                for (unsigned i = 0; i < 256; ++i)
                  EXPECT_EQ(outcome.memory[256 + i], static_cast<uint8_t>(i * 53 + 7))
                      << "written before the trap, at " << i;
                return;
              }
              ASSERT_FALSE(outcome.trap);
              V128 loaded = at_memory(place), expected{};
              if (is_store) {
                const unsigned from = kind.size == 16 ? 0 : kind.size * kind.lane;
                for (unsigned i = 0; i < 256; ++i) {
                  const bool written = i >= place && i < place + kind.size;
                  EXPECT_EQ(outcome.memory[i], written ? static_cast<uint8_t>(given[from + i - place]) : memory[i]);
                }
                return;
              }
              switch (kind.opcode) {
                case Opcode::heap_load: expected = loaded; break;
                case Opcode::heap_load_splat:
                  for (unsigned i = 0; i < 16; ++i) expected[i] = loaded[i % kind.size];
                  break;
                case Opcode::heap_load_zero: std::copy_n(loaded.begin(), kind.size, expected.begin()); break;
                case Opcode::heap_load_lane:
                  expected = given;
                  std::copy_n(loaded.begin(), kind.size, expected.begin() + kind.size * kind.lane);
                  break;
                default: expected = reference::evaluate(kind.op, loaded, {}, {}, 0, 0); break;
              }
              EXPECT_EQ(text(expected), text(outcome.values[0])) << ir::facts(kind.opcode).text << int{kind.size};
            },
            Program::shown);
      }
    }
  p.run();
}

}  // namespace
}  // namespace cairn::rv64
