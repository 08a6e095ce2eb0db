// Runs loads and stores of vectors and of their lanes on this machine.
#include <gtest/gtest.h>

#include "compiler/x64/testing/vector_model.hpp"
#include "compiler/x64/testing/vector_values.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using ir::Opcode;

// Runs each access at an address inside the memory, where the result must be right, and at one outside, where the
// access must trap.
TEST(X64Vector, Memory) {
  for (const compiler::Options& options : configurations()) {
    Machine machine(options);
    Arena arena(size_t{1} << 30);
    struct Load {
      Opcode opcode;
      SimdOp op;            // only heap_load_extend depends on it
      unsigned size, lane;  // the size of the access in bytes, and the number of the lane
    };
    std::vector<Load> loads;
    for (const unsigned size : {1u, 2u, 4u, 8u}) loads.push_back({Opcode::heap_load_splat, SimdOp::v128_not, size, 0});
    for (const unsigned size : {4u, 8u}) loads.push_back({Opcode::heap_load_zero, SimdOp::v128_not, size, 0});
    for (const SimdOp op : {SimdOp::v128_load8x8_s, SimdOp::v128_load8x8_u, SimdOp::v128_load16x4_s,
                            SimdOp::v128_load16x4_u, SimdOp::v128_load32x2_s, SimdOp::v128_load32x2_u})
      loads.push_back({Opcode::heap_load_extend, op, 8, 0});
    for (const unsigned size : {1u, 2u, 4u, 8u})
      for (unsigned lane = 0; lane < 16 / size; ++lane) {
        loads.push_back({Opcode::heap_load_lane, SimdOp::v128_not, size, lane});
        loads.push_back({Opcode::heap_store_lane, SimdOp::v128_not, size, lane});
      }
    FunctionBuilder shape(arena, {Type::i32, Type::v128}, {Type::v128});
    const size_t entry = machine.add_entry(shape.function.signature);
    for (uint32_t i = 0; i < loads.size(); ++i) {
      FunctionBuilder f(arena, {Type::i32, Type::v128}, {Type::v128});
      ir::MemoryAccess access;
      access.size = static_cast<uint8_t>(loads[i].size);
      access.offset = 3;
      access.can_fault = true;
      const bool lane = loads[i].opcode == Opcode::heap_load_lane || loads[i].opcode == Opcode::heap_store_lane;
      const bool store = loads[i].opcode == Opcode::heap_store_lane;
      const Value result =
          lane ? f.access(loads[i].opcode, store ? Type::none : Type::v128, {f.param(0), Value::none(), f.param(1)},
                          access, static_cast<uint8_t>(loads[i].lane))
               : f.access(loads[i].opcode, Type::v128, {f.param(0), Value::none()}, access, 0, int64_t(loads[i].op));
      f.ret({store ? f.param(1) : result});
      f.function.function_index = i;
      machine.add(f.function);
    }
    machine.link();
    V128 content;
    for (unsigned i = 0; i < 16; ++i) content[i] = static_cast<std::byte>(0x77 + 13 * i);
    V128 vector_operand;
    for (unsigned i = 0; i < 16; ++i) vector_operand[i] = static_cast<std::byte>(0xa0 + i);
    for (uint32_t i = 0; i < loads.size(); ++i) {
      const Load& load = loads[i];
      std::memcpy(machine.memory() + 2003, content.data(), 16);
      const Outcome outcome = machine.run(entry, i, {Slot::of(2000u), Slot::of(vector_operand)}, 1);
      ASSERT_FALSE(outcome.trap.has_value());
      V128 expected{};
      switch (load.opcode) {
        case Opcode::heap_load_splat:
          for (unsigned k = 0; k < 16; ++k) expected[k] = content[k % load.size];
          break;
        case Opcode::heap_load_zero: std::memcpy(expected.data(), content.data(), load.size); break;
        case Opcode::heap_load_extend: {
          const V128& v = content;
          switch (load.op) {
            case SimdOp::v128_load8x8_s: expected = extend<int8_t, int16_t>(v, false); break;
            case SimdOp::v128_load8x8_u: expected = extend<uint8_t, uint16_t>(v, false); break;
            case SimdOp::v128_load16x4_s: expected = extend<int16_t, int32_t>(v, false); break;
            case SimdOp::v128_load16x4_u: expected = extend<uint16_t, uint32_t>(v, false); break;
            case SimdOp::v128_load32x2_s: expected = extend<int32_t, int64_t>(v, false); break;
            default: expected = extend<uint32_t, uint64_t>(v, false); break;
          }
          break;
        }
        case Opcode::heap_load_lane:
          expected = vector_operand;
          std::memcpy(expected.data() + load.lane * load.size, content.data(), load.size);
          break;
        default: {
          V128 stored = content;
          std::memcpy(stored.data(), vector_operand.data() + load.lane * load.size, load.size);
          EXPECT_EQ(std::memcmp(machine.memory() + 2003, stored.data(), 16), 0) << load.size << " " << load.lane;
          expected = vector_operand;
        }
      }
      EXPECT_EQ(outcome.results[0].as<V128>(), expected)
          << ir::facts(load.opcode).text << " size " << load.size << " lane " << load.lane;
      // This address is outside of the memory.
      const Outcome outside = machine.run(entry, i, {Slot::of(0x7fff0000u), Slot::of(vector_operand)}, 1);
      EXPECT_EQ(outside.trap, wasm::TrapKind::out_of_bounds_memory_access) << ir::facts(load.opcode).text;
    }
  }
}

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
