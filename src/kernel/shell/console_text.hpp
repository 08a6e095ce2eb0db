// Text for the console: lines, columns and numbers.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/format.hpp"
#include "kernel/log/log.hpp"

namespace cairn::kernel {

inline void print(const LogLine& line) { write_serial(line.text()); }

template <class... Parts>
void print_line(const Parts&... parts) {
  LogLine line;
  (line << ... << parts) << "\n";
  print(line);
}

// A text and the spaces after it that fill a column.
class Column {
 public:
  Column(std::string_view text, size_t width) : text_(text), width_(width) {}
  friend LogLine& operator<<(LogLine& line, const Column& column) {
    line << column.text_;
    for (size_t i = column.text_.size(); i < column.width_; ++i) line << " ";
    return line;
  }

 private:
  std::string_view text_;
  size_t width_;
};

// A number in text.
class Digits {
 public:
  explicit Digits(uint64_t number) : end_(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr) {}
  [[nodiscard]] std::string_view text() const { return {text_.data(), static_cast<size_t>(end_ - text_.data())}; }

 private:
  std::array<char, 20> text_;
  const char* end_;
};

}  // namespace cairn::kernel
