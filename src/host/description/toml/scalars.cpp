#include "host/description/toml/scalars.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/format.hpp"

namespace cairn::host::toml {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_control(char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; }

int digit_of(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

void append_utf8(std::string& out, uint32_t code) {
  const auto byte = [&](uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      byte(0xe0 | code >> 12);
    } else {
      byte(0xf0 | code >> 18);
      byte(0x80 | (code >> 12 & 0x3f));
    }
    byte(0x80 | (code >> 6 & 0x3f));
  }
  byte(0x80 | (code & 0x3f));
}

// Reads one string. Its quotes are one character, or three for a string of several lines.
class StringReader {
 public:
  StringReader(Cursor& cursor, Mistakes& mistakes, size_t quotes)
      : cursor_(cursor), mistakes_(mistakes), quotes_(cursor.rest().substr(0, quotes)), start_(cursor.position()) {}

  std::optional<std::string> read() {
    cursor_.advance(quotes_.size());
    if (has_lines() && !cursor_.skip("\n")) cursor_.skip("\r\n");
    while (!cursor_.at(quotes_)) {
      if (cursor_.is_at_end() || (!has_lines() && cursor_.is_at_line_end())) {
        mistakes_.add(start_, has_lines() ? "this string does not end" : "this string does not end in its line");
        return std::nullopt;
      }
      if (!read_one()) return std::nullopt;
    }
    cursor_.advance(quotes_.size());
    // A string of several lines may end in two more quotes, which belong to it.
    for (int more = 0; has_lines() && more < 2 && cursor_.peek() == quotes_[0]; ++more) take();
    return std::move(text_);
  }

 private:
  [[nodiscard]] bool has_lines() const { return quotes_.size() == 3; }

  void take() {
    text_ += cursor_.peek();
    cursor_.advance();
  }

  bool read_one() {
    const char c = cursor_.peek();
    if (c == '\\' && quotes_[0] == '"') return read_escape();
    if (cursor_.skip("\r\n")) {
      text_ += '\n';
      return true;
    }
    if (c != '\n' && is_control(c)) {
      mistakes_.add(cursor_.position(), "a string must not contain a control character; write " +
                                            std::string(quotes_[0] == '"' ? "" : "it in double quotes as ") + "\\u00" +
                                            hex(static_cast<unsigned char>(c), 2).substr(2));
      return false;
    }
    take();
    return true;
  }

  bool read_escape() {
    constexpr std::string_view kLetters = "btnfr\"\\", kMeanings = "\b\t\n\f\r\"\\";
    const Position position = cursor_.position();
    cursor_.advance();
    if (has_lines() && skip_line_end()) return true;
    const char letter = cursor_.peek();
    if (letter == 'u' || letter == 'U') return read_code(position, letter == 'u' ? 4 : 8);
    const size_t place = kLetters.find(letter);
    if (cursor_.is_at_end() || place == std::string_view::npos) {
      mistakes_.add(position, "this escape is unknown; a backslash is written \\\\, or the string in single quotes");
      return false;
    }
    text_ += kMeanings[place];
    cursor_.advance();
    return true;
  }

  // A backslash at the end of a line hides the line's end and all blanks and line ends that follow.
  bool skip_line_end() {
    const size_t blanks = std::min(cursor_.rest().find_first_not_of(" \t"), cursor_.rest().size());
    const std::string_view rest = cursor_.rest().substr(blanks);
    if (!rest.starts_with("\n") && !rest.starts_with("\r\n")) return false;
    while (cursor_.peek() == ' ' || cursor_.peek() == '\t' || (cursor_.is_at_line_end() && !cursor_.is_at_end()))
      cursor_.advance();
    return true;
  }

  bool read_code(Position position, size_t digits) {
    cursor_.advance();
    uint32_t code = 0;
    for (size_t i = 0; i < digits; ++i) {
      const int digit = digit_of(cursor_.peek());
      if (digit == 16 || code >> 28 != 0) return bad_code(position, digits);
      code = code << 4 | static_cast<uint32_t>(digit);
      cursor_.advance();
    }
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return bad_code(position, digits);
    append_utf8(text_, code);
    return true;
  }

  bool bad_code(Position position, size_t digits) {
    mistakes_.add(position, digits == 4 ? "\\u needs four hexadecimal digits of a Unicode character"
                                        : "\\U needs eight hexadecimal digits of a Unicode character");
    return false;
  }

