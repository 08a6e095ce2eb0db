// Runs jump tables.
#include <algorithm>
#include <cstdint>

#include "compiler/rv64/testing/configured_test.hpp"

namespace cairn::rv64 {
namespace {

using ir::Block;
using ir::Function;
using ir::Opcode;
using ir::Type;
using ir::Value;

class Rv64Control : public ConfiguredTest {};
INSTANTIATE_TEST_SUITE_P(Machines, Rv64Control, kConfigurations, name_of_configuration);

// The targets of the tables are blocks of their own and the common block `join`. The indices lie inside and outside of
// the tables.
TEST_P(Rv64Control, JumpTables) {
  Program p = make();
  // In the second round the code is so long that conditional branches do not reach their targets in their short form.
  for (unsigned padding : {0u, 3000u}) {
    for (unsigned count : {1u, 2u, 3u, 10u}) {
      const uint32_t function = p.add({Type::i32, Type::i64}, {Type::i64}, [&](Function& f) {
        const Block b = f.create_block(), join = f.create_block();
        const Value index = f.append_param(b, Type::i32);
        Value x = f.append_param(b, Type::i64);
        const Value r = f.append_param(join, Type::i64);
        std::vector<ir::Target> targets;
        for (unsigned i = 0; i < count; ++i) {
          if (i % 3 == 1) {  // a jump straight to the join: a critical edge with an argument
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

}  // namespace
}  // namespace cairn::rv64
