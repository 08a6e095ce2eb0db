// Lines of several programs on one port, each of which begins with the name of the program that wrote it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <expected>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "kernel/devices/console.hpp"

namespace cairn::kernel {

// Longer names are cut in marks, and programs whose names begin with the same bytes count as one.
inline constexpr size_t kLongestMark = 64;

// The state of a port: the name of its last writer, and whether its line has not been ended yet.
struct MarkedLine {
  std::array<char, kLongestMark> name{};
  size_t name_size = 0;
  bool is_begun = false;

  [[nodiscard]] std::string_view writer() const { return {name.data(), name_size}; }
};

// Collects text of a program with its marks, and writes it in pieces.
template <class Write>
class MarkedWriter {
 public:
  explicit MarkedWriter(Write& write) : write_(write) {}

  [[nodiscard]] size_t room() const { return text_.size() - size_; }
  void add_mark(std::string_view text) {
    text.copy(text_.data() + size_, text.size());
    size_ += text.size();
  }
  void add(std::span<const std::byte> bytes) {
    std::memcpy(text_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
    pending_ += bytes.size();
  }
  // Writes the collected text. Returns false if not all of it was written: the stream has failed, or the fiber has
  // reached a limit.
  bool flush() {
    const std::span<const std::byte> text = std::as_bytes(std::span(text_)).first(std::exchange(size_, 0));
    const auto written = write_(text);
    if (written && *written == text.size()) {
      done_ += std::exchange(pending_, 0);
      return true;
    }
    // When a part of the text was written, the result has no reason; an attempt to write the rest gives the reason.
    const auto rest = written ? write_(text.subspan(*written)) : written;
    if (!rest) failure_ = rest.error();
    return false;
  }
  // Returns the number of the program's bytes that were written, or the reason why none were.
  [[nodiscard]] std::expected<size_t, StreamFailure> result() const {
    if (done_ == 0 && failure_) return std::unexpected(*failure_);
    return done_;
  }

 private:
  Write& write_;
  std::array<char, 1024> text_;
  size_t size_ = 0;
  size_t pending_ = 0;  // the number of the program's bytes in text_
  size_t done_ = 0;     // the number of the program's bytes that were written
  std::optional<StreamFailure> failure_;
};

// Writes `bytes` of the program `name`, at most kLongestMark bytes long, with marks. `write` writes like
// console::write_through. Returns how many of the bytes were written; the bytes of a piece that was not written as a
// whole do not count.
template <class Write>
std::expected<size_t, StreamFailure> write_marked_lines(MarkedLine& line, std::string_view name,
                                                        std::span<const std::byte> bytes, Write write) {
  MarkedWriter<Write> writer(write);
  while (!bytes.empty()) {
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

}  // namespace cairn::kernel
