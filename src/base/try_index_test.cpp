// Compares TryIndex with std::unordered_map, also for entries whose hashes are equal.
#include "base/try_index.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace cairn {
namespace {

TEST(TryIndex, AgreesWithAModel) {
  for (const uint64_t mask : {~uint64_t{0}, uint64_t{3}}) {  // with the second mask, many hashes are equal
    TryIndex index;
    std::vector<std::string> keys;
    std::unordered_map<std::string, uint32_t> model;
    std::mt19937 random(5);
    for (int step = 0; step < 3000; ++step) {
      const std::string key = std::to_string(random() % 1000);
      const uint64_t hash = hash_of(key.data(), key.size()) & mask;
      const auto found = index.find(hash, [&](uint32_t i) { return keys[i] == key; });
      const auto expected = model.find(key);
      ASSERT_EQ(found.has_value(), expected != model.end());
      if (found) {
        ASSERT_EQ(*found, expected->second);
        continue;
      }
      ASSERT_TRUE(index.try_reserve_more(1));
      index.add_within_capacity(hash, static_cast<uint32_t>(keys.size()));
      model[key] = static_cast<uint32_t>(keys.size());
      keys.push_back(key);
    }
    EXPECT_EQ(index.size(), keys.size());
  }
}

}  // namespace
}  // namespace cairn
