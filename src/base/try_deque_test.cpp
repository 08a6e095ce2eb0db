// Compares TryDeque with std::deque while allocations fail at random.
#include "base/try_deque.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <vector>

namespace cairn {
namespace {

// Memory that cannot be allocated while `fails` is set. It counts the blocks in use.
struct SwitchedMemory {
  static constexpr size_t kAlignment = 16;
  static inline bool fails = false;
  static inline int out = 0;

  static void* allocate(size_t bytes) {
    if (fails) return nullptr;
    ++out;
    return ::operator new(bytes, std::nothrow);
  }
  static void deallocate(void* memory, size_t) {
    --out;
    ::operator delete(memory);
  }
};

TEST(TryDeque, AgreesWithAModelAndNeverMovesElements) {
  {
    TryDeque<std::shared_ptr<int>, 4, SwitchedMemory> tested;
    std::deque<std::shared_ptr<int>> model;
    std::vector<const std::shared_ptr<int>*> addresses;
    std::mt19937 random(7);
    int refused = 0;
    for (int step = 0; step < 20'000; ++step) {
      SwitchedMemory::fails = random() % 3 == 0;
      if (random() % 5 < 3) {
        const auto value = std::make_shared<int>(step);
        if (const auto* added = tested.try_emplace_back(value)) {
          model.push_back(value);
          addresses.push_back(added);
        } else {
          ++refused;
        }
      } else if (!model.empty()) {
        const size_t count = random() % 20 == 0 ? random() % model.size() : model.size() - 1;
        tested.truncate(count);
        model.resize(count);
        addresses.resize(count);
      }
      ASSERT_EQ(tested.size(), model.size());
      if (step % 50 != 0) continue;
      for (size_t i = 0; i < model.size(); ++i) {
        ASSERT_EQ(tested[i], model[i]);
        ASSERT_EQ(&tested[i], addresses[i]);
      }
      size_t i = 0;
      for (const std::shared_ptr<int>& value : tested) ASSERT_EQ(value, model[i++]);
    }
    EXPECT_GT(refused, 100);
  }
  SwitchedMemory::fails = false;
  EXPECT_EQ(SwitchedMemory::out, 0);
}

TEST(TryDeque, ChecksIndices) {
  TryDeque<int> numbers;
  EXPECT_DEATH((void)numbers[0], "");
}

}  // namespace
}  // namespace cairn
