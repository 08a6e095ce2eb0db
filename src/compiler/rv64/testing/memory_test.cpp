// Runs loads and stores.
#include <cstdint>

#include "compiler/rv64/testing/configured_test.hpp"

namespace cairn::rv64 {
namespace {

using ir::Block;
using ir::Function;
using ir::Opcode;
using ir::Type;
using ir::Value;
using wasm::TrapKind;

class Rv64Memory : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Machines, Rv64Memory, kConfigurations, name_of_configuration);

// Makes loads and stores of all widths near both ends of the memory and outside of it, with the address in a register
// and as a constant. The values and traps must be right, and a store must change no other byte.
TEST_P(Rv64Memory, LoadsAndStores) {
  Program p = make();
  // The byte that qemu/run_code.c writes to this address: the first and the last 256 bytes of the memory are filled.
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
            if (inside && at + shape.size > 256 && at < 65280) continue;  // the bytes there are not filled
            if (is_constant) function = build(address);
            uint64_t value = 0;
            for (unsigned i = 0; i < shape.size; ++i) value |= uint64_t{byte_at(at + i)} << (8 * i);
            if (shape.extension == ir::Extension::sign) {
              const unsigned shift = 64 - 8 * shape.size;
              value = static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
            }
            const uint64_t stored = 0xfedc'ba98'7654'3210;
            // The bits above the i32 in its slot must not matter.
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

}  // namespace
}  // namespace cairn::rv64
