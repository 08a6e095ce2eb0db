#include "wasi/system/pipe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <thread>
#include <vector>

namespace cairn::wasi {
namespace {

std::vector<std::byte> numbered(size_t size, uint8_t first) {
  std::vector<std::byte> bytes(size);
  for (std::byte& b : bytes) b = std::byte{first++};
  return bytes;
}

// Compares a pipe with a queue over random sequences of reads and writes that do not wait.
TEST(Pipe, AgreesWithAQueue) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const size_t capacity = 1 + random() % 9;
    PipeEnds ends = make_pipe(capacity);
    ASSERT_TRUE(ends.reader && ends.writer);
    std::deque<std::byte> model;
    uint8_t next = 0;
    for (int step = 0; step < 100; ++step) {
      EXPECT_EQ(ends.reader->readable_bytes(), model.size());
      EXPECT_EQ(ends.writer->is_writable(), model.size() < capacity);
      EXPECT_EQ(ends.reader->wait_readable(0), !model.empty());
      if (random() % 2 == 0) {
        const auto bytes = numbered(random() % (capacity - model.size() + 1), next);
        next = static_cast<uint8_t>(next + bytes.size());
        EXPECT_EQ(ends.writer->write(0, bytes).value(), bytes.size());
        model.insert(model.end(), bytes.begin(), bytes.end());
      } else if (!model.empty()) {
        std::vector<std::byte> bytes(1 + random() % 12);
        const size_t count = ends.reader->read(0, bytes).value();
        ASSERT_EQ(count, std::min(bytes.size(), model.size()));
        EXPECT_TRUE(std::equal(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count), model.begin()));
        model.erase(model.begin(), model.begin() + static_cast<ptrdiff_t>(count));
      }
    }
    ends.writer.reset();
    std::vector<std::byte> rest(capacity + 1);
    const size_t left = model.size();
    EXPECT_EQ(ends.reader->read(0, rest).value(), left);
    EXPECT_EQ(ends.reader->read(0, rest).value(), 0U);
  }
}

TEST(Pipe, AWriteWithoutAReaderFails) {
  PipeEnds ends = make_pipe(4);
  ends.reader.reset();
  EXPECT_TRUE(ends.writer->is_writable());
  EXPECT_EQ(ends.writer->write(0, numbered(1, 0)).error(), Errno::pipe);
}

TEST(Pipe, AnEndHasOneDirection) {
  PipeEnds ends = make_pipe(4);
  std::vector<std::byte> bytes(1);
  EXPECT_EQ(ends.reader->write(0, bytes).error(), Errno::badf);
  EXPECT_EQ(ends.writer->read(0, bytes).error(), Errno::badf);
}

TEST(Pipe, ThreadsWaitForEachOther) {
  for (const size_t capacity : {1, 3, 64, 4096}) {
    PipeEnds ends = make_pipe(capacity);
    const auto sent = numbered(20'000, 7);
    std::thread writer([&] {
      EXPECT_EQ(ends.writer->write(0, sent).value(), sent.size());
      ends.writer.reset();
    });
    std::vector<std::byte> received, piece(777);
    while (const size_t count = ends.reader->read(0, piece).value())
      received.insert(received.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(count));
    writer.join();
    EXPECT_EQ(received, sent);
  }
}

// A writer that waits for room returns when the reader goes away.
TEST(Pipe, TheEndOfTheReaderEndsAWrite) {
  PipeEnds ends = make_pipe(2);
  std::thread writer([&] { EXPECT_LE(ends.writer->write(0, numbered(100, 0)).value_or(0), 4U); });
  std::vector<std::byte> bytes(2);
  EXPECT_GT(ends.reader->read(0, bytes).value(), 0U);
  ends.reader.reset();
  writer.join();
}

}  // namespace
}  // namespace cairn::wasi
