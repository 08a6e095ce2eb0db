#include "kernel/memory/memory_map.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace cairn::kernel {
namespace {

TEST(MemoryMap, RoundsAndJoins) {
  MemoryMap map;
  map.add_usable({{0x1800}, 0x3000});  // pages 2 and 3 whole
  map.add_usable({{0x4000}, 0x1000});
  ASSERT_EQ(map.usable().size(), 1u);
  EXPECT_EQ(map.usable()[0].start.value, 0x2000u);
  EXPECT_EQ(map.usable()[0].end(), 0x5000u);
  map.reserve({{0x2fff}, 2});
  ASSERT_EQ(map.usable().size(), 1u);
  EXPECT_EQ(map.usable()[0].start.value, 0x4000u);
}

TEST(MemoryMap, IgnoresNonsense) {
  MemoryMap map;
  map.add_usable({{~uint64_t{0} - 4096}, 0x10000});
  map.add_usable({{0x1000}, ~uint64_t{0}});
  map.add_usable({{0x1001}, 0x10});
  EXPECT_TRUE(map.usable().empty());
  map.add_usable({{0x1000}, 0x1000});
  map.reserve({{0}, ~uint64_t{0}});
  EXPECT_TRUE(map.usable().empty());
}

TEST(MemoryMap, EqualsABitmap) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    MemoryMap map;
    std::vector<bool> model(256);
    auto range = [&] { return PhysRange{{random() % 250 * kPageSize}, (random() % 20) * kPageSize}; };
    for (int i = 0; i < 12; ++i) {
      const PhysRange r = range();
      map.add_usable(r);
      for (uint64_t page = r.start.value / kPageSize; page < std::min<uint64_t>(r.end() / kPageSize, 256); ++page)
        model[page] = true;
    }
    for (int i = 0; i < 8; ++i) {
      const PhysRange r = range();
      map.reserve(r);
      for (uint64_t page = r.start.value / kPageSize; page < std::min<uint64_t>(r.end() / kPageSize, 256); ++page)
        model[page] = false;
    }
    std::vector<bool> got(256);
    uint64_t last = 0;
    for (const PhysRange& r : map.usable()) {
      EXPECT_TRUE(r.start.value >= last && r.size != 0);
      last = r.end();
      for (uint64_t page = r.start.value / kPageSize; page < std::min<uint64_t>(r.end() / kPageSize, 256); ++page)
        got[page] = true;
    }
    EXPECT_EQ(got, model);
  }
}

TEST(MemoryMap, SurvivesMoreThanItsCapacity) {
  MemoryMap map;
  map.add_usable({{0}, 1 << 30});
  for (uint64_t i = 0; i < 1000; ++i) map.reserve({{i * 0x10000}, 0x1000});
  EXPECT_LE(map.usable().size(), MemoryMap::kCapacity);
  for (const PhysRange& range : map.usable()) EXPECT_NE(range.start.value % 0x10000, 0u);
}

}  // namespace
}  // namespace cairn::kernel
