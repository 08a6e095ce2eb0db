// A place in a text that moves forward.
#pragma once

#include <cstddef>
#include <string_view>

#include "host/description/position.hpp"

namespace cairn::host::toml {

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  [[nodiscard]] bool is_at_end() const { return at_ == text_.size(); }
  [[nodiscard]] bool is_at_line_end() const { return is_at_end() || at("\n") || at("\r\n"); }
  // The next byte; 0 at the end of the text.
  [[nodiscard]] char peek() const { return is_at_end() ? '\0' : text_[at_]; }
  // Whether the token is next.
  [[nodiscard]] bool at(std::string_view token) const { return rest().starts_with(token); }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  [[nodiscard]] Position position() const { return position_; }

  void advance(size_t bytes = 1) {
    for (; bytes > 0 && !is_at_end(); --bytes) {
      const auto c = static_cast<unsigned char>(text_[at_++]);
      if (c == '\n') {
        ++position_.line;
        position_.column = 1;
      } else if ((c & 0xc0) != 0x80) {  // not in the middle of a code point
        ++position_.column;
      }
    }
  }
  // Skips the token if it is next. Returns whether it was.
  bool skip(std::string_view token) {
    if (!at(token)) return false;
    advance(token.size());
    return true;
  }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') advance();
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
  Position position_;
};

}  // namespace cairn::host::toml
