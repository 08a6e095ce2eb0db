// Tests operations: how they run out of memory, what they keep, and how they nest.
#include "base/operation.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace cairn {
namespace {

constexpr size_t kTooMuch = size_t{1} << 60;

// Runs out of memory below `depth` frames, with callee-saved registers in use.
__attribute__((noinline)) size_t descend(int depth, std::vector<std::string>& kept) {
  kept.push_back(std::string(100, static_cast<char>('a' + depth % 26)));
  if (depth == 0) {
    kept.push_back(std::to_string(reinterpret_cast<uintptr_t>(::operator new(kTooMuch))));
    return kept.size();
  }
  const size_t below = descend(depth - 1, kept);
  return below + kept.size();
}

TEST(Operation, EndsWithAnErrorThatNamesWhatWasWanted) {
  for (int round = 0; round < 3; ++round) {
    volatile int outside = round;  // must be unchanged after the operation
    const Result<size_t> result = run_operation([&] {
      std::vector<std::string> kept;
      return descend(30, kept);
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::resource);
    EXPECT_NE(result.error().message.find(std::to_string(kTooMuch)), std::string::npos) << result.error().message;
    EXPECT_EQ(outside, round);
    EXPECT_EQ(operation_current(), nullptr);
  }
}

TEST(Operation, KeepsWhatItHasMade) {
  using Words = std::map<int, std::string>;
  Result<Words> words = run_operation([] {
    Words made;
    for (int i = 0; i < 1000; ++i) made[i] = std::string(40, 'x');
    for (int i = 0; i < 1000; i += 3) made.erase(i);
    return made;
  });
  ASSERT_TRUE(words);
  EXPECT_EQ(words->size(), 666u);
  EXPECT_EQ(words->at(1).size(), 40u);
  words->erase(4);
}

TEST(Operation, IsPartOfTheOneAround) {
  bool went_on = false;
  const Result<int> result = run_operation([&]() -> Result<int> {
    const std::vector<int> numbers(100, 1);
    const Result<size_t> inner = run_operation([] {
      std::vector<std::string> kept;
      return descend(3, kept);
    });
    went_on = true;
    return static_cast<int>(numbers.size());
  });
  EXPECT_FALSE(result);
  EXPECT_FALSE(went_on);
}

TEST(Operation, PassesErrorsOn) {
  const Result<int> result =
      run_operation([]() -> Result<int> { return fail(Error::of(ErrorKind::invalid, std::string(50, 'e'))); });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  EXPECT_EQ(result.error().message, std::string(50, 'e'));
}

TEST(Operation, AllocationsThatMayFailDoNotEndIt) {
  const Result<bool> result = run_operation([] { return ::operator new(kTooMuch, std::nothrow) == nullptr; });
  ASSERT_TRUE(result);
  EXPECT_TRUE(*result);
}

TEST(Operation, ErrorsNameWhatThereWasNoMemoryFor) {
  EXPECT_EQ(out_of_memory("a table of 7 elements", 56).message,
            "out of memory for a table of 7 elements: 56 bytes wanted");
}

}  // namespace
}  // namespace cairn
