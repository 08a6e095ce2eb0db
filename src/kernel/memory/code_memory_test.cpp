#include "kernel/memory/code_memory.hpp"

#include <gtest/gtest.h>

#include <random>

#include "kernel/memory/formats/rv64.hpp"
#include "kernel/memory/formats/x64.hpp"
#include "kernel/memory/rights_audit.hpp"
#include "kernel/memory/simulated_cpus_test.hpp"

namespace cairn::kernel {
namespace {

using testing::Want;

constexpr VirtAddr kLow{kLargePageSize}, kHigh{uint64_t{1} << 40};
constexpr VirtAddr kFirst{kLow.value + kPageSize};  // the first code: reserve() leaves a page before it free

template <class F, class R>
struct Machine {
  using Format = F;
  using Rules = R;
};

// Each test has an address space and three CPUs. A direct map of the simulated RAM, in large pages, is part of the
// address space; its addresses are those of the RAM in this process. Before each operation and during it, the CPUs
// access code and the direct map.
template <class M>
class CodeMemoryTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kRam = 32 << 20;
  using Cpus = testing::SimulatedCpus<typename M::Rules>;
  using Frames = testing::WatchedFrames<Cpus>;
  using Table = PageTable<typename M::Format, Frames, Cpus>;

  CodeMemoryTest() {
    testing::give_all(ram_, source_);
    EXPECT_TRUE(table_.create());
    source_.watch(cpus_, ram_.map());
    cpus_.set_direct_map(direct_map_);
    cpus_.let_look(table_.root(), [this](std::mt19937& choice) {
      const uint64_t page = kFirst.value + choice() % 1024 * kPageSize;
      const auto translation = table_.translate({page});
      return choice() % 2 == 0 || !translation ? page : alias(translation->address).value;
    });
    EXPECT_TRUE(table_.map_range(alias(ram_.range().start), ram_.range().start, kRam, {.write = true}, 1));
    rules_.lower_half_end = kHigh;
    rules_.is_code = [this](VirtAddr page) { return space_.is_executable(page); };
  }

  [[nodiscard]] VirtAddr alias(PhysAddr address) const { return VirtAddr::of(ram_.map().at(address)); }
  // Whether the direct map allows this access to the frame of `page`.
  bool alias_allows(VirtAddr page, Want want) {
    const VirtAddr at = alias(table_.translate(page)->address);
    return cpus_.access(table_.root(), at.value, want).has_value();
  }
  bool allows(VirtAddr page, Want want) { return cpus_.access(table_.root(), page.value, want).has_value(); }
  RightsReport audit() { return RightsAudit<typename M::Format>(ram_.map(), {table_.root(), 4}, rules_).run(); }

  // Calls visit(start, size) for each portion, which has at most two pages.
  template <class F>
  static bool for_each_portion(VirtAddr start, uint64_t size, F&& visit) {
    for (uint64_t at = 0; at < size; at += 2 * kPageSize) {
      if (!visit(start + at, std::min(2 * kPageSize, size - at))) return false;
    }
    return true;
  }
  // Allocates code as the kernel does: in portions.
  SpaceResult<VirtAddr> allocate(VirtAddr first, VirtAddr end, uint64_t size, uint64_t alignment) {
    const VirtAddr start = CAIRN_TRY(code_.reserve(first, end, size, alignment));
    uint64_t prepared = 0;
    const bool done = for_each_portion(start, size, [&](VirtAddr at, uint64_t bytes) {
      if (!code_.prepare(at, bytes)) return false;
      prepared += bytes;
      return true;
    });
    if (done) return start;
    release(start, prepared);
    return std::unexpected(SpaceFailure{});
  }
  void release(VirtAddr start, uint64_t size) {
    for_each_portion(start, size, [&](VirtAddr at, uint64_t bytes) { return code_.take_back(at, bytes), true; });
    space_.release(start);
  }

