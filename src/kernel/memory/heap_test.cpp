#include "kernel/memory/heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
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
  // One empty slab of each of the 24 classes may stay, and a slab has at most 8 frames.
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
  // The heap must not take promised frames.
  ASSERT_TRUE(source.promise(testing::free_frames(source) - 10));
  EXPECT_EQ(heap.allocate(11 * kPageSize, 16), nullptr);
  EXPECT_NE(heap.allocate(9 * kPageSize, 16), nullptr);
}

// Every second frame is taken, so there is no block of two frames. Small objects are still allocated until no frame is
// left.
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
  // One empty slab of each of the 24 classes may stay. All slabs are single frames here.
  EXPECT_GE(testing::free_frames(source) + 24, free);
}

// Allocations that may fail leave the reserve to those that must not.
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

// Runs random operations, up to two at the same time. The allocations of kept operations are freed one by one later,
// those of dropped operations at once, and no contents change.
TEST(Heap, KeepsOrDropsOperations) {
  testing::Ram ram(64 << 20);
  FrameSource source;
  testing::give_all(ram, source);
  const uint64_t free = testing::free_frames(source);
  Heap heap(ram.map(), source);
  struct Object {
    std::byte* start;
    size_t size;
    std::byte fill;
    bool is_mapped = false;
  };
  struct Running {
    Heap::Operation operation;
    std::vector<Object> objects;
  };
  std::vector<Object> ordinary;
  std::array<Running, 2> running;
  std::vector<std::unique_ptr<std::byte[]>> mappings;  // these stand for pages that the kernel maps
  std::mt19937 random(4);
  const auto allocate = [&](std::vector<Object>& objects, Heap::Operation* operation) {
    const size_t size = random() % 8 == 0 ? random() % 60'000 : random() % 2500;
    auto* start = static_cast<std::byte*>(heap.allocate(size, size_t{1} << random() % 7, Claim::last, operation));
    ASSERT_NE(start, nullptr);
    objects.push_back({start, size, static_cast<std::byte>(random())});
    std::fill_n(start, size, objects.back().fill);
  };
  const auto free_one = [&](std::vector<Object>& objects) {
    if (objects.empty()) return;
    std::swap(objects[random() % objects.size()], objects.back());
    const Object object = objects.back();
    objects.pop_back();
    for (size_t i = 0; i < object.size; ++i) ASSERT_EQ(object.start[i], object.fill);
    if (object.is_mapped) {
      Heap::forget_mapped(object.start - Heap::kBlockHeader);
    } else {
      heap.free(object.start);
    }
  };
  const auto map_one = [&](Running& owner) {
    mappings.push_back(std::make_unique<std::byte[]>(4096));
    auto* start = static_cast<std::byte*>(Heap::adopt_mapped(mappings.back().get(), owner.operation));
    owner.objects.push_back({start, 100, std::byte{9}, true});
    std::fill_n(start, 100, std::byte{9});
  };
  const auto end = [&](Running& owner) {
    if (random() % 2 == 0) {
      while (heap.keep_portion(owner.operation)) {
      }
      ordinary.insert(ordinary.end(), owner.objects.begin(), owner.objects.end());
    } else {
      int64_t unmapped = 0;
      while (heap.drop_portion(owner.operation, [&](std::byte*) { ++unmapped; })) {
      }
      ASSERT_EQ(unmapped, std::ranges::count_if(owner.objects, [](const Object& o) { return o.is_mapped; }));
    }
    owner.objects.clear();
  };
  for (int step = 0; step < 60'000; ++step) {
    Running& owner = running[random() % 2];
    switch (random() % 16) {
      case 0:
        if (random() % 12 == 0) end(owner);
        break;
      case 1:
        if (random() % 40 == 0) map_one(owner);
        break;
      case 2:
      case 3:
      case 4: free_one(owner.objects); break;
      case 5:
      case 6:
      case 7:
      case 8: free_one(ordinary); break;
      case 9:
      case 10:
        if (ordinary.size() < 500) allocate(ordinary, nullptr);
        break;
      default: allocate(owner.objects, &owner.operation); break;
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
  for (Running& owner : running) {
    end(owner);
    if (::testing::Test::HasFatalFailure()) return;
  }
  while (!ordinary.empty()) free_one(ordinary);
  EXPECT_EQ(heap.used(), 0u);
  // One empty slab of each of the 24 classes may stay, and a slab has at most 8 frames.
  EXPECT_LE(free - testing::free_frames(source), 24u * 8);
  EXPECT_EQ(heap.footprint(), (free - testing::free_frames(source)) * kPageSize);
}

// Dropping an operation frees all that it has allocated, also while another operation goes on.
TEST(Heap, DropsWhatAnOperationHasTaken) {
  testing::Ram ram(16 << 20);
  FrameSource source;
  testing::give_all(ram, source);
  Heap heap(ram.map(), source);
  Heap::Operation other;
  ASSERT_NE(heap.allocate(100, 16, Claim::last, &other), nullptr);
  const uint64_t used = heap.used(), footprint = heap.footprint();
  Heap::Operation dropped;
  for (size_t size = 1; size < 100'000; size += size / 2 + 1)
    ASSERT_NE(heap.allocate(size, 16, Claim::last, &dropped), nullptr);
  EXPECT_GT(heap.footprint(), footprint);
  while (heap.drop_portion(dropped, [](std::byte*) {})) {
  }
  EXPECT_EQ(heap.used(), used);
  EXPECT_EQ(heap.footprint(), footprint);
}

}  // namespace
}  // namespace cairn::kernel
