// Stacks that grow on a machine that is short of memory.
#include "kernel/memory/guest_stack.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernel/memory/formats/x64.hpp"
#include "kernel/memory/simulated_cpus_test.hpp"

namespace cairn::kernel {
namespace {

using Cpus = testing::SimulatedCpus<testing::X64Rules>;
using Table = PageTable<X64PageFormat, FrameSource, Cpus>;

constexpr VirtAddr kLow{kLargePageSize}, kHigh{uint64_t{1} << 40};

class GuestStackTest : public ::testing::Test {
 protected:
  GuestStackTest() {
    testing::give_all(ram_, source_, 16);
    EXPECT_TRUE(table_.create());
  }

  // Reserves a stack with a guard below; nothing is committed.
  std::span<const std::byte> reserve(uint64_t size) {
    const auto start = space_.reserve(kLow, kHigh, kStackGroup + size, kStackGroup);
    EXPECT_TRUE(start.has_value());
    return {(*start + kStackGroup).as_pointer(), size};
  }
  std::span<const std::byte> begin(uint64_t size) {
    const auto stack = reserve(size);
    EXPECT_TRUE(begin_stack(space_, VirtAddr::of(stack.data()), size).has_value());
    return stack;
  }
  uint64_t committed(std::span<const std::byte> stack) {
    const VirtAddr last = VirtAddr::of(&stack.back());
    return last.value + 1 - space_.committed_start(last).value;
  }

  testing::Ram ram_{4 << 20};
  FrameSource source_;
  Cpus cpus_{ram_, 4};
  Table table_{ram_.map(), source_, cpus_, 4};
  AddressSpace<Table> space_{ram_.map(), source_, table_};
};

TEST_F(GuestStackTest, GrowsByWhatIsTouchedAndTheReserve) {
  const auto stack = begin(16 * kStackGroup);
  const VirtAddr end = VirtAddr::of(&stack.back()) + 1;
  EXPECT_EQ(committed(stack), 2 * kStackGroup);
  EXPECT_EQ(grow_stack(space_, stack, {end.value - kStackGroup}), StackGrowth::sufficient);
  EXPECT_EQ(committed(stack), 2 * kStackGroup);
  EXPECT_EQ(grow_stack(space_, stack, {end.value - kStackGroup - 1}), StackGrowth::sufficient);
  EXPECT_EQ(committed(stack), 3 * kStackGroup);
  EXPECT_EQ(grow_stack(space_, stack, {end.value - 7 * kStackGroup}), StackGrowth::sufficient);
  EXPECT_EQ(committed(stack), 8 * kStackGroup);
  // At the end there is no further group, and the guard stays.
  EXPECT_EQ(grow_stack(space_, stack, VirtAddr::of(stack.data())), StackGrowth::sufficient);
  EXPECT_EQ(committed(stack), stack.size());
  EXPECT_FALSE(space_.is_committed({VirtAddr::of(stack.data()).value - 1}));
}

TEST_F(GuestStackTest, MayBeSmallOrEndInAPartOfAGroup) {
  for (const uint64_t size : {kPageSize, kStackGroup, kStackGroup + kPageSize, 2 * kStackGroup}) {
    const auto stack = begin(size);
    EXPECT_EQ(committed(stack), size);
    EXPECT_EQ(grow_stack(space_, stack, VirtAddr::of(stack.data())), StackGrowth::sufficient);
  }
  const auto stack = begin(3 * kStackGroup + kPageSize);
  EXPECT_EQ(committed(stack), 2 * kStackGroup);
  EXPECT_EQ(grow_stack(space_, stack, VirtAddr::of(stack.data()) + kStackGroup), StackGrowth::sufficient);
  EXPECT_EQ(committed(stack), stack.size());
}

// Guests touch their stacks at random depths. Where growing is refused, nothing changes, and where it is not, a group
// below the touched one is committed.
TEST_F(GuestStackTest, NeedsMemoryOnlyForWhatIsTouched) {
  std::mt19937 random(7);
  uint64_t refused = 0, grown = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::span<const std::byte>> stacks;
    uint64_t promised = 0;
    for (int i = 0; i < 6; ++i) {
      const auto stack = reserve((3 + random() % 30) * kStackGroup);
      if (!begin_stack(space_, VirtAddr::of(stack.data()), stack.size())) {
        space_.release({VirtAddr::of(stack.data()).value - kStackGroup});
        continue;
      }
      stacks.push_back(stack);
      promised += 2 * kStackGroup;
    }
    ASSERT_FALSE(stacks.empty());
    for (int step = 0; step < 60; ++step) {
      const auto stack = stacks[random() % stacks.size()];
      const uint64_t depth = 1 + random() % stack.size();
      const VirtAddr address{VirtAddr::of(stack.data()).value + (stack.size() - depth)};
      const uint64_t before = committed(stack);
      if (random() % 4 == 0) source_.injected_failure().arm(1 + random() % 2, InjectedFailure::Extent::one);
      const StackGrowth growth = grow_stack(space_, stack, address);
      source_.injected_failure().disarm();
      const uint64_t needed = std::min(stack.size(), align_up(depth, kStackGroup) + kStackGroup);
      if (growth == StackGrowth::refused) {
        ASSERT_GT(needed, before);
        ASSERT_EQ(committed(stack), before);
        ++refused;
      } else {
        ASSERT_EQ(committed(stack), std::max(before, needed));
        grown += needed > before ? 1 : 0;
        promised += committed(stack) - before;
        ASSERT_EQ(space_.fault(address, true, false), FaultOutcome::filled);
      }
      ASSERT_EQ(space_.committed_total(), promised);
      ASSERT_EQ(source_.promised(), space_.recount());
    }
    for (const auto stack : stacks) space_.release({VirtAddr::of(stack.data()).value - kStackGroup});
    ASSERT_EQ(space_.committed_total(), 0u);
  }
  EXPECT_GT(refused, 500u);
  EXPECT_GT(grown, 500u);
}

}  // namespace
}  // namespace cairn::kernel
