#include "kernel/memory/page_table.hpp"

#include <gtest/gtest.h>

#include <random>

#include "kernel/memory/formats/rv64.hpp"
#include "kernel/memory/formats/x64.hpp"
#include "kernel/memory/simulated_cpus_test.hpp"

namespace cairn::kernel {
namespace {

using testing::Want;

template <class F, class R, unsigned L>
struct Machine {
  using Format = F;
  using Cpus = testing::SimulatedCpus<R>;
  using Frames = testing::WatchedFrames<Cpus>;
  using Table = PageTable<F, Frames, Cpus>;
  static constexpr unsigned kLevels = L;
};

template <class M>
class PageTableTest : public ::testing::Test {};
using Machines =
    ::testing::Types<Machine<X64PageFormat, testing::X64Rules, 4>, Machine<Rv64PageFormat, testing::Rv64Rules, 3>,
                     Machine<Rv64PageFormat, testing::Rv64Rules, 4>, Machine<Rv64PageFormat, testing::Rv64Rules, 5>>;
TYPED_TEST_SUITE(PageTableTest, Machines);

// Does random operations on 8 MiB of addresses, each on a random CPU, and compares with a map of pages. After each
// operation, the CPUs must see what the map says; they do not if a flush was forgotten.
TYPED_TEST(PageTableTest, EqualsAMapOfPages) {
  testing::Ram ram(32 << 20);
  typename TypeParam::Frames source;
  testing::give_all(ram, source);
  typename TypeParam::Cpus cpus(ram, TypeParam::kLevels, 3);
  source.watch(cpus, ram.map());
  typename TypeParam::Table table(ram.map(), source, cpus, TypeParam::kLevels);
  ASSERT_TRUE(table.create());
  const uint64_t tables_only = testing::free_frames(source);

  struct Page {
    uint64_t phys;
    Access access;
  };
  std::map<uint64_t, Page> model;
  constexpr uint64_t kBase = 0x4000'0000, kPages = 2048;
  constexpr uint64_t kForeign = 0x1'0000'0000;  // device memory, not from the source
  std::mt19937 random(5);
  auto pages = [&](uint64_t first, uint64_t count, auto&& visit) {
    for (uint64_t page = first; page < first + count; ++page) visit(page);
  };
  cpus.let_look(table.root(), [](std::mt19937& choice) { return kBase + choice() % kPages * kPageSize; });
  for (int step = 0; step < 1500; ++step) {
    cpus.run_on(random() % cpus.count());
    const uint64_t first = random() % kPages, count = 1 + random() % std::min<uint64_t>(kPages - first, 700);
    const VirtAddr virt{kBase + first * kPageSize};
    const Access access{.write = random() % 2 == 0, .execute = random() % 2 == 0};
    switch (random() % 4) {
      case 0: {  // a foreign range, in large pages where they fit
        bool empty = true;
        pages(first, count, [&](uint64_t page) { empty = empty && !model.contains(page); });
        if (!empty) break;
        const uint64_t phys = kForeign + first * kPageSize;
        ASSERT_TRUE(table.map_range(virt, {phys}, count * kPageSize, access, 1));
        pages(first, count, [&](uint64_t page) { model[page] = {kForeign + page * kPageSize, access}; });
        break;
      }
      case 1: {  // one owned page
        if (model.contains(first)) break;
        const auto frame = source.allocate();
        ASSERT_TRUE(frame.has_value());
        Access owned = access;
        owned.owned = true;
        ASSERT_TRUE(table.map(virt, *frame, 0, owned));
        model[first] = {frame->value, owned};
        break;
      }
      case 2:
        ASSERT_TRUE(table.unmap(virt, count * kPageSize));
        pages(first, count, [&](uint64_t page) { model.erase(page); });
        break;
      case 3:
        ASSERT_TRUE(table.protect(virt, count * kPageSize, access));
        pages(first, count, [&](uint64_t page) {
          if (const auto found = model.find(page); found != model.end()) {
            found->second.access.execute = access.execute;
            found->second.access.write = access.write;
          }
        });
        break;
    }
    cpus.expect_current(table.root(), {});
    ASSERT_FALSE(this->HasFailure()) << step;
    cpus.run_on(random() % cpus.count());
    for (int look = 0; look < 40; ++look) {
      const uint64_t page = look < 4 ? std::min(first + (look % 2 == 0 ? 0 : count), kPages - 1) : random() % kPages;
      const uint64_t address = kBase + page * kPageSize + random() % kPageSize;
      const auto found = model.find(page);
      for (const Want want : {Want::read, Want::write, Want::execute}) {
        const bool allowed =
            found != model.end() &&
            (want == Want::read || (want == Want::write ? found->second.access.write : found->second.access.execute));
        auto seen = cpus.access(table.root(), address, want);
        if (!seen && allowed) {  // this CPU remembers what was there before
          table.forget({address});
          seen = cpus.access(table.root(), address, want);
        }
        ASSERT_EQ(seen.has_value(), allowed) << step << " page " << page;
        if (allowed) {
          ASSERT_EQ(*seen, found->second.phys + address % kPageSize);
        }
      }
      const auto translated = table.translate({address});
      ASSERT_EQ(translated.has_value(), found != model.end());
    }
  }
  ASSERT_TRUE(table.unmap({kBase}, kPages * kPageSize));
  // Owned frames and tables are back.
  EXPECT_EQ(testing::free_frames(source), tables_only);
}

// Counts missing tables before they are made. The table that replaces a large page when it is split counts, too.
TYPED_TEST(PageTableTest, CountsMissingTables) {
  testing::Ram ram(8 << 20);
  typename TypeParam::Frames source;
  testing::give_all(ram, source);
  typename TypeParam::Cpus cpus(ram, TypeParam::kLevels);
  typename TypeParam::Table table(ram.map(), source, cpus, TypeParam::kLevels);
  ASSERT_TRUE(table.create());
  const auto missing = [&](uint64_t first, uint64_t last) {
    uint64_t total = 0;
    for (unsigned level = 0; level + 1 < TypeParam::kLevels; ++level)
      total += table.missing_tables(level, {first}, {last});
    return total;
  };
  constexpr uint64_t kBase = uint64_t{8} << 30;
  const uint64_t upper = TypeParam::kLevels - 2;  // the tables that a block needs between the root and the lowest level
  EXPECT_EQ(missing(kBase, kBase), 1 + upper);
  EXPECT_EQ(missing(kBase, kBase + 10 * kLargePageSize - 1), 10 + upper);
  ASSERT_TRUE(table.map({kBase}, {0}, 1, {}));  // a large page
  EXPECT_EQ(missing(kBase, kBase + 10 * kLargePageSize - 1), 10u);
  const uint64_t free = testing::free_frames(source);
  ASSERT_TRUE(table.unmap({kBase}, kPageSize));
  EXPECT_EQ(testing::free_frames(source), free - 1);
  EXPECT_EQ(missing(kBase, kBase + 10 * kLargePageSize - 1), 9u);
  EXPECT_EQ(missing(kBase + kPageSize, kBase + kLargePageSize), 1u);
  // The next GiB has a table of its own.
  EXPECT_EQ(missing(kBase, kBase + (uint64_t{1} << 30)), 511u + 2);
  ASSERT_TRUE(table.unmap({kBase}, kLargePageSize));
  EXPECT_EQ(missing(kBase, kBase), 1 + upper);
}

}  // namespace
}  // namespace cairn::kernel
