// Tests Arena and its vectors: exhaustion, alignment, recycled blocks.
#include "base/arena.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

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

TEST(Arena, UsesRecycledBlocksAgain) {
  Arena arena(1 << 20);
  void* first = arena.allocate(10'000, 64);
  arena.allocate(10'000, 64);
  arena.recycle(first, 10'000);
  const size_t used = arena.used();
  EXPECT_EQ(arena.allocate(4000, 8), first);
  auto* rest = static_cast<std::byte*>(arena.allocate(5000, 8));
  EXPECT_GE(rest, static_cast<std::byte*>(first) + 4000);
  EXPECT_LE(rest + 5000, static_cast<std::byte*>(first) + 10'000);
  EXPECT_EQ(arena.used(), used + 9000);  // recycled blocks count as work, although they take no memory
  arena.recycle(first, 4000);
  arena.reset();
  arena.allocate(20'000, 64);
  EXPECT_NE(arena.allocate(4000, 8), first);
}

// Vectors that grow, end and begin again never share storage.
TEST(Arena, KeepsRecycledBlocksApart) {
  Arena arena(size_t{1} << 30);
  std::vector<std::unique_ptr<ScratchVector<uint32_t>>> vectors(16);
  uint32_t random = 1;
  for (uint32_t step = 0; step < 20'000; ++step) {
    random = random * 1'664'525 + 1'013'904'223;
    const uint32_t which = (random >> 8) % 16;
    auto& vector = vectors[which];
    if (!vector) vector = std::make_unique<ScratchVector<uint32_t>>(arena);
    for (const uint32_t value : *vector) ASSERT_EQ(value >> 24, which);
    if (random >> 29 == 0) {
      vector.reset();
      continue;
    }
    const uint32_t count = (random >> 12) % 2000;
    for (uint32_t i = 0; i < count; ++i) vector->push_back(which << 24 | i);
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
