// Tests, case by case, of what the other CPUs see when one CPU changes an address space (INV-23). The random tests of
// this folder look for errors that these cases do not cover.
#include <gtest/gtest.h>

#include "kernel/memory/address_space.hpp"
#include "kernel/memory/code_memory.hpp"
#include "kernel/memory/formats/rv64.hpp"
#include "kernel/memory/formats/x64.hpp"
#include "kernel/memory/simulated_cpus_test.hpp"

namespace cairn::kernel {
namespace {

using testing::Want;

constexpr VirtAddr kLow{kLargePageSize}, kHigh{uint64_t{1} << 38};

template <class F, class R>
struct Machine {
  using Format = F;
  using Rules = R;
};

template <class M>
class SeveralCpus : public ::testing::Test {
 protected:
  using Cpus = testing::SimulatedCpus<typename M::Rules>;
  using Frames = testing::WatchedFrames<Cpus>;
  using Table = PageTable<typename M::Format, Frames, Cpus>;

  SeveralCpus() {
    testing::give_all(ram_, source_, 16);
    EXPECT_TRUE(table_.create());
    source_.watch(cpus_, ram_.map());
  }
  ~SeveralCpus() override { cpus_.expect_current(table_.root(), {}); }

  VirtAddr committed(uint64_t size, Access access = {.write = true}) {
    const auto start = space_.reserve(kLow, kHigh, size, kLargePageSize);
    EXPECT_TRUE(start.has_value());
    EXPECT_TRUE(space_.commit(*start, size, access).has_value());
    return *start;
  }
  bool allows(size_t cpu, VirtAddr at, Want want) {
    cpus_.run_on(cpu);
    return cpus_.access(table_.root(), at.value, want).has_value();
  }
  // Accesses memory as a program does. Returns the number of faults, or nothing if the last was not resolved.
  std::optional<unsigned> faults(size_t cpu, VirtAddr at, Want want) {
    for (unsigned count = 0; count < 4; ++count) {
      if (allows(cpu, at, want)) return count;
      if (space_.fault(at, want == Want::write, want == Want::execute) != FaultOutcome::filled) return std::nullopt;
    }
    return std::nullopt;
  }
  void touch_all(size_t cpu, VirtAddr start, uint64_t size) {
    for (uint64_t at = 0; at < size; at += kPageSize) ASSERT_TRUE(faults(cpu, start + at, Want::write).has_value());
  }
  // The number of times that `operation`, which CPU 0 does, waits for the other CPUs.
  template <class F>
  uint64_t synchronizations(F&& operation) {
    const uint64_t before = cpus_.synchronizations();
    cpus_.run_on(0);
    operation();
    return cpus_.synchronizations() - before;
  }

  // The number of faults until a CPU sees a new page where it remembers that nothing was mapped. An x86-64 CPU does not
  // remember that.
  static constexpr unsigned kFaultsUntilNew = Cpus::kRemembersAbsence ? 1 : 0;

