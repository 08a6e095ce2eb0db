#include "kernel/memory/heap.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "kernel/memory/simulated_memory_test.hpp"

namespace cairn::kernel {
namespace {

TEST(Heap, KeepsContentsAndAlignment) {
  testing::Ram ram(64 << 20);
  FrameSource source;
  testing::give_all(ram, source);
  const uint64_t free = testing::free_frames(source);
  Heap heap(ram.map(), source);
  struct Block {
    std::byte* start;
    size_t size;
    int fill;
  };
  std::vector<Block> blocks;
  std::mt19937 random(3);
  for (int i = 0; i < 30'000; ++i) {
    if (blocks.size() < 300 && random() % 3 != 0) {
      const size_t size = random() % 10 == 0 ? random() % 100'000 : random() % 3000;
      const size_t alignment = size_t{1} << random() % 7;
      auto* start = static_cast<std::byte*>(heap.allocate(size, alignment));
      ASSERT_NE(start, nullptr);
      ASSERT_EQ(reinterpret_cast<uintptr_t>(start) % std::max<size_t>(alignment, 16), 0u);
      std::memset(start, i & 0xff, size);
      blocks.push_back({start, size, i & 0xff});
    } else if (!blocks.empty()) {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      const Block block = blocks.back();
      for (size_t j = 0; j < block.size; ++j) ASSERT_EQ(block.start[j], static_cast<std::byte>(block.fill));
      heap.free(block.start);
      blocks.pop_back();
    }
  }
  for (const Block& block : blocks) heap.free(block.start);
  // One empty slab a class may stay.
  EXPECT_LE(free - testing::free_frames(source), 24u * 8);
  EXPECT_EQ(heap.footprint(), (free - testing::free_frames(source)) * kPageSize);
}

TEST(Heap, EverySizeFitsItsClass) {
  testing::Ram ram(32 << 20);
  FrameSource source;
  testing::give_all(ram, source);
  Heap heap(ram.map(), source);
  for (size_t size = 0; size <= 5000; ++size) {
    auto* a = static_cast<std::byte*>(heap.allocate(size, 16));
    auto* b = static_cast<std::byte*>(heap.allocate(size, 16));
    ASSERT_TRUE(a + size <= b || b + size <= a) << size;
    heap.free(a);
    heap.free(b);
  }
}

TEST(Heap, SaysWhenThereIsNoMore) {
  testing::Ram ram(2 << 20);
  FrameSource source;
  testing::give_all(ram, source);
  Heap heap(ram.map(), source);
  EXPECT_EQ(heap.allocate(4 << 20, 16), nullptr);
  EXPECT_EQ(heap.allocate(~size_t{0} - 10, 16), nullptr);
  // What is promised is not the heap's.
  ASSERT_TRUE(source.promise(testing::free_frames(source) - 10));
  EXPECT_EQ(heap.allocate(11 * kPageSize, 16), nullptr);
  EXPECT_NE(heap.allocate(9 * kPageSize, 16), nullptr);
}

// Every second frame is taken: there is no block of two, and small objects are found all the same until nothing is left.
TEST(Heap, UsesSingleFrames) {
  testing::Ram ram(4 << 20);
  FrameSource source;
  testing::give_all(ram, source);
  std::vector<PhysAddr> taken;
  while (const auto frame = source.allocate()) taken.push_back(*frame);
  for (const PhysAddr frame : taken) {
    if (frame.value / kPageSize % 2 == 0) source.free_contiguous(frame, 1);
  }
  const uint64_t free = testing::free_frames(source);
  ASSERT_GT(free, 500u);
  Heap heap(ram.map(), source);
  std::mt19937 random(1);
  std::vector<std::pair<std::byte*, size_t>> objects;
  for (;;) {
    const size_t size = 1 + random() % Heap::kLargestSmall;
    auto* object = static_cast<std::byte*>(heap.allocate(size, 16, Claim::fallible));
    if (object == nullptr) break;
    std::memset(object, static_cast<int>(size), size);
    objects.emplace_back(object, size);
  }
  EXPECT_EQ(testing::free_frames(source), 0u);
  EXPECT_GT(objects.size(), 2 * free);
  for (const auto& [object, size] : objects) {
    for (size_t i = 0; i < size; ++i) ASSERT_EQ(object[i], static_cast<std::byte>(size));
    heap.free(object);
  }
  EXPECT_GE(testing::free_frames(source) + 24, free);
}

// What may fail leaves the reserve to what must not.
TEST(Heap, KeepsTheReserveForWhatMustNotFail) {
  testing::Ram ram(4 << 20);
  FrameSource source;
  testing::give_all(ram, source, 100);
  Heap heap(ram.map(), source);
  while (heap.allocate(2048, 16, Claim::fallible) != nullptr) {
  }
  EXPECT_EQ(testing::free_frames(source), 100u);
  EXPECT_EQ(heap.allocate(10'000, 16, Claim::fallible), nullptr);
  while (heap.allocate(2048, 16, Claim::last) != nullptr) {
  }
  EXPECT_EQ(testing::free_frames(source), 0u);
}

}  // namespace
}  // namespace cairn::kernel
