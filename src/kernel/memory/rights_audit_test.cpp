#include "kernel/memory/rights_audit.hpp"

#include <gtest/gtest.h>

#include "kernel/memory/formats/rv64.hpp"
#include "kernel/memory/formats/x64.hpp"
#include "kernel/memory/simulated_memory_test.hpp"

namespace cairn::kernel {
namespace {

constexpr uint64_t kUpper = 0xffff'ffc0'0000'0000;  // in the upper half with three and with four levels of tables
constexpr PhysAddr kText{0x1'0000'0000}, kData{0x1'0020'0000}, kGuest{0x1'0040'0000};

template <class Format, unsigned kLevels>
struct Machine {
  using PageFormat = Format;
  static constexpr unsigned levels = kLevels;
};

// A TranslationCache that does nothing, because the audit reads only the tables.
struct Quiet {
  static constexpr bool kRemembersAbsence = false;
  static void flush(VirtAddr) {}
  static void flush_tables(VirtAddr) {}
  static void flush_all() {}
  static void synchronize_code() {}
  static void synchronize(const FlushRequest&) {}
};

// A kernel with text and data in the upper half, and a guest's code and memory in the lower one. Each test adds one
// mistake.
template <class M>
class RightsAuditTest : public ::testing::Test {
 protected:
  RightsAuditTest() {
    testing::give_all(ram_, source_);
    EXPECT_TRUE(table_.create());
    map(kUpper, kText, {.execute = true});
    map(kUpper + kLargePageSize, kData, {.write = true});
    map(kUpper + (1 << 30), kText, {});
    map(0x1000, kGuest, {.execute = true});
    map(0x10000, kGuest + kPageSize, {.write = true});
    rules_.lower_half_end = {uint64_t{1} << 38};
    rules_.read_only = {{kText, kPageSize}};
    rules_.private_to_kernel = {{kText, kPageSize}, {kData, kPageSize}};
    rules_.is_code = [](VirtAddr page) { return page.value == kUpper || page.value == 0x1000; };
  }
  void map(uint64_t at, PhysAddr frame, Access access, unsigned level = 0) {
    ASSERT_TRUE(table_.map({at}, frame, level, access));
  }
  RightsReport audit() {
    return RightsAudit<typename M::PageFormat>(ram_.map(), {table_.root(), M::levels}, rules_).run();
  }
  // Expects the violation `what` at `page`, and no other.
  void expect_violation(std::string_view what, uint64_t page) {
    const RightsReport report = audit();
    ASSERT_EQ(report.violation_count, 1u);
    EXPECT_EQ(report.violations[0].what, what);
    EXPECT_EQ(report.violations[0].page.value, page);
  }

  testing::Ram ram_{4 << 20};
  FrameSource source_;
  Quiet tlb_;
  PageTable<typename M::PageFormat, FrameSource, Quiet> table_{ram_.map(), source_, tlb_, M::levels};
  RightsRules rules_;
};
using Machines = ::testing::Types<Machine<X64PageFormat, 4>, Machine<Rv64PageFormat, 3>, Machine<Rv64PageFormat, 4>>;
TYPED_TEST_SUITE(RightsAuditTest, Machines);

TYPED_TEST(RightsAuditTest, FindsNothingWhereNothingIsWrong) {
  const RightsReport report = this->audit();
  EXPECT_EQ(report.violation_count, 0u);
  EXPECT_EQ(report.pages, 5u);
  EXPECT_EQ(report.executable, 2 * kPageSize);
}

TYPED_TEST(RightsAuditTest, FindsCodeThatIsWritableAtAnotherAddress) {
  this->map(kUpper + (2 << 20) + kPageSize, kGuest, {.write = true});
  this->expect_violation("is writable, and its frame is executable", kUpper + (2 << 20) + kPageSize);
}

TYPED_TEST(RightsAuditTest, FindsCodeUnderALargeWritablePage) {
  this->map(kUpper + (4 << 20), kGuest, {.write = true}, 1);
  this->expect_violation("is writable, and its frame is executable", kUpper + (4 << 20));
}

TYPED_TEST(RightsAuditTest, FindsConstantsThatAreWritable) {
  this->rules_.read_only.push_back({{0x2'0000'0000}, kPageSize});
  this->map(kUpper + (4 << 20), {0x2'0000'0000}, {.write = true});
  this->expect_violation("is writable, and its frame is to be read only", kUpper + (4 << 20));
}

TYPED_TEST(RightsAuditTest, FindsCodeThatNobodyHasSealed) {
  this->map(0x2000, {0x2'0000'0000}, {.execute = true});
  this->expect_violation("is executable, but there is no code", 0x2000);
}

TYPED_TEST(RightsAuditTest, FindsDevicesInTheLowerHalf) {
  this->map(0x2000, {0xfee0'0000}, {.write = true, .device = true});
  this->expect_violation("registers of a device are in the lower half", 0x2000);
}

TYPED_TEST(RightsAuditTest, FindsPageTablesInTheLowerHalf) {
  this->map(0x2000, this->table_.root(), {});
  this->expect_violation("a page table is in the lower half", 0x2000);
}

TYPED_TEST(RightsAuditTest, FindsTheKernelsDataInTheLowerHalf) {
  this->map(0x2000, kData, {});
  this->expect_violation("a frame of the kernel's is in the lower half", 0x2000);
}

TYPED_TEST(RightsAuditTest, FindsTheUsersBitOnAnyLevel) {
  using Format = TypeParam::PageFormat;
  const uint64_t user = std::is_same_v<Format, X64PageFormat> ? 4 : 16;
  const uint64_t page = (uint64_t{3} << 30) + (5 << 21) + 7 * kPageSize;
  this->map(page, kGuest + 2 * kPageSize, {});
  PhysAddr table = this->table_.root();
  for (unsigned level = TypeParam::levels; level-- != 0;) {
    uint64_t& entry = this->ram_.map().template at<uint64_t>(table)[page / page_size_at(level) % 512];
    entry |= user;
    this->expect_violation("lets user mode in", page / page_size_at(level) * page_size_at(level));
    entry &= ~user;
    table = Format::address(entry, level);
  }
}

}  // namespace
}  // namespace cairn::kernel
