#include "base/arena.hpp"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Arena, ReportsExhaustionInsteadOfFailing) {
  Arena arena(1000);
  arena.allocate(900, 8);
  EXPECT_FALSE(arena.exhausted());
  EXPECT_NE(arena.allocate(200, 8), nullptr);
  EXPECT_TRUE(arena.exhausted());
  arena.reset();
  EXPECT_FALSE(arena.exhausted());
  EXPECT_EQ(arena.used(), 0u);
}

TEST(Arena, Aligns) {
  Arena arena(1 << 20);
  for (size_t alignment = 1; alignment <= 64; alignment *= 2) {
    arena.allocate(1, 1);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.allocate(8, alignment)) % alignment, 0u);
  }
}

TEST(ArenaVector, GrowsAndKeepsElements) {
  Arena arena(1 << 20);
  ArenaVector<int> numbers(arena);
  for (int i = 0; i < 1000; ++i) numbers.push_back(i);
  numbers.push_back(numbers[0]);
  ASSERT_EQ(numbers.size(), 1001u);
  for (size_t i = 0; i < 1000; ++i) EXPECT_EQ(numbers[i], static_cast<int>(i));
  EXPECT_EQ(numbers.back(), 0);
}

}  // namespace
}  // namespace cairn
