#include "wasi/supervision/marked_lines.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace cairn::wasi {
namespace {

// A stream that takes `room` bytes and then fails for ever.
struct Stream {
  std::string text;
  size_t room = SIZE_MAX;

  WasiResult<size_t> write(std::span<const std::byte> bytes) {
    const size_t count = std::min(bytes.size(), room);
    text.append(reinterpret_cast<const char*>(bytes.data()), count);
    room -= count;
    if (count == 0 && !bytes.empty()) return std::unexpected(Errno::pipe);
    return count;
  }
};

WasiResult<size_t> write(Stream& stream, MarkedLine& line, std::string_view name, std::string_view text) {
  return write_marked_lines(line, name, std::as_bytes(std::span(text)),
                            [&](std::span<const std::byte> bytes) { return stream.write(bytes); });
}

TEST(MarkedLines, EachLineBeginsWithTheName) {
  Stream stream;
  MarkedLine line;
  EXPECT_EQ(write(stream, line, "a", "one\ntwo\n\nthr"), 12U);
  EXPECT_EQ(write(stream, line, "a", "ee\n"), 3U);
  EXPECT_EQ(write(stream, line, "a", ""), 0U);
  EXPECT_EQ(stream.text, "[a] one\n[a] two\n[a] \n[a] three\n");
}

TEST(MarkedLines, AnotherProgramEndsTheLine) {
  Stream stream;
  MarkedLine line;
  EXPECT_EQ(write(stream, line, "a", "half"), 4U);
  EXPECT_EQ(write(stream, line, "b", "whole\n"), 6U);
  EXPECT_EQ(write(stream, line, "a", "rest\n"), 5U);
  EXPECT_EQ(stream.text, "[a] half\n[b] whole\n[a] rest\n");
}

// Without the marks, what each program wrote is there, in its order, whatever the lengths are.
TEST(MarkedLines, NothingIsLostInLongOrShortWrites) {
  std::mt19937 random(1);
  Stream stream;
  MarkedLine line;
  const std::string names[] = {"x", std::string(kLongestMark, 'y')};
  std::string written[2];
  for (int step = 0; step < 300; ++step) {
    const size_t program = random() % 2;
    std::string text(random() % (random() % 8 == 0 ? 5000 : 40), ' ');
    for (char& c : text) c = random() % 30 == 0 ? '\n' : static_cast<char>('a' + random() % 26);
    ASSERT_EQ(write(stream, line, names[program], text), text.size());
    written[program] += text;
  }
  std::string read[2];
  for (size_t at = 0; at < stream.text.size();) {
    const size_t end = std::min(stream.text.find('\n', at), stream.text.size());
    const std::string_view whole = std::string_view(stream.text).substr(at, end - at);
    at = end + 1;
    const size_t program = whole.starts_with("[" + names[0] + "] ") ? 0 : 1;
    const std::string mark = "[" + names[program] + "] ";
    ASSERT_TRUE(whole.starts_with(mark)) << whole;
    read[program] += whole.substr(mark.size());
  }
  // A line that was ended for another program has a newline more than was written.
  for (size_t program : {0, 1}) {
    std::erase(written[program], '\n');
    EXPECT_EQ(read[program], written[program]);
  }
}

TEST(MarkedLines, AFailedStreamSaysHowMuchWasWritten) {
  const std::string text(3000, 'z');
  for (size_t room = 0; room < 3200; room += 7) {
    Stream stream{.text = {}, .room = room};
    MarkedLine line;
    const auto result = write(stream, line, "a", text);
    if (room >= text.size() + 4) {
      EXPECT_EQ(result, text.size());
    } else if (result) {
      EXPECT_GT(*result, 0U);
      EXPECT_LE(*result + 4, room);
    } else {
      EXPECT_EQ(result.error(), Errno::pipe);
    }
  }
}

}  // namespace
}  // namespace cairn::wasi
