// Tests that the elements of a table survive its growth, and a growth that fails.
#include "runtime/storage/table_storage.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace cairn::runtime {
namespace {

// Grows a table through all sizes: small tables, tables that move to address space of their own, and tables that grow
// there.
TEST(TableStorage, KeepsWhatIsThereAndAppendsNulls) {
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    TableStorage tested;
    std::vector<uint64_t> model;
    while (model.size() < 60'000) {
      const size_t count = model.size() + random() % (random() % 4 == 0 ? 20'000 : 700);
      ASSERT_TRUE(tested.try_grow(count));
      model.resize(count);
      ASSERT_EQ(tested.size(), count);
      for (int i = 0; i < 50 && count != 0; ++i) {
        const size_t at = random() % count;
        tested.data()[at] = model[at] = random();
      }
      ASSERT_TRUE(std::equal(tested.begin(), tested.end(), model.begin(), model.end()));
    }
  }
}

TEST(TableStorage, StaysAsItWasWithoutMemory) {
  TableStorage storage;
  ASSERT_TRUE(storage.try_grow(100));
  storage.data()[99] = 7;
  EXPECT_FALSE(storage.try_grow(uint64_t{1} << 50));
  EXPECT_EQ(storage.size(), 100u);
  EXPECT_EQ(storage.data()[99], 7u);
  ASSERT_TRUE(storage.try_grow(20'000));
  EXPECT_FALSE(storage.try_grow(uint64_t{1} << 50));
  EXPECT_EQ(storage.size(), 20'000u);
  EXPECT_EQ(storage.data()[99], 7u);
}

}  // namespace
}  // namespace cairn::runtime
