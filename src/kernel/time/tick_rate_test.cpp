#include "kernel/time/tick_rate.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cairn::kernel {
namespace {

constexpr uint64_t kRates[] = {1'000'000, 10'000'000, 24'000'000, 32'768, 999'999'937, 2'600'000'000, 2'899'999'000};

TEST(TickRate, BeforeItIsKnown) {
  EXPECT_EQ(TickRate().nanoseconds(12345), 0U);
  EXPECT_EQ(TickRate().ticks(1), ~uint64_t{0});
}

// A timer that is requested for a time comes at that time or later, and not a tick too late, for hundreds of years.
TEST(TickRate, TicksAreTheInverseOfNanoseconds) {
  std::mt19937_64 random(1);
  for (const uint64_t rate : kRates) {
    const TickRate ticks_of(rate);
    for (int i = 0; i < 20'000; ++i) {
      const uint64_t time = random() >> (2 + random() % 60);
      const uint64_t ticks = ticks_of.ticks(time);
      ASSERT_GE(ticks_of.nanoseconds(ticks), time) << rate;
      if (ticks != 0) ASSERT_LT(ticks_of.nanoseconds(ticks - 1), time) << rate;
    }
  }
}

TEST(TickRate, IsAccurate) {
  for (const uint64_t rate : kRates) {
    const double day = 86'400e9;
    EXPECT_NEAR(static_cast<double>(TickRate(rate).nanoseconds(rate * 86'400)), day, day * 1e-9 * 5) << rate;
  }
}

}  // namespace
}  // namespace cairn::kernel
