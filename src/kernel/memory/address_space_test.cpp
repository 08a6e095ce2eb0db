#include "kernel/memory/address_space.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "kernel/memory/formats/x64.hpp"
#include "kernel/memory/simulated_cpus_test.hpp"

namespace cairn::kernel {
namespace {

using Cpus = testing::SimulatedCpus<testing::X64Rules>;
using Table = PageTable<X64PageFormat, FrameSource, Cpus>;
using testing::Want;

constexpr VirtAddr kLow{kLargePageSize}, kHigh{uint64_t{1} << 40};

class AddressSpaceTest : public ::testing::Test {
 protected:
  AddressSpaceTest() {
    testing::give_all(ram_, source_, 16);
    EXPECT_TRUE(table_.create());
  }

  // Accesses memory as a CPU does: calls the fault handler and tries again while it fills pages.
  std::byte* access(uint64_t address, Want want) {
    for (int i = 0; i < 3; ++i) {
      if (const auto phys = cpus_.access(table_.root(), address, want)) return ram_.map().at({*phys});
      if (space_.fault({address}, want == Want::write, want == Want::execute) != FaultOutcome::filled) return nullptr;
    }
    ADD_FAILURE() << "the fault was not resolved";
    return nullptr;
  }
  VirtAddr reserve(uint64_t size) {
    const auto start = space_.reserve(kLow, kHigh, size, kLargePageSize);
    EXPECT_TRUE(start.has_value());
    return *start;
  }