  // Lets a random CPU do the next operation.
  void run_on_some(std::mt19937& random) {
    cpus_.run_on(random() % cpus_.count());
    cpus_.look();
  }
  // Fails unless all CPUs know the rights of the direct map and of the code in [start, start + size).
  void check(VirtAddr start = {}, uint64_t size = 0) {
    cpus_.expect_current(table_.root(), {direct_map_, {start.value, start.value + size}});
  }
  // The byte that the running CPU executes at an address; no value if it faults.
  std::optional<std::byte> execute(VirtAddr at) {
    const auto phys = cpus_.access(table_.root(), at.value, Want::execute);
    return phys ? std::optional(cpus_.fetch(*phys)) : std::nullopt;
  }

  testing::Ram ram_{kRam};
  testing::Range direct_map_{alias(ram_.range().start).value, alias(ram_.range().start).value + kRam};
  Frames source_;
  Cpus cpus_{ram_, 4, 3};
  Table table_{ram_.map(), source_, cpus_, 4};
  AddressSpace<Table> space_{ram_.map(), source_, table_};
  CodeMemory<Table> code_{ram_.map(), source_, space_, table_, 1};
  RightsRules rules_;
};
using Machines =
    ::testing::Types<Machine<X64PageFormat, testing::X64Rules>, Machine<Rv64PageFormat, testing::Rv64Rules>>;
TYPED_TEST_SUITE(CodeMemoryTest, Machines);

TYPED_TEST(CodeMemoryTest, IsWritableAtOneAddressUntilItIsSealed) {
  const uint64_t free = testing::free_frames(this->source_);
  const auto start = this->allocate(kLow, kHigh, 3 * kPageSize, kPageSize);
  ASSERT_TRUE(start.has_value());
  const VirtAddr last = *start + 2 * kPageSize;
  EXPECT_TRUE(this->allows(*start, Want::write));
  EXPECT_FALSE(this->alias_allows(*start, Want::write));
  EXPECT_TRUE(this->alias_allows(*start, Want::read));
  this->code_.seal(*start, 3 * kPageSize, 2 * kPageSize);
  EXPECT_TRUE(this->allows(*start, Want::execute));
  EXPECT_FALSE(this->allows(*start, Want::write) || this->alias_allows(*start, Want::write) ||
               this->alias_allows(*start, Want::execute));
  EXPECT_FALSE(this->allows(last, Want::execute) || this->allows(last, Want::write) ||
               this->alias_allows(last, Want::write));
  EXPECT_EQ(this->audit().violation_count, 0u);
  EXPECT_EQ(this->audit().executable, 2 * kPageSize);
  const VirtAddr frame = this->alias(this->table_.translate(*start)->address);
  this->release(*start, 3 * kPageSize);
  EXPECT_TRUE(this->allows(frame, Want::write));
  EXPECT_EQ(this->table_.translate(frame)->level, 1u);
  EXPECT_GE(testing::free_frames(this->source_) + 2, free);  // at most two frames stay, one of them with nodes
}

TYPED_TEST(CodeMemoryTest, AnyOrderLeavesTheDirectMapWhole) {
  const uint64_t pages = this->audit().pages, tables = this->audit().tables;
  std::mt19937 random(11);
  struct Piece {
    VirtAddr start;
    uint64_t size;
  };
  std::vector<Piece> pieces;
  for (int step = 0; step < 300; ++step) {
    this->run_on_some(random);
    if (pieces.size() < 12 && random() % 2 == 0) {
      const uint64_t size = (1 + random() % (random() % 8 == 0 ? 900 : 40)) * kPageSize;
      const auto start = this->allocate(kLow, kHigh, size, random() % 2 == 0 ? kPageSize : 64 * 1024);
      if (!start) continue;
      if (random() % 4 != 0) this->code_.seal(*start, size, random() % (size / kPageSize + 1) * kPageSize);
      pieces.push_back({*start, size});
    } else if (!pieces.empty()) {
      std::swap(pieces[random() % pieces.size()], pieces.back());
      this->release(pieces.back().start, pieces.back().size);
      pieces.pop_back();
    }
    ASSERT_EQ(this->audit().violation_count, 0u) << step;
    this->check();
    ASSERT_FALSE(this->HasFailure()) << step;
  }
  for (const Piece& piece : pieces) this->release(piece.start, piece.size);
  EXPECT_EQ(this->audit().pages, pages);
  EXPECT_LE(this->audit().tables, tables + 1);  // at most one table of the lower half stays
}

// Each CPU executes the code that was sealed last at an address, although all of them have fetched what was there
// before.
TYPED_TEST(CodeMemoryTest, EachCpuExecutesNewCode) {
  std::mt19937 random(12);
  for (unsigned version = 1; version < 60; ++version) {
    this->run_on_some(random);
    const uint64_t size = (1 + random() % 3) * kPageSize;
    const auto start = this->allocate(kLow, kHigh, size, kPageSize);
    ASSERT_TRUE(start.has_value());
    this->check(*start, size);
    for (uint64_t at = 0; at < size; at += kPageSize) {
      const auto phys = this->cpus_.access(this->table_.root(), start->value + at, Want::write);
      ASSERT_TRUE(phys.has_value());
      *this->ram_.map().at({*phys}) = static_cast<std::byte>(version);
    }
    this->code_.seal(*start, size, size);
    this->check();
    for (size_t cpu = 0; cpu < this->cpus_.count(); ++cpu) {
      this->cpus_.run_on(cpu);
      for (uint64_t at = 0; at < size; at += kPageSize) {
        auto byte = this->execute(*start + at);
        if (!byte) {  // the CPU remembers the rights from before the code was sealed
          ASSERT_EQ(this->space_.fault(*start + at, false, true), FaultOutcome::filled);
          byte = this->execute(*start + at);
        }
        ASSERT_EQ(byte, static_cast<std::byte>(version));
      }
    }
    this->run_on_some(random);
    this->release(*start, size);
    this->check();
    ASSERT_FALSE(this->HasFailure()) << version;
  }
}

TYPED_TEST(CodeMemoryTest, WithoutFramesForTablesNothingChanges) {
  // A first piece gives the lower half its tables. Then all but n frames are taken, and the allocation of code fails at
  // another place for each n.
  const auto kept = this->allocate(kLow, kHigh, kPageSize, kPageSize);
  ASSERT_TRUE(kept.has_value());
  std::vector<PhysAddr> taken;
  while (const auto frame = this->source_.allocate()) taken.push_back(*frame);
  std::ranges::reverse(taken);  // the largest free blocks were used up last, so their frames come first
  const uint64_t pages = this->audit().pages;
  bool failed = false, succeeded = false;
  for (unsigned n = 8; n < 40 && !succeeded; ++n) {
    // 8 single frames of different large pages, and n - 8 for tables.
    std::vector<PhysAddr> given;
    for (unsigned i = 0; i < n; ++i) given.push_back(taken[(i < 8 ? i * 700 + 3 : i * 2)]);
    for (const PhysAddr frame : given) this->source_.free_contiguous(frame, 1);
    const auto start = this->allocate(kLow, kHigh, 8 * kPageSize, kPageSize);
    if (start) {
      succeeded = true;
      this->code_.seal(*start, 8 * kPageSize, 8 * kPageSize);
      EXPECT_EQ(this->audit().violation_count, 0u);
      this->release(*start, 8 * kPageSize);
    } else {
      failed = true;
    }
    EXPECT_EQ(this->audit().pages, pages) << n;
    EXPECT_EQ(this->audit().executable, 0u);
    // Each of the frames is writable and can be taken again.
    for (const PhysAddr frame : given) {
      EXPECT_TRUE(this->table_.translate(this->alias(frame))->access.write);
    }
    unsigned again = 0;
    while (this->source_.allocate()) ++again;
    EXPECT_EQ(again, n);
  }
  EXPECT_TRUE(failed && succeeded);
}

}  // namespace
}  // namespace cairn::kernel
