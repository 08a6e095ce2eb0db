#include "kernel/memory/frame_allocator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>

#include "kernel/memory/simulated_memory_test.hpp"

namespace cairn::kernel {
namespace {

using testing::Ram;

// Does random operations. No two blocks may overlap, and when all are freed the memory must be one piece again.
TEST(FrameAllocator, NeverGivesAFrameTwice) {
  Ram ram(8 << 20);
  FrameAllocator frames;
  const PhysRange range = ram.range();
  ASSERT_TRUE(frames.initialize(ram.map(), std::span(&range, 1), range.end()));
  const uint64_t all = frames.free_frames();
  EXPECT_EQ(frames.total_frames(), range.size / kPageSize);
  std::mt19937 random(7);
  std::map<uint64_t, uint64_t> blocks;  // start frame -> frames
  uint64_t taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (blocks.empty() || random() % 2 == 0) {
      const bool power = random() % 2 == 0;
      const uint64_t count = power ? uint64_t{1} << random() % 7 : 1 + random() % 40;
      const auto block =
          power ? frames.allocate(static_cast<unsigned>(std::countr_zero(count))) : frames.allocate_contiguous(count);
      if (!block) continue;
      const uint64_t start = block->value / kPageSize;
      if (power) {
        EXPECT_EQ(start % count, 0u);
      }
      const auto next = blocks.lower_bound(start);
      ASSERT_TRUE(next == blocks.end() || next->first >= start + count);
      ASSERT_TRUE(next == blocks.begin() || std::prev(next)->first + std::prev(next)->second <= start);
      std::memset(ram.map().at(*block), 0xee, count * kPageSize);
      frames.set_note(*block, 77);
      blocks.emplace(start, count);
      taken += count;
    } else {
      auto victim = blocks.begin();
      std::advance(victim, random() % blocks.size());
      ASSERT_EQ(frames.note({victim->first * kPageSize}), 77u);
      frames.free_contiguous({victim->first * kPageSize}, victim->second);
      taken -= victim->second;
      blocks.erase(victim);
    }
    ASSERT_EQ(frames.free_frames(), all - taken);
  }
  for (const auto& [start, count] : blocks) frames.free_contiguous({start * kPageSize}, count);
  EXPECT_EQ(frames.free_frames(), all);
  EXPECT_TRUE(frames.allocate_contiguous(1024).has_value());  // 4 of 8 MiB in one piece
}

TEST(FrameAllocator, SaysWhenThereIsNoMore) {
  Ram ram(1 << 20);
  FrameAllocator frames;
  const PhysRange range = ram.range();
  ASSERT_TRUE(frames.initialize(ram.map(), std::span(&range, 1), range.end()));
  while (frames.allocate(0)) {
  }
  EXPECT_EQ(frames.free_frames(), 0u);
  EXPECT_FALSE(frames.allocate_contiguous(3).has_value());
  EXPECT_FALSE(frames.allocate_contiguous(~uint64_t{0}).has_value());
}

// The allocator does not touch free memory, so that the host of a virtual machine need not provide it yet.
TEST(FrameAllocator, LeavesFreeMemoryAlone) {
  Ram ram(8 << 20);
  const PhysRange range = ram.range();
  std::byte* const bytes = ram.map().at(range.start);
  constexpr std::byte kUntouched{0x5a};
  std::memset(bytes, static_cast<int>(kUntouched), range.size);
  FrameAllocator frames;
  ASSERT_TRUE(frames.initialize(ram.map(), std::span(&range, 1), range.end()));
  ASSERT_TRUE(frames.allocate(0).has_value());
  ASSERT_TRUE(frames.allocate_contiguous(5).has_value());
  uint64_t touched = 0;
  for (uint64_t frame = 0; frame < range.size / kPageSize; ++frame) {
    const std::span<const std::byte> page(bytes + frame * kPageSize, kPageSize);
    touched += std::ranges::all_of(page, [&](std::byte b) { return b == kUntouched; }) ? 0 : 1;
  }
  EXPECT_LE(touched, 2 + 4u);  // the records, and the first frames of a few small blocks
}

TEST(FrameAllocator, TakesRangesWithHoles) {
  Ram ram(4 << 20);
  FrameAllocator frames;
  const PhysRange ranges[] = {{{Ram::kStart}, 3 * kPageSize}, {{Ram::kStart + 0x10000}, 0x100000}};
  ASSERT_TRUE(frames.initialize(ram.map(), ranges, Ram::kStart + (4 << 20)));
  EXPECT_EQ(frames.total_frames(), 3u + 256u);
  while (const auto frame = frames.allocate(0)) {
    const uint64_t offset = frame->value - Ram::kStart;
    EXPECT_TRUE(offset < 0x3000 || (offset >= 0x10000 && offset < 0x110000));
  }
}

}  // namespace
}  // namespace cairn::kernel
