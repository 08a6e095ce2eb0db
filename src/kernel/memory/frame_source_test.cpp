// Accounts with minimums, on a machine that is short of memory.
#include "kernel/memory/frame_source.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "kernel/memory/simulated_memory_test.hpp"

namespace cairn::kernel {
namespace {

constexpr uint64_t kReserve = 10;

class FrameSourceTest : public ::testing::Test {
 protected:
  FrameSourceTest() {
    testing::give_all(ram_, source_, kReserve);
    for (MemoryAccount& account : accounts_) {
      account.describe("program", ~uint64_t{0});
      EXPECT_TRUE(source_.add(account));
    }
  }
  ~FrameSourceTest() override {
    for (MemoryAccount& account : accounts_) source_.remove(account);
  }
  static Charge of(const MemoryAccount& account) { return {.account = account.number(), .use = Use::memory}; }

  testing::Ram ram_{1 << 20};
  FrameSource source_;
  std::array<MemoryAccount, 3> accounts_;
};

TEST_F(FrameSourceTest, KeepsAMinimum) {
  MemoryAccount &first = accounts_[0], &second = accounts_[1];
  const uint64_t all = source_.available_to(first);
  ASSERT_GT(all, 100u);
  EXPECT_FALSE(source_.set_minimum(first, all + 1));
  ASSERT_TRUE(source_.set_minimum(first, all - 20));
  EXPECT_EQ(source_.available_to(first), all);
  EXPECT_EQ(source_.available_to(second), 20u);
  EXPECT_FALSE(source_.set_minimum(second, 21));
  EXPECT_FALSE(source_.promise(21, Claim::fallible, of(second)));
  ASSERT_TRUE(source_.promise(20, Claim::fallible, of(second)));
  ASSERT_TRUE(source_.promise(all - 20, Claim::fallible, of(first)));
  EXPECT_EQ(source_.available_to(first), 0u);
  source_.forget_promise(20, of(second));
  source_.forget_promise(all - 20, of(first));
  // What the program has counts towards its minimum; what is beyond it, others may take.
  ASSERT_TRUE(source_.set_minimum(first, 5));
  ASSERT_TRUE(source_.promise(7, Claim::fallible, of(first)));
  EXPECT_EQ(source_.available_to(second), all - 7);
  source_.forget_promise(7, of(first));
  EXPECT_EQ(source_.available_to(second), all - 5);
  ASSERT_TRUE(source_.set_minimum(first, 0));
  EXPECT_EQ(source_.available_to(second), all);
}

// Whatever the accounts take and give back, each gets what is missing of its minimum, all at the same time.
TEST_F(FrameSourceTest, NoSequenceBreaksAMinimum) {
  std::mt19937 random(3);
  std::array<uint64_t, 3> minimums{}, promised{};
  std::array<std::vector<PhysAddr>, 3> taken;
  uint64_t refused = 0, granted = 0;
  for (int step = 0; step < 20'000; ++step) {
    const size_t who = random() % 3;
    MemoryAccount& account = accounts_[who];
    switch (random() % 5) {
      case 0: {
        const uint64_t minimum = random() % 120;
        if (source_.set_minimum(account, minimum)) minimums[who] = minimum;
        break;
      }
      case 1: {
        const uint64_t count = 1 + random() % 60;
        const bool done = source_.promise(count, Claim::fallible, of(account));
        if (done) promised[who] += count;
        ++(done ? granted : refused);
        break;
      }
      case 2: {
        const uint64_t count = random() % (promised[who] + 1);
        source_.forget_promise(count, of(account));
        promised[who] -= count;
        break;
      }
      case 3:
        if (const auto frame = source_.allocate_contiguous(1, Claim::fallible, of(account)))
          taken[who].push_back(*frame);
        break;
      case 4:
        if (taken[who].empty()) break;
        source_.free_contiguous(taken[who].back(), 1, of(account));
        taken[who].pop_back();
        break;
    }
    uint64_t missing = 0, used = 0;
    for (size_t i = 0; i < 3; ++i) {
      const uint64_t has = promised[i] + taken[i].size();
      missing += minimums[i] > has ? minimums[i] - has : 0;
      used += promised[i];
    }
    ASSERT_GE(testing::free_frames(source_), used + kReserve + missing) << "step " << step;
    for (size_t i = 0; i < 3; ++i) {
      const uint64_t has = promised[i] + taken[i].size();
      const uint64_t mine = minimums[i] > has ? minimums[i] - has : 0;
      ASSERT_EQ(source_.available_to(accounts_[i]), testing::free_frames(source_) - used - kReserve - (missing - mine));
    }
  }
  for (size_t i = 0; i < 3; ++i) {
    source_.forget_promise(promised[i], of(accounts_[i]));
    for (const PhysAddr frame : taken[i]) source_.free_contiguous(frame, 1, of(accounts_[i]));
  }
  EXPECT_GT(refused, 500u);
  EXPECT_GT(granted, 500u);
}

}  // namespace
}  // namespace cairn::kernel
