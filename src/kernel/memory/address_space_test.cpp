#include "kernel/memory/address_space.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "kernel/memory/formats/rv64.hpp"
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

  // Accesses memory as a CPU does: calls the fault handler and tries again while it fills pages.
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

// Does random operations on machines that are always short of memory, while the kernel takes and frees frames. Compares
// with a map of pages and recounts all promises.
template <class M>
class SmallMachines : public ::testing::Test {};
template <class F, class W, unsigned L>
struct Machine {
  using Format = F;
  using Walk = W;
  static constexpr unsigned kLevels = L;
};
using Machines =
    ::testing::Types<Machine<X64PageFormat, testing::X64Walk, 4>, Machine<Rv64PageFormat, testing::Rv64Walk, 3>>;
TYPED_TEST_SUITE(SmallMachines, Machines);

// A machine with an address space, and the model of what is in it.
template <class M>
class ModelledMachine {
 public:
  // How often each kind of event happened.
  struct Counts {
    uint64_t refused = 0, granted = 0, splits = 0;
  };

  ModelledMachine(uint32_t seed, Counts& counts) : seed_(seed), counts_(counts), random_(seed) {
    testing::give_all(ram_, source_, random_() % 20);
    all_ = testing::free_frames(source_);
    EXPECT_TRUE(table_.create());
  }

  void step(int number) {
    const uint32_t what = random_() % 16;
    if (what == 0 && memories_.size() < 5) {
      reserve();
    } else if (what == 1 && memories_.size() > 2) {
      release();
    } else if (what == 2) {
      take_frames();
    } else if (what == 3) {
      give_frames_back();
    } else if (!memories_.empty()) {
      change_or_touch(what, number);
    }
    check();
  }

  // Releases everything. Only the root and a frame of nodes may be left.
  void release_all() {
    for (const Memory& memory : memories_) space_.release(memory.start);
    for (const PhysAddr frame : taken_) source_.free_contiguous(frame, 1);
    ASSERT_EQ(source_.promised(), 0u);
    ASSERT_EQ(space_.filled_total(), 0u);
    ASSERT_LE(space_.node_frames(), 1u);
    ASSERT_EQ(testing::free_frames(source_) + 1 + space_.node_frames(), all_);
  }

 private:
  using MachineMmu = testing::Mmu<typename M::Walk>;
  using MachineTable = PageTable<typename M::Format, FrameSource, MachineMmu>;
  struct Page {
    int byte = -1;  // the first byte of the page; -1 if the page is not committed
    Access access;
  };
  struct Memory {
    VirtAddr start;
    std::vector<Page> pages;
  };

  void reserve() {
    const uint64_t pages = has_large_ ? 8192 + random_() % 6000 : 1 + random_() % 600;
    // Small memories share blocks of 2 MiB, and some memories cross the border between two blocks of 1 GiB.
    const VirtAddr first{(uint64_t{1} << 30) - (uint64_t{random_() % 3} << 20)};
    const auto start =
        space_.reserve(first, kHigh, pages * kPageSize, has_large_ ? kLargePageSize : kPageSize << random_() % 4);
    if (start) memories_.push_back({*start, std::vector<Page>(pages)});
  }
  void release() {
    std::swap(memories_[random_() % memories_.size()], memories_.back());
    space_.release(memories_.back().start);
    memories_.pop_back();
  }
  void take_frames() {
    for (uint32_t i = random_() % 400; i != 0; --i) {
      if (const auto frame = source_.allocate()) taken_.push_back(*frame);
    }
  }
  void give_frames_back() {
    for (uint32_t i = random_() % 500; i != 0 && !taken_.empty(); --i) {
      source_.free_contiguous(taken_.back(), 1);
      taken_.pop_back();
    }
  }

