// Tests TryVector, TryString and try_make_unique, above all when there is no memory.
#include "base/try_vector.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/try_string.hpp"

namespace cairn {
namespace {

// Memory of at most `limit` bytes, which counts the bytes in use and the attempts to allocate.
struct LimitedMemory {
  static constexpr size_t kAlignment = 16;
  static inline size_t limit = ~size_t{0};
  static inline size_t used = 0;
  static inline size_t attempts = 0;

  static void* allocate(size_t bytes) {
    ++attempts;
    if (bytes > limit - used) return nullptr;
    used += bytes;
    return ::operator new(bytes, std::nothrow);
  }
  static void deallocate(void* memory, size_t bytes) {
    used -= bytes;
    ::operator delete(memory);
  }
};

template <class T>
using Limited = TryVector<T, LimitedMemory>;

class TryVectorTest : public ::testing::Test {
 protected:
  void SetUp() override { limit_to(~size_t{0}); }
  void TearDown() override {
    EXPECT_EQ(LimitedMemory::used, 0u);
    limit_to(~size_t{0});
  }
  static void limit_to(size_t bytes) {
    LimitedMemory::limit = bytes;
    LimitedMemory::attempts = 0;
  }
};

TEST_F(TryVectorTest, StaysAsItWasWithoutMemory) {
  Limited<std::unique_ptr<int>> numbers;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(numbers.try_push_back(std::make_unique<int>(i)));
  limit_to(LimitedMemory::used);
  while (numbers.size() < numbers.capacity()) ASSERT_TRUE(numbers.try_push_back(nullptr));
  const auto* data = numbers.data();
  const size_t size = numbers.size();
  EXPECT_FALSE(numbers.try_push_back(std::make_unique<int>(7)));
  EXPECT_FALSE(numbers.try_reserve(size + 1));
  EXPECT_FALSE(numbers.try_reserve_more(1));
  EXPECT_FALSE(numbers.try_resize(size + 1));
  EXPECT_FALSE(numbers.try_insert_at(3, nullptr));
  EXPECT_EQ(numbers.data(), data);
  ASSERT_EQ(numbers.size(), size);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*numbers[static_cast<size_t>(i)], i);
}

TEST_F(TryVectorTest, TakesNoMoreThanIsNeededWhenMemoryIsShort) {
  Limited<uint64_t> numbers;
  ASSERT_TRUE(numbers.try_resize(100, 5));
  EXPECT_EQ(numbers.capacity(), 100u);
  limit_to(100 * 8 + 101 * 8);
  EXPECT_TRUE(numbers.try_push_back(6));
  EXPECT_EQ(LimitedMemory::attempts, 2u);
  EXPECT_EQ(numbers.capacity(), 101u);
  EXPECT_FALSE(numbers.try_push_back(7));
  EXPECT_EQ(numbers.back(), 6u);
  EXPECT_EQ(numbers[99], 5u);
}

TEST_F(TryVectorTest, RefusesSizesThatOverflow) {
  Limited<uint64_t> numbers;
  ASSERT_TRUE(numbers.try_push_back(1));
  for (size_t count : {~size_t{0}, ~size_t{0} / 8 + 2, size_t{1} << 61, (size_t{1} << 60) + 1}) {
    EXPECT_FALSE(numbers.try_reserve(count)) << count;
    EXPECT_FALSE(numbers.try_resize(count)) << count;
    EXPECT_FALSE(numbers.try_resize(count, 9)) << count;
    EXPECT_FALSE(numbers.try_reserve_more(count)) << count;
  }
  EXPECT_EQ(numbers.size(), 1u);
}

TEST_F(TryVectorTest, CopiesWhatLiesInItself) {
  Limited<std::string> words;
  ASSERT_TRUE(words.try_push_back("a word that is longer than a small string"));
  while (words.size() < 100) ASSERT_TRUE(words.try_append(words.as_span()));
  for (const std::string& word : words) ASSERT_EQ(word, words.front());
  ASSERT_TRUE(words.try_resize(1000, words.back()));
  EXPECT_EQ(words.back(), words.front());
}

TEST_F(TryVectorTest, Moves) {
  Limited<int> first;
  ASSERT_TRUE(first.try_push_back(1));
  Limited<int> second = std::move(first);
  ASSERT_TRUE(first.try_push_back(2));  // NOLINT(bugprone-use-after-move): the use after the move is tested
  first = std::move(second);
  EXPECT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0], 1);
  first.reset();
  EXPECT_EQ(first.capacity(), 0u);
}

// Compares with the standard's vector while the limit on memory changes.
TEST_F(TryVectorTest, AgreesWithAModel) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Limited<std::shared_ptr<int>> tested;
    std::vector<std::shared_ptr<int>> model;
    for (int step = 0; step < 200; ++step) {
      LimitedMemory::limit = random() % 4 == 0 ? LimitedMemory::used : LimitedMemory::used + random() % 8000;
      const auto value = std::make_shared<int>(step);
      const size_t position = model.empty() ? 0 : random() % model.size();
      switch (random() % 8) {
        case 0:
        case 1:
        case 2:
          if (tested.try_push_back(value)) model.push_back(value);
          break;
        case 3:
          if (tested.try_insert_at(position, value))
            model.insert(model.begin() + static_cast<ptrdiff_t>(position), value);
          break;
        case 4: {
          const size_t count = random() % 60;
          if (tested.try_resize(count, value)) model.resize(count, value);
          break;
        }
        case 5:
          if (tested.try_append(std::span<const std::shared_ptr<int>>(tested.data(), position))) {
            const std::vector<std::shared_ptr<int>> part(model.begin(),
                                                         model.begin() + static_cast<ptrdiff_t>(position));
            model.insert(model.end(), part.begin(), part.end());
          }
          break;
        case 6:
          if (model.empty()) break;
          tested.erase_at(position);
          model.erase(model.begin() + static_cast<ptrdiff_t>(position));
          break;
        case 7:
          tested.truncate(position);
          if (position < model.size()) model.resize(position);
          break;
      }
      ASSERT_TRUE(std::ranges::equal(tested, model));
    }
  }
}

TEST_F(TryVectorTest, ChecksIndices) {
  Limited<int> numbers;
  ASSERT_TRUE(numbers.try_reserve(4));
  EXPECT_DEATH((void)numbers[0], "");
  EXPECT_DEATH(numbers.pop_back(), "");
  EXPECT_DEATH(numbers.erase_at(0), "");
}

TEST_F(TryVectorTest, StringsReport) {
  BasicTryString<LimitedMemory> text;
  ASSERT_TRUE(text.try_assign("hello"));
  ASSERT_TRUE(text.try_append(text));
  EXPECT_EQ(text.view(), "hellohello");
  limit_to(LimitedMemory::used);
  EXPECT_FALSE(text.try_assign("other"));
  EXPECT_EQ(text.view(), "hellohello");
  limit_to(~size_t{0});
  ASSERT_TRUE(text.try_assign(text.view().substr(3, 4)));
  EXPECT_EQ(text.view(), "lohe");
}

TEST(TryMakeUnique, MakesAnObject) {
  const auto object = try_make_unique<std::pair<int, int>>(3, 4);
  ASSERT_NE(object, nullptr);
  EXPECT_EQ(object->second, 4);
}

}  // namespace
}  // namespace cairn
