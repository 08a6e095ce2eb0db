// Marks the output of several programs that write to one port: each line begins with the name of its program, in
// brackets.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "wasi/interface/types.hpp"

namespace cairn::wasi {

// The largest number of bytes of a name in a mark. write_marked_lines() cuts longer names, so programs whose names
// begin with the same kLongestMark bytes count as one.
inline constexpr size_t kLongestMark = 64;

// The state of a port: the name of the program that wrote last, and whether the line that it began still lacks its end.
struct MarkedLine {
  std::array<char, kLongestMark> name{};
  size_t name_size = 0;
  bool is_begun = false;

  [[nodiscard]] std::string_view writer() const { return {name.data(), name_size}; }
};

// Collects the text and the marks of a program, and writes them in pieces.
template <class Write>
class MarkedWriter {
 public:
  explicit MarkedWriter(Write& write) : write_(write) {}

  [[nodiscard]] size_t room() const { return text_.size() - size_; }
  // Adds text that is not the program's: a part of a mark, or the end of another program's line.
  void add_mark(std::string_view text) {
    text.copy(text_.data() + size_, text.size());
    size_ += text.size();
  }
  void add(std::span<const std::byte> bytes) {
    std::memcpy(text_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
    pending_ += bytes.size();
  }
  // Writes the collected text. Returns false if not all of it was written: the stream has failed, or the program
  // has reached a time limit.
  bool flush() {
    const std::span<const std::byte> text = std::as_bytes(std::span(text_)).first(std::exchange(size_, 0));
    const auto written = write_(text);
    if (written && *written == text.size()) {
      done_ += std::exchange(pending_, 0);
      return true;
    }
    // If a part of the text was written, `written` holds no reason. An attempt to write the rest gives the reason.
    const auto rest = written ? write_(text.subspan(*written)) : written;
    if (!rest) failure_ = rest.error();
    return false;
  }
  // Returns the number of the program's bytes that were written, or the reason why none were.
  [[nodiscard]] WasiResult<size_t> result() const {
    if (done_ == 0 && failure_) return std::unexpected(*failure_);
    return done_;
  }

 private:
  Write& write_;
  std::array<char, 1024> text_;
  size_t size_ = 0;
  size_t pending_ = 0;  // the number of the program's bytes in text_
  size_t done_ = 0;     // the number of the program's bytes that were written
  std::optional<Errno> failure_;
};

// Writes `bytes` of the program `name` with marks. `write` takes a span of bytes, writes them to the port and returns
// how many of them were written, or the reason why none were. write_marked_lines() returns the same for `bytes`. It
// calls `write` for pieces of text; the bytes of a piece that was not written as a whole do not count.
template <class Write>
WasiResult<size_t> write_marked_lines(MarkedLine& line, std::string_view name, std::span<const std::byte> bytes,
                                      Write write) {
  name = name.substr(0, kLongestMark);
  MarkedWriter<Write> writer(write);
  while (!bytes.empty()) {
    // There must be room for the end of another line, a mark, and some text.
    if (writer.room() < kLongestMark + 8 && !writer.flush()) return writer.result();
    if (line.is_begun && line.writer() != name) {
      writer.add_mark("\n");
      line.is_begun = false;
    }
    if (!line.is_begun) {
      writer.add_mark("[");
      writer.add_mark(name);
      writer.add_mark("] ");
      line.name_size = name.copy(line.name.data(), line.name.size());
      line.is_begun = true;
    }
    const auto newline = std::ranges::find(bytes, std::byte{'\n'});
    const bool has_newline = newline != bytes.end();
    const size_t length = static_cast<size_t>(newline - bytes.begin()) + (has_newline ? 1 : 0);
    const size_t count = std::min(length, writer.room());
    writer.add(bytes.first(count));
    bytes = bytes.subspan(count);
    if (count == length && has_newline) line.is_begun = false;
  }
  (void)writer.flush();
  return writer.result();
}

}  // namespace cairn::wasi
