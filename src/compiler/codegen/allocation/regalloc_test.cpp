// Allocates registers for random machine functions, and checks the results with checker.hpp. The environment variable
// CAIRN_FUZZ_SEEDS sets the number of functions of each test, and CAIRN_FUZZ_PRINT prints them.
#include "compiler/codegen/allocation/regalloc.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "compiler/codegen/allocation/checker.hpp"
#include "compiler/codegen/allocation/random_machine_function.hpp"
#include "compiler/codegen/dump.hpp"

namespace cairn::codegen {
namespace {

using testing::RandomFunction;
using testing::RandomOptions;
using testing::TestRegisters;

void check_seed(const TestRegisters& registers, uint64_t seed, const RandomOptions& options, uint32_t limit) {
  Arena arena(size_t{1} << 30);
  MachineFunction function(arena);
  RandomFunction(function, registers, seed, options).generate();
  if (std::getenv("CAIRN_FUZZ_PRINT") != nullptr)
    printf("seed %d limit %u\n%s\n", static_cast<int>(seed), limit, to_text(function, nullptr, nullptr).c_str()),
        fflush(stdout);
  auto result = allocate_registers(function, registers.file, {.register_limit = limit});
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  const std::string problem = check_allocation(function, registers.file, *result);
  ASSERT_EQ(problem, "") << "seed " << seed << " limit " << limit << "\n"
                         << (function.insts.size() < 400 ? to_text(function, &*result, nullptr) : "");
}

uint64_t seeds(uint64_t usual) {
  const char* text = std::getenv("CAIRN_FUZZ_SEEDS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : usual;
}

TEST(RegAlloc, RandomFunctionsWithVectors) {
  const TestRegisters registers(true);
  for (uint64_t seed = 0; seed < seeds(400); ++seed)
    for (uint32_t limit : {0u, 2u, 4u}) {
      check_seed(registers, seed, {.size = 10 + static_cast<unsigned>(seed % 90)}, limit);
      if (HasFatalFailure()) return;
    }
}

TEST(RegAlloc, RandomFunctionsWithoutVectors) {
  const TestRegisters registers(false);
  for (uint64_t seed = 0; seed < seeds(300); ++seed)
    for (uint32_t limit : {0u, 1u, 3u}) {
      check_seed(registers, seed, {.size = 10 + static_cast<unsigned>(seed % 90), .calls = 20}, limit);
      if (HasFatalFailure()) return;
    }
}

TEST(RegAlloc, LargerRandomFunctions) {
  const TestRegisters registers(true, 12);
  for (uint64_t seed = 0; seed < seeds(10); ++seed)
    for (uint32_t limit : {0u, 3u}) {
      check_seed(registers, seed, {.size = 1000, .max_depth = 6, .calls = 5}, limit);
      if (HasFatalFailure()) return;
    }
}

TEST(RegAlloc, HugeFunctionsTakeLinearTime) {
  const TestRegisters registers(true, 12);
  for (unsigned size : {100'000u}) {
    Arena arena(size_t{4} << 30);
    MachineFunction function(arena);
    RandomFunction(function, registers, 7, {.size = size, .max_depth = 8, .calls = 5}).generate();
    const auto before = std::chrono::steady_clock::now();
    const size_t used = arena.used();
    auto result = allocate_registers(function, registers.file, {});
    ASSERT_TRUE(result.has_value());
    const auto time = std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
    RecordProperty("instructions", static_cast<int>(function.insts.size()));
    printf("%zu instructions, %zu blocks, %zu registers: %.1f ms, %.1f MB, %zu moves\n", function.insts.size(),
           function.blocks.size(), function.vregs.size(), time * 1e3, static_cast<double>(arena.used() - used) / 1e6,
           result->moves.size());
    EXPECT_LT(time, 20);
  }
}

}  // namespace
}  // namespace cairn::codegen