  testing::Ram ram_{64 << 20};
  Frames source_;
  Cpus cpus_{ram_, 4, 3};
  Table table_{ram_.map(), source_, cpus_, 4};
  AddressSpace<Table> space_{ram_.map(), source_, table_};
};
using Machines =
    ::testing::Types<Machine<X64PageFormat, testing::X64Rules>, Machine<Rv64PageFormat, testing::Rv64Rules>>;
TYPED_TEST_SUITE(SeveralCpus, Machines);

TYPED_TEST(SeveralCpus, SeeMemoryThatAnotherCpuHasFilled) {
  const VirtAddr start = this->committed(1 << 20);
  EXPECT_FALSE(this->allows(1, start, Want::read));  // CPU 1 may remember that nothing is there
  EXPECT_EQ(this->faults(0, start, Want::write), 1 + this->kFaultsUntilNew);
  EXPECT_EQ(this->faults(1, start, Want::write), this->kFaultsUntilNew);
  EXPECT_EQ(this->faults(2, start, Want::write), 0u);
}

// Two CPUs fault at one page. The second one's fault finds the page filled.
TYPED_TEST(SeveralCpus, FaultAtTheSamePage) {
  const VirtAddr start = this->committed(1 << 20);
  EXPECT_FALSE(this->allows(0, start, Want::write));
  EXPECT_FALSE(this->allows(1, start, Want::write));
  EXPECT_EQ(this->space_.fault(start, true, false), FaultOutcome::filled);
  const uint64_t filled = this->space_.filled_total();
  EXPECT_EQ(this->space_.fault(start, true, false), FaultOutcome::filled);
  EXPECT_EQ(this->space_.filled_total(), filled);
  EXPECT_TRUE(this->allows(0, start, Want::write) || this->faults(0, start, Want::write) == 1u);
  EXPECT_TRUE(this->allows(1, start, Want::write));
}

// After a right was added to a page, a CPU that remembers the page without it faults once and then has the right. No
// CPU waits.
TYPED_TEST(SeveralCpus, GetNewRightsByOneFault) {
  const VirtAddr start = this->committed(1 << 20, {});
  for (size_t cpu = 0; cpu < 3; ++cpu) ASSERT_TRUE(this->faults(cpu, start, Want::read).has_value());
  EXPECT_EQ(this->synchronizations([&] { this->space_.protect(start, 1 << 20, {.write = true}); }), 0u);
  EXPECT_EQ(this->faults(0, start, Want::write), 0u);
  EXPECT_EQ(this->faults(1, start, Want::write), 1u);
  EXPECT_EQ(this->faults(1, start, Want::write), 0u);
  // The same for commit(), which changes the rights of committed pages.
  EXPECT_EQ(this->synchronizations([&] {
    ASSERT_TRUE(this->space_.commit(start, 1 << 20, {.write = true, .execute = true}).has_value());
  }),
            0u);
  EXPECT_EQ(this->faults(1, start, Want::execute), 1u);
}

TYPED_TEST(SeveralCpus, LoseRightsBeforeProtectReturns) {
  const VirtAddr start = this->committed(1 << 20);
  this->touch_all(1, start, 1 << 20);
  EXPECT_EQ(this->synchronizations([&] { this->space_.protect(start + kPageSize, kPageSize, {}); }), 1u);
  EXPECT_FALSE(this->allows(1, start + kPageSize, Want::write));
  EXPECT_TRUE(this->allows(1, start, Want::write));
  EXPECT_EQ(
      this->synchronizations([&] { ASSERT_TRUE(this->space_.commit(start, 1 << 20, {.execute = true}).has_value()); }),
      1u);
  EXPECT_FALSE(this->allows(1, start, Want::write));
}

// Operations that take nothing away do not wait for other CPUs. (fill() waits where CPUs remember absence.)
TYPED_TEST(SeveralCpus, AreNotAskedWhenNothingIsTakenAway) {
  VirtAddr start;
  EXPECT_EQ(this->synchronizations([&] { start = this->committed(1 << 20); }), 0u);
  EXPECT_EQ(this->synchronizations([&] { this->touch_all(0, start, 1 << 19); }), 0u);
  EXPECT_EQ(this->synchronizations([&] { this->space_.fill(start, 1 << 20); }), this->kFaultsUntilNew);
  EXPECT_EQ(this->synchronizations([&] { this->space_.protect(start, 1 << 20, {.write = true}); }), 0u);
  const VirtAddr untouched = this->committed(1 << 20);
  EXPECT_EQ(this->synchronizations([&] { this->space_.decommit(untouched, 1 << 19); }), 0u);
  EXPECT_EQ(this->synchronizations([&] { this->space_.release(untouched); }), 0u);
}

TYPED_TEST(SeveralCpus, DoNotFaultInMemoryThatWasFilledAtOnce) {
  const VirtAddr start = this->committed(1 << 20);
  EXPECT_FALSE(this->allows(1, start, Want::write));
  EXPECT_FALSE(this->allows(0, start + kPageSize, Want::write));
  this->space_.fill(start, 1 << 20);
  this->cpus_.expect_current(this->table_.root(), {{start.value, start.value + (1 << 20)}});
  const auto registers = this->space_.map_device(kLow, kHigh, {{0x1000}, kPageSize});
  ASSERT_TRUE(registers.has_value());
  EXPECT_TRUE(this->allows(1, *registers, Want::write));
}
TYPED_TEST(SeveralCpus, DoNotFaultAtNewRegisters) {
  const uint64_t next = kLow.value + kPageSize;  // where the first reservation will lie
  EXPECT_FALSE(this->allows(1, {next}, Want::write));
  const auto registers = this->space_.map_device(kLow, kHigh, {{0x1000}, kPageSize});
  ASSERT_TRUE(registers.has_value() && registers->value == next);
  EXPECT_TRUE(this->allows(1, *registers, Want::write));
}

// When RemovedFrames is full, the other CPUs are asked once to forget its frames, and then the frames are given back.
// Here this happens three times, and once more for the remaining frames.
TYPED_TEST(SeveralCpus, AreAskedOnceForManyPages) {
  constexpr uint64_t kPages = 3 * RemovedFrames::kCapacity + 7;
  const VirtAddr start = this->committed(kPages * kPageSize);
  this->touch_all(1, start, kPages * kPageSize);
  const uint64_t free = testing::free_frames(this->source_);
  EXPECT_EQ(this->synchronizations([&] { this->space_.decommit(start, kPages * kPageSize); }), 4u);
  EXPECT_GE(testing::free_frames(this->source_), free + kPages);
  EXPECT_EQ(this->source_.promised(), this->space_.recount());
  for (uint64_t at = 0; at < kPages * kPageSize; at += kPageSize) EXPECT_FALSE(this->allows(1, start + at, Want::read));
  EXPECT_FALSE(this->faults(1, start, Want::read).has_value());
}

// Large pages are split on one CPU while another one remembers them whole.
TYPED_TEST(SeveralCpus, SeeSplitPages) {
  const VirtAddr start = this->committed(32 << 20);
  for (uint64_t at = 0; at < 32 << 20; at += kLargePageSize) ASSERT_TRUE(this->faults(1, start + at, Want::write));
  ASSERT_EQ(this->table_.translate(start)->level, 1u);
  EXPECT_EQ(this->synchronizations([&] { this->space_.protect(start + kPageSize, kPageSize, {}); }), 1u);
  EXPECT_FALSE(this->allows(1, start + kPageSize, Want::write));
  EXPECT_TRUE(this->allows(1, start + 2 * kPageSize, Want::write));
  EXPECT_EQ(this->synchronizations([&] { this->space_.decommit(start + kLargePageSize + kPageSize, kPageSize); }), 1u);
  EXPECT_FALSE(this->allows(1, start + kLargePageSize + kPageSize, Want::read));
  // The pages of two tables of small pages and 14 large pages fill RemovedFrames twice, and some remain.
  EXPECT_EQ(this->synchronizations([&] { this->space_.release(start); }), 3u);
}

// After a join, one flush must do for the whole large page: no CPU may remember one of its parts.
TYPED_TEST(SeveralCpus, ForgetThePartsOfAJoinedPage) {
  constexpr uint64_t kBlock = uint64_t{1} << 30, kPhys = 0x1'0000'0000;
  const Access all{.write = true};
  ASSERT_TRUE(this->table_.map({kBlock}, {kPhys}, 1, all));
  ASSERT_TRUE(this->table_.split_at({kBlock + 5 * kPageSize}));
  for (size_t cpu = 0; cpu < 3; ++cpu) EXPECT_TRUE(this->allows(cpu, {kBlock + 7 * kPageSize}, Want::write));
  EXPECT_EQ(this->synchronizations([&] { this->table_.join({kBlock}, kLargePageSize, all, 1); }), 1u);
  ASSERT_EQ(this->table_.translate({kBlock})->level, 1u);
  EXPECT_EQ(this->synchronizations([&] { ASSERT_TRUE(this->table_.protect({kBlock}, kLargePageSize, {})); }), 1u);
  for (size_t cpu = 0; cpu < 3; ++cpu) EXPECT_FALSE(this->allows(cpu, {kBlock + 7 * kPageSize}, Want::write));
}

// Several changes in one scope make one request. The CPU that makes a change sees it at once.
TYPED_TEST(SeveralCpus, AreAskedOnceForAScope) {
  const VirtAddr start = this->committed(1 << 20);
  this->touch_all(1, start, 1 << 20);
  EXPECT_EQ(this->synchronizations([&] {
    const typename TestFixture::Table::ChangeScope scope(this->table_);
    this->space_.protect(start, kPageSize, {});
    this->space_.protect(start + kPageSize, kPageSize, {.execute = true});
    EXPECT_EQ(this->cpus_.access(this->table_.root(), start.value, Want::write), std::nullopt);
  }),
            1u);
  EXPECT_EQ(this->synchronizations([&] { this->space_.release(start); }), 1u);
}

// If no frame is free, an operation that needs a table first frees the frames that were removed.
TYPED_TEST(SeveralCpus, ForgetFramesBeforeATableIsRefused) {
  constexpr uint64_t kBlock = uint64_t{1} << 30;
  const auto frame = this->source_.allocate();
  ASSERT_TRUE(this->table_.map({kBlock - kPageSize}, *frame, 0, {.owned = true}));
  ASSERT_TRUE(this->table_.map({kBlock - 2 * kPageSize}, {0x1'0000'0000}, 0, {}));
  ASSERT_TRUE(this->table_.map({kBlock}, {0x1'0000'0000}, 1, {}));
  while (this->source_.allocate()) {
  }
  EXPECT_TRUE(this->allows(1, {kBlock - kPageSize}, Want::read));
  this->cpus_.run_on(0);
  EXPECT_TRUE(this->table_.unmap({kBlock - kPageSize}, 2 * kPageSize));
  EXPECT_FALSE(this->table_.translate({kBlock}));
  EXPECT_TRUE(this->table_.translate({kBlock + kPageSize}));
}

// Making code takes one request for each step: aliases in the direct map lose the right to write, code is sealed, and
// code is released.
TYPED_TEST(SeveralCpus, AreAskedOnceWhenCodeIsMade) {
  constexpr uint64_t kSize = 16 * kPageSize;
  const VirtAddr alias = VirtAddr::of(this->ram_.map().at(this->ram_.range().start));
  const uint64_t bytes = this->ram_.range().size;
  this->cpus_.set_direct_map({alias.value, alias.value + bytes});
  ASSERT_TRUE(this->table_.map_range(alias, this->ram_.range().start, bytes, {.write = true}, 1));
  CodeMemory code(this->ram_.map(), this->source_, this->space_, this->table_, 1);
  for (uint64_t at = 0; at < bytes; at += kPageSize) ASSERT_TRUE(this->allows(1, alias + at, Want::write));
  VirtAddr start;
  EXPECT_EQ(this->synchronizations([&] { start = *code.reserve(kLow, kHigh, kSize, kPageSize); }), 0u);
  EXPECT_EQ(this->synchronizations([&] { ASSERT_TRUE(code.prepare(start, kSize)); }), 1u);
  EXPECT_EQ(this->synchronizations([&] { code.seal(start, kSize, kSize / 2); }), 1u);
  EXPECT_EQ(this->synchronizations([&] { code.take_back(start, kSize); }), 1u);
  this->space_.release(start);
  for (uint64_t at = 0; at < bytes; at += kPageSize) EXPECT_TRUE(this->allows(1, alias + at, Want::write));
}

}  // namespace
}  // namespace cairn::kernel
