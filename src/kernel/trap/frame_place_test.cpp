#include "kernel/trap/frame_place.hpp"

#include <gtest/gtest.h>

namespace cairn::kernel {
namespace {

constexpr uint64_t kBottom = 0xffff'ffff'8030'0000, kTop = kBottom + 256 * 1024, kSize = 448;

TEST(FramePlace, IsBelowWhatTheKernelUses) {
  const auto place = frame_place(kTop - 1000, kBottom, kTop, 0, kSize);
  ASSERT_TRUE(place);
  EXPECT_LE(*place + kSize, kTop - 1000 - 128);
  EXPECT_EQ(*place % 16, 0);
  EXPECT_TRUE(frame_place(kTop, kBottom, kTop, 0, kSize));
}

TEST(FramePlace, IsBelowTheEntryOfGuestCode) {
  const auto place = frame_place(0x7fff'0008, kBottom, kTop, kTop - 4096, kSize);
  ASSERT_TRUE(place);
  EXPECT_LE(*place + kSize, kTop - 4096 - 128);
  EXPECT_EQ(*place % 16, 0);
}

TEST(FramePlace, IsNowhereElse) {
  EXPECT_FALSE(frame_place(0x7fff'0008, kBottom, kTop, 0, kSize)) << "a guest's stack pointer, but no entry";
  EXPECT_FALSE(frame_place(kBottom - 8, kBottom, kTop, kTop - 4096, kSize)) << "in the guard below the stack";
  EXPECT_FALSE(frame_place(kBottom + kTrapReserve - 8, kBottom, kTop, kTop - 4096, kSize)) << "too near the end";
  EXPECT_TRUE(frame_place(kBottom + kTrapReserve, kBottom, kTop, 0, kSize));
  EXPECT_FALSE(frame_place(kTop + 8, kBottom, kTop, kTop - 4096, kSize)) << "above the stack, such as a trap's";
  EXPECT_FALSE(frame_place(~uint64_t{0}, kBottom, kTop, kTop - 4096, kSize));
}

}  // namespace
}  // namespace cairn::kernel
