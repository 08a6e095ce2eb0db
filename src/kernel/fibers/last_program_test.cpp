#include "kernel/fibers/last_program.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace cairn::kernel {
namespace {

TEST(LastProgram, ChangesWhenAnotherProgramRuns) {
  LastProgram last;
  EXPECT_TRUE(last.enter(1));
  EXPECT_FALSE(last.enter(1));
  EXPECT_TRUE(last.enter(2));
  EXPECT_TRUE(last.enter(1));
}

TEST(LastProgram, IsNotChangedByTheKernelsFibers) {
  LastProgram last;
  EXPECT_FALSE(last.enter(0));
  EXPECT_TRUE(last.enter(1));
  EXPECT_FALSE(last.enter(0));
  EXPECT_FALSE(last.enter(1));
  EXPECT_FALSE(last.enter(0));
  EXPECT_TRUE(last.enter(2));
}

// The model knows which programs' branches the CPU remembers: a barrier forgets all of them. A program never runs while
// branches of another one are remembered.
TEST(LastProgram, LeavesNoBranchesOfOtherPrograms) {
  std::mt19937 random(1);
  LastProgram last;
  std::vector<uint64_t> remembered;
  size_t barriers = 0, runs = 0;
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t program = random() % 4;
    if (last.enter(program)) remembered.clear(), ++barriers;
    if (program == 0) continue;
    ++runs;
    for (const uint64_t other : remembered) EXPECT_EQ(other, program);
    remembered = {program};
  }
  EXPECT_LT(barriers, runs);
}

}  // namespace
}  // namespace cairn::kernel