  testing::Ram ram_{64 << 20};
  FrameSource source_;
  Cpus cpus_{ram_, 4};
  Table table_{ram_.map(), source_, cpus_, 4};
  AddressSpace<Table> space_{ram_.map(), source_, table_};
};

TEST_F(AddressSpaceTest, FillsWithZerosOnTouch) {
  const VirtAddr start = reserve(uint64_t{6} << 30);
  EXPECT_EQ(access(start.value, Want::read), nullptr);
  ASSERT_TRUE(space_.commit(start, 1 << 20, {.write = true}).has_value());
  EXPECT_EQ(space_.filled_total(), 0u);
  std::byte* byte = access(start.value + 70'000, Want::write);
  ASSERT_NE(byte, nullptr);
  EXPECT_EQ(*byte, std::byte{0});
  *byte = std::byte{5};
  EXPECT_EQ(*access(start.value + 70'000, Want::read), std::byte{5});
  EXPECT_EQ(space_.filled_total(), 65536u);
  EXPECT_EQ(access(start.value, Want::execute), nullptr);
  EXPECT_EQ(access(start.value + (1 << 20), Want::read), nullptr);
}

// Returns the largest size that commit() grants; nothing is committed afterwards.
uint64_t largest_commit(AddressSpace<Table>& space, VirtAddr start) {
  uint64_t low = 0, high = space.available_bytes() / kPageSize + 1;
  while (high - low > 1) {
    const uint64_t middle = (low + high) / 2;
    if (space.commit(start, middle * kPageSize, {.write = true})) {
      space.decommit(start, middle * kPageSize);
      low = middle;
    } else {
      high = middle;
    }
  }
  return low * kPageSize;
}

TEST_F(AddressSpaceTest, PromisesNoMoreThanThereIs) {
  const VirtAddr start = reserve(1 << 30);
  const uint64_t available = space_.available_bytes(), grants = largest_commit(space_, start);
  // The difference is page tables, and a frame of nodes.
  EXPECT_LE(grants + (available / kLargePageSize + 1 + 2 + 1) * kPageSize, available + kPageSize);
  ASSERT_TRUE(space_.commit(start, grants, {.write = true}).has_value());
  EXPECT_FALSE(space_.commit(start, grants + kPageSize, {.write = true}).has_value());
  // The kernel takes all frames that are not promised. Every granted page can still be touched.
  while (source_.allocate()) {
  }
  for (uint64_t offset = 0; offset < grants; offset += kPageSize)
    ASSERT_NE(access(start.value + offset, Want::write), nullptr);
  EXPECT_EQ(source_.promised(), space_.recount());
  space_.release(start);
  EXPECT_EQ(space_.filled_total(), 0u);
  EXPECT_EQ(source_.promised(), 0u);
}

// Two memories in one block of 2 MiB share a table. It is promised once, and freed when the second memory goes.
TEST_F(AddressSpaceTest, CountsASharedTableOnce) {
  const VirtAddr start = reserve(kLargePageSize);
  ASSERT_TRUE(space_.commit(start, kPageSize, {.write = true}).has_value());
  EXPECT_EQ(source_.promised(), 1u + 3);  // a page, and the table of each level below the root
  ASSERT_TRUE(space_.commit(start + 8 * kPageSize, kPageSize, {.write = true}).has_value());
  EXPECT_EQ(source_.promised(), 2u + 3);
  const uint64_t free = testing::free_frames(source_);
  ASSERT_NE(access(start.value, Want::write), nullptr);
  EXPECT_EQ(source_.promised(), 1u);
  EXPECT_EQ(testing::free_frames(source_), free - 4);
  space_.decommit(start, kPageSize);
  EXPECT_EQ(source_.promised(), 1u);
  EXPECT_EQ(testing::free_frames(source_), free - 3);  // the tables stay for the other page
  space_.decommit(start + 8 * kPageSize, kPageSize);
  EXPECT_EQ(source_.promised(), 0u);
  EXPECT_EQ(testing::free_frames(source_), free);
}

TEST_F(AddressSpaceTest, SplitsLargePagesWithoutMemory) {
  const VirtAddr start = reserve(32 << 20);
  ASSERT_TRUE(space_.commit(start, 32 << 20, {.write = true}).has_value());
  for (uint64_t at = 0; at < 32 << 20; at += kLargePageSize) ASSERT_NE(access(start.value + at, Want::write), nullptr);
  EXPECT_EQ(space_.filled_total(), 32u << 20);
  EXPECT_EQ(source_.promised(), 16u);  // a table for each large page
  while (source_.allocate()) {
  }
  space_.protect(start, 5 * kPageSize, {});
  EXPECT_EQ(source_.promised(), 15u);
  space_.decommit(start + 3 * kLargePageSize + kPageSize, kPageSize);
  EXPECT_EQ(source_.promised(), 14u);
  EXPECT_EQ(source_.promised(), space_.recount());
  EXPECT_EQ(access(start.value, Want::write), nullptr);
  EXPECT_NE(access(start.value + 3 * kLargePageSize, Want::write), nullptr);
  EXPECT_EQ(access(start.value + 3 * kLargePageSize + kPageSize, Want::write), nullptr);
}

// Decommitting every second page makes a segment of each page between them. The segments' nodes come from the
// decommitted frames.
TEST_F(AddressSpaceTest, DecommitsWithoutMemory) {
  const VirtAddr start = reserve(32 << 20);
  ASSERT_TRUE(space_.commit(start, 32 << 20, {.write = true}).has_value());
  while (source_.allocate()) {
  }
  for (uint64_t at = kPageSize; at < 32 << 20; at += 2 * kPageSize) {
    space_.decommit(start + at, kPageSize);
    while (source_.allocate()) {
    }
  }
  EXPECT_EQ(space_.segment_count(), 4096u);
  EXPECT_EQ(source_.promised(), space_.recount());
  for (uint64_t at = 0; at < 32 << 20; at += 2 * kPageSize) ASSERT_NE(access(start.value + at, Want::write), nullptr);
  space_.release(start);
  EXPECT_EQ(source_.promised(), 0u);
  EXPECT_EQ(space_.node_frames(), 1u);
}

TEST_F(AddressSpaceTest, ProtectsAndKeepsContents) {
  const VirtAddr start = reserve(1 << 20);
  ASSERT_TRUE(space_.commit(start, 1 << 20, {.write = true}).has_value());
  *access(start.value, Want::write) = std::byte{1};
  *access(start.value + 0x8000, Want::write) = std::byte{2};
  while (source_.allocate()) {
  }
  space_.protect(start, 0x4000, {.execute = true});
  space_.protect(start + 0x4000, (1 << 20) - 0x4000, {.write = true});
  EXPECT_EQ(source_.promised(), space_.recount());
  EXPECT_NE(access(start.value, Want::execute), nullptr);
  EXPECT_EQ(access(start.value, Want::write), nullptr);
  EXPECT_EQ(*access(start.value, Want::read), std::byte{1});
  EXPECT_NE(access(start.value + 0x8000, Want::write), nullptr);
  EXPECT_EQ(access(start.value + 0x8000, Want::execute), nullptr);
}

TEST_F(AddressSpaceTest, ReservationsDoNotTouch) {
  std::mt19937 random(9);
  std::map<uint64_t, uint64_t> live;
  for (int i = 0; i < 2000; ++i) {
    if (live.size() < 50 && random() % 2 == 0) {
      const uint64_t size = (1 + random() % 1000) * kPageSize;
      const auto start =
          space_.reserve(kLow, {kLow.value + (128 << 20)}, size, random() % 2 == 0 ? kPageSize : kLargePageSize);
      if (!start) continue;
      ASSERT_GT(start->value, kLow.value);
      ASSERT_LT(start->value + size, kLow.value + (128 << 20));
      const auto next = live.lower_bound(start->value);
      ASSERT_TRUE(next == live.end() || start->value + size < next->first);
      ASSERT_TRUE(next == live.begin() || std::prev(next)->first + std::prev(next)->second < start->value);
      live.emplace(start->value, size);
    } else if (!live.empty()) {
      auto victim = live.begin();
      std::advance(victim, random() % live.size());
      space_.release({victim->first});
      live.erase(victim);
    }
  }
  EXPECT_FALSE(space_.reserve(kLow, kHigh, 0, kPageSize).has_value());
  EXPECT_FALSE(space_.reserve(kLow, kHigh, uint64_t{1} << 41, kPageSize).has_value());
  EXPECT_FALSE(space_.reserve(kLow, kHigh, ~uint64_t{0} & ~(kPageSize - 1), kPageSize).has_value());
}

}  // namespace
}  // namespace cairn::kernel