  Cursor& cursor_;
  Mistakes& mistakes_;
  std::string_view quotes_;
  Position start_;
  std::string text_;
};

// Removes digits with single underscores between them from the front of a text. Returns them without the underscores;
// nothing if there are none, or an underscore has no digits around it.
template <class IsDigit>
std::string take_digits(std::string_view& text, IsDigit is_one) {
  std::string digits;
  size_t at = 0;
  while (at < text.size()) {
    if (is_one(text[at])) {
      digits += text[at++];
    } else if (text[at] == '_' && at > 0 && text[at - 1] != '_' && at + 1 < text.size() && is_one(text[at + 1])) {
      ++at;
    } else {
      break;
    }
  }
  text.remove_prefix(at);
  return digits;
}

bool take_sign(std::string_view& text) {
  const bool has_sign = text.starts_with('-') || text.starts_with('+');
  const bool is_negative = text.starts_with('-');
  if (has_sign) text.remove_prefix(1);
  return is_negative;
}

enum class Fit : uint8_t { no_integer, too_large, fits };

// Reads an integer with an optional sign, or with a prefix for its base.
Fit read_integer(std::string_view word, int64_t& out) {
  uint64_t base = 10;
  bool is_negative = false;
  if (word.starts_with("0x") || word.starts_with("0o") || word.starts_with("0b")) {
    base = word[1] == 'x' ? 16 : word[1] == 'o' ? 8 : 2;
    word.remove_prefix(2);
  } else {
    is_negative = take_sign(word);
  }
  const std::string digits = take_digits(word, [&](char c) { return static_cast<uint64_t>(digit_of(c)) < base; });
  if (digits.empty() || !word.empty() || (base == 10 && digits.size() > 1 && digits[0] == '0')) return Fit::no_integer;
  uint64_t value = 0;
  for (const char c : digits) {
    if (__builtin_mul_overflow(value, base, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(digit_of(c)), &value))
      return Fit::too_large;
  }
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  if (value > kMost + (is_negative ? 1 : 0)) return Fit::too_large;
  out = static_cast<int64_t>(is_negative ? 0 - value : value);
  return Fit::fits;
}

bool is_float(std::string_view word) {
  take_sign(word);
  if (word == "inf" || word == "nan") return true;
  const std::string whole = take_digits(word, is_digit);
  if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return false;
  const bool has_fraction = word.starts_with('.');
  if (has_fraction) {
    word.remove_prefix(1);
    if (take_digits(word, is_digit).empty()) return false;
  }
  if (word.empty()) return has_fraction;
  if (word[0] != 'e' && word[0] != 'E') return false;
  word.remove_prefix(1);
  take_sign(word);
  return !take_digits(word, is_digit).empty() && word.empty();
}

// Removes a prefix of the pattern's shape, in which a 0 stands for any digit. Returns false if there is none.
bool takes_shape(std::string_view& text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '0' ? !is_digit(text[i]) : text[i] != pattern[i]) return false;
  }
  text.remove_prefix(pattern.size());
  return true;
}

// Checks only the shape of a date or time, not whether the day exists, because no key of a system file takes one.
bool is_date_or_time(std::string_view word) {
  if (takes_shape(word, "0000-00-00")) {
    if (word.empty()) return true;
    if (word[0] != 'T' && word[0] != 't' && word[0] != ' ') return false;
    word.remove_prefix(1);
    if (!takes_shape(word, "00:00:00")) return false;
  } else if (!takes_shape(word, "00:00:00")) {
    return false;
  }
  if (word.starts_with('.')) {
    word.remove_prefix(1);
    word.remove_prefix(std::min(word.find_first_not_of("0123456789"), word.size()));
  }
  return word.empty() || word == "Z" || word == "z" || takes_shape(word, "+00:00") || takes_shape(word, "-00:00");
}

bool is_word_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' || c == '_' ||
         c == '.' || c == ':';
}

// Returns the next word. A date and a time with a blank between them are one word.
std::string_view word_at(const Cursor& cursor) {
  const std::string_view rest = cursor.rest();
  const auto end_after = [&](size_t start) {
    return static_cast<size_t>(std::ranges::find_if_not(rest.substr(start), is_word_character) - rest.begin());
  };
  const size_t end = end_after(0);
  std::string_view date = rest.substr(0, end), time = rest.substr(std::min(end, rest.size()));
  if (takes_shape(date, "0000-00-00") && date.empty() && takes_shape(time, " 00:00:00"))
    return rest.substr(0, end_after(end + 1));
  return rest.substr(0, end);
}

}  // namespace

std::optional<std::string> read_line_string(Cursor& cursor, Mistakes& mistakes) {
  return StringReader(cursor, mistakes, 1).read();
}

std::optional<std::string> read_string(Cursor& cursor, Mistakes& mistakes) {
  const bool has_lines = cursor.at(R"(""")") || cursor.at("'''");
  return StringReader(cursor, mistakes, has_lines ? 3 : 1).read();
}

std::optional<Value> read_word(Cursor& cursor, Mistakes& mistakes) {
  const std::string_view word = word_at(cursor);
  Value value = Value::of(Kind::boolean, cursor.position());
  const Fit fit = read_integer(word, value.integer);
  if (fit == Fit::too_large) {
    mistakes.add(value.position, "this integer does not fit into 64 bits");
    return std::nullopt;
  }
  if (fit == Fit::fits) {
    value.kind = Kind::integer;
  } else if (word == "true" || word == "false") {
    value.flag = word == "true";
  } else if (is_float(word)) {
    value.kind = Kind::floating;
  } else if (is_date_or_time(word)) {
    value.kind = Kind::date_time;
  } else {
    const bool is_word = !word.empty() && !is_digit(word[0]) && word[0] != '+' && word[0] != '-';
    mistakes.add(value.position, word.empty() ? "a value is expected here"
                                 : is_word    ? "this is no value; a string needs quotes"
                                              : "this is no number, date or time");
    return std::nullopt;
  }
  cursor.advance(word.size());
  return value;
}

}  // namespace cairn::host::toml
