#include "kernel/memory/flush_request.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace cairn::kernel {
namespace {

// Records what it is made to forget.
struct Recorder {
  static constexpr bool kRemembersAbsence = false;
  std::set<uint64_t> pages;
  unsigned tables = 0, everything = 0, code = 0;

  void flush(VirtAddr page) { pages.insert(page.value); }
  void flush_tables(VirtAddr) { ++tables; }
  void flush_all() { ++everything; }
  void synchronize_code() { ++code; }
  void synchronize(const FlushRequest&) {}
};
Recorder carried_out(const FlushRequest& request) {
  Recorder recorder;
  carry_out(request, recorder);
  return recorder;
}

TEST(FlushRequest, IsEmptyUntilSomethingIsAdded) {
  FlushRequest request;
  EXPECT_TRUE(request.is_empty());
  request.add_page({0x5000});
  EXPECT_FALSE(request.is_empty());
  request.clear();
  EXPECT_TRUE(request.is_empty());
  request.add_tables();
  EXPECT_FALSE(request.is_empty());
  request.clear();
  request.add_everything();
  EXPECT_FALSE(request.is_empty());
  request.clear();
  request.add_code();
  EXPECT_FALSE(request.is_empty());
  request.clear();
  const Recorder nothing = carried_out(request);
  EXPECT_TRUE(nothing.pages.empty());
  EXPECT_EQ(nothing.tables + nothing.everything + nothing.code, 0u);
}

TEST(FlushRequest, JoinsConsecutivePages) {
  FlushRequest request;
  for (const uint64_t page : {0x5000, 0x6000, 0x6000, 0x5000, 0x7000, 0x20'0000, 0x4000}) request.add_page({page});
  ASSERT_EQ(request.ranges().size(), 3u);
  EXPECT_EQ(request.ranges()[0].start.value, 0x5000u);
  EXPECT_EQ(request.ranges()[0].pages, 3u);
  EXPECT_EQ(request.ranges()[1].pages, 1u);
  EXPECT_EQ(carried_out(request).pages, (std::set<uint64_t>{0x4000, 0x5000, 0x6000, 0x7000, 0x20'0000}));
}

TEST(FlushRequest, BecomesEverythingWhenThereAreTooManyPages) {
  FlushRequest request;
  for (uint64_t i = 0; i < FlushRequest::kMostPages; ++i) request.add_page({i * kPageSize});
  EXPECT_FALSE(request.everything());
  request.add_page({FlushRequest::kMostPages * kPageSize});
  EXPECT_TRUE(request.everything());
  request.add_page({0x77'7000});
  EXPECT_TRUE(request.ranges().empty());
  EXPECT_EQ(carried_out(request).everything, 1u);

  request.clear();
  for (uint64_t i = 0; i < FlushRequest::kMostRanges; ++i) request.add_page({i * 2 * kPageSize});
  EXPECT_FALSE(request.everything());
  request.add_page({1 << 30});
  EXPECT_TRUE(request.everything());
}

// Whatever is added, carrying out the request forgets at least that, and code only if code was added.
TEST(FlushRequest, ForgetsAllThatWasAdded) {
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    FlushRequest request;
    std::set<uint64_t> added;
    bool tables = false, everything = false, code = false;
    for (uint64_t i = random() % 50; i != 0; --i) {
      const uint64_t page = random() % (round % 2 == 0 ? 24 : 400) * kPageSize;
      request.add_page({page});
      added.insert(page);
    }
    if (random() % 3 == 0) request.add_tables(), tables = true;
    if (random() % 8 == 0) request.add_everything(), everything = true;
    if (random() % 3 == 0) request.add_code(), code = true;
    const Recorder done = carried_out(request);
    EXPECT_EQ(done.code, code ? 1u : 0u);
    if (done.everything != 0) continue;
    EXPECT_FALSE(everything);
    EXPECT_EQ(done.pages, added);
    EXPECT_EQ(done.tables, tables ? 1u : 0u);
  }
}

}  // namespace
}  // namespace cairn::kernel
