#include "kernel/fibers/cpu_share.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cairn::kernel {
namespace {

constexpr uint64_t kPeriod = CpuShare::kPeriod;

TEST(CpuShare, IsForEachPeriod) {
  CpuShare share(20);
  EXPECT_EQ(share.left(0), kPeriod / 5);
  share.charge(1000, kPeriod / 10);
  EXPECT_EQ(share.left(1000), kPeriod / 10);
  share.charge(2000, kPeriod / 10);
  EXPECT_EQ(share.left(kPeriod - 1), 0u);
  EXPECT_EQ(share.next_start(), kPeriod);
  EXPECT_EQ(share.left(kPeriod), kPeriod / 5);
  // What was not used does not add up.
  EXPECT_EQ(share.left(9 * kPeriod), kPeriod / 5);
}

TEST(CpuShare, TakesExcessOffTheNextPeriods) {
  CpuShare share(10);
  share.charge(5, kPeriod / 4);
  EXPECT_EQ(share.left(5), 0u);
  EXPECT_EQ(share.next_start(), 2 * kPeriod);
  EXPECT_EQ(share.left(kPeriod), 0u);
  EXPECT_EQ(share.next_start(), 2 * kPeriod);
  EXPECT_EQ(share.left(2 * kPeriod), kPeriod / 20);
}

// Fibers on several CPUs run for what is left and often for longer, and wait until next_start().
TEST(CpuShare, HoldsOnAverage) {
  std::mt19937_64 random(1);
  for (const uint64_t percent : {1, 30, 100, 250, 6400}) {
    CpuShare share(percent);
    uint64_t now = 0, used = 0, most = 0;
    for (int round = 0; round < 20'000; ++round) {
      const uint64_t left = share.left(now);
      if (left == 0) {
        EXPECT_GT(share.next_start(), now);
        now = share.next_start();
        EXPECT_GT(share.left(now), 0u);
        continue;
      }
      const uint64_t time = random() % 4 == 0 ? left + random() % (3 * kPeriod) : random() % (left + 1);
      now += time / (1 + percent / 100);
      share.charge(now, time);
      used += time;
      most = std::max(most, time);
    }
    EXPECT_LE(used, (now / kPeriod + 1) * (kPeriod / 100 * percent) + most) << percent;
  }
}

}  // namespace
}  // namespace cairn::kernel
