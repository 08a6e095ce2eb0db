#include "kernel/log/ring.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

namespace cairn::kernel {
namespace {

TEST(LogRecord, TextsAreCut) {
  LogRecord record;
  const std::string text(1000, 'x');
  record.set_text(text);
  record.set_program(text);
  EXPECT_EQ(record.text(), text.substr(0, record.text_bytes.size()));
  EXPECT_EQ(record.program(), text.substr(0, record.program_bytes.size()));
}

// Adds records and reads them with several readers at random, and compares with a list of the newest ones.
TEST(LogRing, AgreesWithAList) {
  constexpr size_t kCapacity = 5;
  constexpr size_t kReaders = 3;
  std::mt19937 random(1);
  LogRing<kCapacity> ring;
  std::deque<uint64_t> newest;  // the times of the records
  uint64_t added = 0;
  std::array<uint64_t, kReaders> numbers{};
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 2 == 0) {
      ring.add({.nanoseconds = added});
      newest.push_back(added++);
      if (newest.size() > kCapacity) newest.pop_front();
    } else {
      uint64_t& number = numbers[random() % kReaders];
      const uint64_t expected = newest.empty() ? 0 : std::max(number, newest.front());
      const auto record = ring.take(number);
      ASSERT_EQ(record.has_value(), expected < added);
      if (record) {
        ASSERT_EQ(record->nanoseconds, expected);
        ASSERT_EQ(number, expected + 1);
      }
    }
    ASSERT_EQ(ring.end(), added);
    ASSERT_EQ(ring.first(), added - newest.size());
  }
}

}  // namespace
}  // namespace cairn::kernel
