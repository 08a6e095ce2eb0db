// Tests how durations are written as text.
#include "base/format.hpp"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Format, DurationsAreInWholeSecondsOrMilliseconds) {
  EXPECT_EQ(duration(2'000'000'000), "2 s");
  EXPECT_EQ(duration(3'600'000'000'000), "3600 s");
  EXPECT_EQ(duration(1'500'000'000), "1500 ms");
  EXPECT_EQ(duration(250'000'000), "250 ms");
  EXPECT_EQ(duration(0), "0 s");
}

}  // namespace
}  // namespace cairn
