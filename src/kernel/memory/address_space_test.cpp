#include "kernel/memory/address_space.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "kernel/memory/formats/x64.hpp"
#include "kernel/memory/simulated_memory_test.hpp"

namespace cairn::kernel {
namespace {

using Mmu = testing::Mmu<testing::X64Walk>;
using Table = PageTable<X64PageFormat, FrameSource, Mmu>;
using testing::Want;

constexpr VirtAddr kLow{kLargePageSize}, kHigh{uint64_t{1} << 40};

class AddressSpaceTest : public ::testing::Test {
 protected:
  AddressSpaceTest() {
    testing::give_all(ram_, source_, 16);
    EXPECT_TRUE(table_.create());
  }

  // What a CPU does: accesses, and lets the fault handler fill as often as it says so.
  std::byte* access(uint64_t address, Want want) {
    for (int i = 0; i < 3; ++i) {
      if (const auto phys = mmu_.access(ram_.map(), table_.root(), 4, address, want)) return ram_.map().at({*phys});
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
  Mmu mmu_;
  Table table_{ram_.map(), source_, mmu_, 4};
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

TEST_F(AddressSpaceTest, PromisesNoMoreThanThereIs) {
  const uint64_t available = space_.available_bytes();
  const VirtAddr start = reserve(1 << 30);
  EXPECT_FALSE(space_.commit(start, available + kPageSize, {.write = true}).has_value());
  ASSERT_TRUE(space_.commit(start, available, {.write = true}).has_value());
  EXPECT_EQ(space_.available_bytes(), 0u);
  EXPECT_FALSE(space_.commit(start, available + kPageSize, {.write = true}).has_value());
  // Every page of what was granted can be touched.
  for (uint64_t offset = 0; offset < available; offset += kPageSize) ASSERT_NE(access(start.value + offset, Want::write), nullptr);
  space_.release(start);
  EXPECT_EQ(space_.filled_total(), 0u);
  EXPECT_GE(space_.available_bytes() + 4 * kPageSize, available);
}

TEST_F(AddressSpaceTest, CopiesOnWrite) {
  MemoryObject object(source_, ram_.map());
  std::vector<std::byte> contents(5000, std::byte{3});
  ASSERT_TRUE(object.write(100, contents));
  const VirtAddr a = reserve(1 << 20), b = reserve(1 << 20);
  ASSERT_TRUE(space_.commit(a, 1 << 20, {.write = true}, &object).has_value());
  ASSERT_TRUE(space_.commit(b, 1 << 20, {.write = true}, &object).has_value());
  EXPECT_EQ(*access(a.value + 100, Want::read), std::byte{3});
  EXPECT_EQ(*access(a.value + 99, Want::read), std::byte{0});
  EXPECT_EQ(space_.filled_total(), 0u);
  *access(a.value + 100, Want::write) = std::byte{4};
  EXPECT_EQ(*access(a.value + 101, Want::read), std::byte{3});
  EXPECT_EQ(*access(b.value + 100, Want::read), std::byte{3});
  EXPECT_EQ(*access(b.value + (1 << 19), Want::write), std::byte{0});
  space_.release(a);
  space_.release(b);
  EXPECT_EQ(space_.committed_total(), 0u);
}

TEST_F(AddressSpaceTest, ProtectsAndKeepsContents) {
  const VirtAddr start = reserve(1 << 20);
  ASSERT_TRUE(space_.commit(start, 1 << 20, {.write = true}).has_value());
  *access(start.value, Want::write) = std::byte{1};
  *access(start.value + 0x8000, Want::write) = std::byte{2};
  space_.protect(start, 0x4000, {.execute = true});
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
      const auto start = space_.reserve(kLow, {kLow.value + (128 << 20)}, size, random() % 2 == 0 ? kPageSize : kLargePageSize);
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

// Growing, decommitting and writing at random, against a map of pages.
TEST_F(AddressSpaceTest, EqualsAModel) {
  std::mt19937 random(11);
  constexpr uint64_t kPages = 300;
  const VirtAddr start = reserve(kPages * kPageSize);
  std::vector<int> model(kPages, -1);  // -1: not committed; else the byte at the page's start
  for (int i = 0; i < 5000; ++i) {
    const uint64_t first = random() % kPages, count = 1 + random() % (kPages - first);
    const VirtAddr at = start + first * kPageSize;
    switch (random() % 5) {
      case 0:
        ASSERT_TRUE(space_.commit(at, count * kPageSize, {.write = true}).has_value());
        for (uint64_t page = first; page < first + count; ++page) model[page] = std::max(model[page], 0);
        break;
      case 1:
        space_.decommit(at, count * kPageSize);
        for (uint64_t page = first; page < first + count; ++page) model[page] = -1;
        break;
      default: {
        std::byte* byte = access(at.value, Want::write);
        ASSERT_EQ(byte != nullptr, model[first] >= 0);
        if (byte == nullptr) break;
        ASSERT_EQ(*byte, static_cast<std::byte>(model[first]));
        model[first] = static_cast<int>(random() % 256);
        *byte = static_cast<std::byte>(model[first]);
      }
    }
    const auto committed = static_cast<uint64_t>(std::ranges::count_if(model, [](int m) { return m >= 0; }));
    ASSERT_EQ(space_.committed_total(), committed * kPageSize);
  }
}

}  // namespace
}  // namespace cairn::kernel