  void change_or_touch(uint32_t what, int step) {
    Memory& memory = memories_[random_() % memories_.size()];
    const uint64_t pages = memory.pages.size(), first = random_() % pages;
    const uint64_t count =
        1 + (random_() % 3 == 0 ? random_() % (pages - first) : random_() % std::min<uint64_t>(pages - first, 40));
    const VirtAddr at = memory.start + first * kPageSize;
    const auto range = std::span(memory.pages).subspan(first, count);
    const Access access{.write = random_() % 4 != 0, .execute = random_() % 4 == 0};
    if (what < 6) {
      commit(at, range, access);
    } else if (what == 6) {
      space_.decommit(at, count * kPageSize);
      for (Page& page : range) page.byte = -1;
    } else if (what == 7) {
      protect(at, range, access);
    } else {
      touch_page(at, memory.pages[first], what < 12 ? Want::write : what < 14 ? Want::read : Want::execute, step);
    }
  }
  void commit(VirtAddr at, std::span<Page> range, Access access) {
    const bool done = space_.commit(at, range.size() * kPageSize, access).has_value();
    ++(done ? counts_.granted : counts_.refused);
    for (Page& page : range) {
      if (done) page = {std::max(page.byte, 0), access};
    }
  }
  void protect(VirtAddr at, std::span<Page> range, Access access) {
    if (std::ranges::any_of(range, [](const Page& page) { return page.byte < 0; })) return;
    ++counts_.splits;
    space_.protect(at, range.size() * kPageSize, access);
    for (Page& page : range) page.access = access;
  }
  void touch_page(VirtAddr at, Page& page, Want want, int step) {
    std::byte* byte = touch(at.value, want);
    const bool allowed = want == Want::read || (want == Want::write ? page.access.write : page.access.execute);
    ASSERT_EQ(byte != nullptr, page.byte >= 0 && allowed) << "seed " << seed_ << " step " << step;
    if (byte == nullptr) return;
    ASSERT_EQ(*byte, static_cast<std::byte>(page.byte));
    if (want != Want::write) return;
    page.byte = static_cast<int>(random_() % 256);
    *byte = static_cast<std::byte>(page.byte);
  }

  std::byte* touch(uint64_t address, Want want) {
    for (int i = 0; i < 3; ++i) {
      if (const auto phys = mmu_.access(ram_.map(), table_.root(), M::kLevels, address, want))
        return ram_.map().at({*phys});
      if (space_.fault({address}, want == Want::write, want == Want::execute) != FaultOutcome::filled) return nullptr;
    }
    ADD_FAILURE() << "the fault was not resolved";
    return nullptr;
  }

  void check() {
    uint64_t committed = 0;
    for (const Memory& memory : memories_) {
      committed +=
          static_cast<uint64_t>(std::ranges::count_if(memory.pages, [](const Page& page) { return page.byte >= 0; }));
    }
    ASSERT_EQ(space_.committed_total(), committed * kPageSize);
    ASSERT_EQ(source_.promised(), space_.recount());
    ASSERT_GE(testing::free_frames(source_), source_.promised());
  }

  const uint32_t seed_;
  Counts& counts_;
  std::mt19937 random_;
  const bool has_large_ = seed_ % 3 == 0;  // large pages need segments of 32 MiB
  testing::Ram ram_{static_cast<uint64_t>(has_large_ ? 72 << 20 : (1 << 19) << random_() % 3)};
  FrameSource source_;
  uint64_t all_ = 0;  // number of frames at the start
  MachineMmu mmu_;
  MachineTable table_{ram_.map(), source_, mmu_, M::kLevels};
  AddressSpace<MachineTable> space_{ram_.map(), source_, table_};
  std::vector<Memory> memories_;
  std::vector<PhysAddr> taken_;  // frames that the kernel has taken for itself
};

TYPED_TEST(SmallMachines, EqualAModel) {
  typename ModelledMachine<TypeParam>::Counts counts;
  for (uint32_t seed = 0; seed < 24; ++seed) {
    ModelledMachine<TypeParam> machine(seed, counts);
    for (int step = 0; step < 1500; ++step) {
      machine.step(step);
      if (::testing::Test::HasFatalFailure()) return;
    }
    machine.release_all();
    if (::testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(counts.refused, 300u);
  EXPECT_GT(counts.granted, 300u);
  EXPECT_GT(counts.splits, 100u);
}

}  // namespace
}  // namespace cairn::kernel
