#include "kernel/memory/code_memory.hpp"

#include <gtest/gtest.h>

#include <random>

#include "kernel/memory/formats/x64.hpp"
#include "kernel/memory/rights_audit.hpp"
#include "kernel/memory/simulated_memory_test.hpp"

namespace cairn::kernel {
namespace {

using Mmu = testing::Mmu<testing::X64Walk>;
using Table = PageTable<X64PageFormat, FrameSource, Mmu>;
using testing::Want;

constexpr VirtAddr kLow{kLargePageSize}, kHigh{uint64_t{1} << 40};

// An address space with a direct map in it, at the addresses that the simulated RAM really has, in large pages.
class CodeMemoryTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kRam = 32 << 20;

  CodeMemoryTest() {
    testing::give_all(ram_, source_);
    EXPECT_TRUE(table_.create());
    EXPECT_TRUE(table_.map_range(alias(ram_.range().start), ram_.range().start, kRam, {.write = true}, 1));
    rules_.lower_half_end = kHigh;
    rules_.is_code = [this](VirtAddr page) { return space_.is_executable(page); };
  }

  [[nodiscard]] VirtAddr alias(PhysAddr address) const { return VirtAddr::of(ram_.map().at(address)); }
  // Whether the direct map allows this access to the frame of `page`.
  bool alias_allows(VirtAddr page, Want want) {
    const VirtAddr at = alias(table_.translate(page)->address);
    return mmu_.access(ram_.map(), table_.root(), 4, at.value, want).has_value();
  }
  bool allows(VirtAddr page, Want want) {
    return mmu_.access(ram_.map(), table_.root(), 4, page.value, want).has_value();
  }
  RightsReport audit() { return RightsAudit<X64PageFormat>(ram_.map(), {table_.root(), 4}, rules_).run(); }

  testing::Ram ram_{kRam};
  FrameSource source_;
  Mmu mmu_;
  Table table_{ram_.map(), source_, mmu_, 4};
  AddressSpace<Table> space_{ram_.map(), source_, table_};
  CodeMemory<Table> code_{ram_.map(), source_, space_, table_, 1};
  RightsRules rules_;
};

TEST_F(CodeMemoryTest, IsWritableAtOneAddressUntilItIsSealed) {
  const uint64_t free = testing::free_frames(source_);
  const auto start = code_.allocate(kLow, kHigh, 3 * kPageSize, kPageSize);
  ASSERT_TRUE(start.has_value());
  const VirtAddr last = *start + 2 * kPageSize;
  EXPECT_TRUE(allows(*start, Want::write));
  EXPECT_FALSE(alias_allows(*start, Want::write));
  EXPECT_TRUE(alias_allows(*start, Want::read));
  code_.seal(*start, 3 * kPageSize, 2 * kPageSize);
  EXPECT_TRUE(allows(*start, Want::execute));
  EXPECT_FALSE(allows(*start, Want::write) || alias_allows(*start, Want::write) || alias_allows(*start, Want::execute));
  EXPECT_FALSE(allows(last, Want::execute) || allows(last, Want::write) || alias_allows(last, Want::write));
  EXPECT_EQ(audit().violation_count, 0u);
  EXPECT_EQ(audit().executable, 2 * kPageSize);
  const VirtAddr frame = alias(table_.translate(*start)->address);
  code_.release(*start, 3 * kPageSize);
  EXPECT_TRUE(mmu_.access(ram_.map(), table_.root(), 4, frame.value, Want::write).has_value());
  EXPECT_EQ(table_.translate(frame)->level, 1u);
  EXPECT_GE(testing::free_frames(source_) + 2, free);  // at most two frames stay, one of them with nodes
}

TEST_F(CodeMemoryTest, AnyOrderLeavesTheDirectMapWhole) {
  const uint64_t pages = audit().pages, tables = audit().tables;
  std::mt19937 random(11);
  struct Piece {
    VirtAddr start;
    uint64_t size;
  };
  std::vector<Piece> pieces;
  for (int step = 0; step < 300; ++step) {
    if (pieces.size() < 12 && random() % 2 == 0) {
      const uint64_t size = (1 + random() % (random() % 8 == 0 ? 900 : 40)) * kPageSize;
      const auto start = code_.allocate(kLow, kHigh, size, random() % 2 == 0 ? kPageSize : 64 * 1024);
      if (!start) continue;
      if (random() % 4 != 0) code_.seal(*start, size, random() % (size / kPageSize + 1) * kPageSize);
      pieces.push_back({*start, size});
    } else if (!pieces.empty()) {
      std::swap(pieces[random() % pieces.size()], pieces.back());
      code_.release(pieces.back().start, pieces.back().size);
      pieces.pop_back();
    }
    ASSERT_EQ(audit().violation_count, 0u) << step;
  }
  for (const Piece& piece : pieces) code_.release(piece.start, piece.size);
  EXPECT_EQ(audit().pages, pages);
  EXPECT_LE(audit().tables, tables + 1);  // at most one table of the lower half stays
}

TEST_F(CodeMemoryTest, WithoutFramesForTablesNothingChanges) {
  // A first piece gives the lower half its tables. Then all but n frames are taken; each n fails at another place.
  const auto kept = code_.allocate(kLow, kHigh, kPageSize, kPageSize);
  ASSERT_TRUE(kept.has_value());
  std::vector<PhysAddr> taken;
  while (const auto frame = source_.allocate()) taken.push_back(*frame);
  std::ranges::reverse(taken);  // the largest free blocks were used up last, so their frames come first
  const uint64_t pages = audit().pages;
  bool failed = false, succeeded = false;
  for (unsigned n = 8; n < 40 && !succeeded; ++n) {
    // 8 single frames of different large pages, and n - 8 for tables.
    std::vector<PhysAddr> given;
    for (unsigned i = 0; i < n; ++i) given.push_back(taken[(i < 8 ? i * 700 + 3 : i * 2)]);
    for (const PhysAddr frame : given) source_.free_contiguous(frame, 1);
    const auto start = code_.allocate(kLow, kHigh, 8 * kPageSize, kPageSize);
    if (start) {
      succeeded = true;
      code_.seal(*start, 8 * kPageSize, 8 * kPageSize);
      EXPECT_EQ(audit().violation_count, 0u);
      code_.release(*start, 8 * kPageSize);
    } else {
      failed = true;
    }
    EXPECT_EQ(audit().pages, pages) << n;
    EXPECT_EQ(audit().executable, 0u);
    // Each of the frames is writable and can be taken again.
    for (const PhysAddr frame : given) {
      EXPECT_TRUE(table_.translate(alias(frame))->access.write);
    }
    unsigned again = 0;
    while (source_.allocate()) ++again;
    EXPECT_EQ(again, n);
  }
  EXPECT_TRUE(failed && succeeded);
}

}  // namespace
}  // namespace cairn::kernel
