#include "wasm/text/lexer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/format.hpp"
#include "wasm/text/utf8.hpp"

namespace cairn::wasm::text {
namespace {

using Kind = Token::Kind;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr uint32_t hex_digit(char c) { return static_cast<uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10); }

// The characters of identifiers ([wasm 6.3.5]).
constexpr auto kIdentifierCharacters = [] {
  std::array<bool, 256> table{};
  for (size_t c = '0'; c <= '9'; ++c) table[c] = true;
  for (size_t c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
  for (char c : std::string_view("!#$%&'*+-./:<=>?@\\^_`|~")) table[static_cast<size_t>(c)] = true;
  return table;
}();
constexpr bool is_identifier_character(char c) { return kIdentifierCharacters[static_cast<uint8_t>(c)]; }

// Takes digits, with single underscores between them, from the front of `text`. Returns false if `text` does not begin
// with a digit.
bool take_digits(std::string_view& text, bool (*is)(char)) {
  if (text.empty() || !is(text[0])) return false;
  size_t i = 1;
  while (i < text.size()) {
    if (is(text[i])) {
      ++i;
    } else if (text[i] == '_' && i + 1 < text.size() && is(text[i + 1])) {
      i += 2;
    } else {
      break;
    }
  }
  text.remove_prefix(i);
  return true;
}

// Returns the kind of a number ([wasm 6.3.1], [wasm 6.3.2]), or Kind::reserved if `text` is not a number.
Kind classify_number(std::string_view text) {
  bool is_signed = false;
  if (text[0] == '+' || text[0] == '-') {
    is_signed = true;
    text.remove_prefix(1);
  }
  if (text == "inf" || text == "nan") return Kind::floating;
  if (text.starts_with("nan:0x")) {
    text.remove_prefix(6);
    return take_digits(text, is_hex_digit) && text.empty() ? Kind::floating : Kind::reserved;
  }
  const bool is_hex = text.starts_with("0x");
  if (is_hex) text.remove_prefix(2);
  bool (*const is)(char) = is_hex ? is_hex_digit : is_digit;
  if (!take_digits(text, is)) return Kind::reserved;
  if (text.empty()) return is_signed ? Kind::integer : Kind::natural;
  if (text[0] == '.') {
    text.remove_prefix(1);
    if (!text.empty() && is(text[0]) && !take_digits(text, is)) return Kind::reserved;
  }
  if (text.empty()) return Kind::floating;
  if ((text[0] | 0x20) != (is_hex ? 'p' : 'e')) return Kind::reserved;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return take_digits(text, is_digit) && text.empty() ? Kind::floating : Kind::reserved;
}

Kind classify(std::string_view text) {
  const char first = text[0];
  if (first == '$') return Kind::identifier;
  if (is_digit(first) || first == '+' || first == '-' || first == 'i' || first == 'n') {
    const Kind kind = classify_number(text);
    if (kind != Kind::reserved) return kind;
  }
  return first >= 'a' && first <= 'z' ? Kind::keyword : Kind::reserved;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) { stream_.source = source; }

  TokenStream run() {
    while (!failed_ && skip_space()) next();
    if (!failed_) push(Kind::eof, at_, 0);
    if (stream_.tokens.back().kind != Kind::eof) push(Kind::eof, stream_.source.size(), 0);
    return std::move(stream_);
  }

 private:
  [[nodiscard]] std::string_view rest() const { return stream_.source.substr(at_); }
  [[nodiscard]] bool at_end() const { return at_ == stream_.source.size(); }
  [[nodiscard]] char peek(size_t ahead = 0) const {
    return at_ + ahead < stream_.source.size() ? stream_.source[at_ + ahead] : '\0';
  }

  Token& push(Kind kind, size_t offset, size_t length) {
    auto& tokens = annotation_depth_ > 0 ? stream_.annotation_tokens : stream_.tokens;
    return tokens.emplace_back(Token{static_cast<uint32_t>(offset), static_cast<uint32_t>(length), Token::kNone, kind});
  }

  void fail(size_t offset, std::string message) {
    annotation_depth_ = 0;
    failed_ = true;
    push(Kind::error, offset, 0).link = static_cast<uint32_t>(stream_.messages.size());
    stream_.messages.push_back(std::move(message));
  }

  // Skips blanks and comments. Returns false at the end of the source and after an error.
  bool skip_space() {
    while (!at_end()) {
      const char c = peek();
      if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        ++at_;
      } else if (c == ';' && peek(1) == ';') {
        while (!at_end() && peek() != '\n' && peek() != '\r') {
          if (!skip_character()) return false;
        }
      } else if (c == '(' && peek(1) == ';') {
        if (!skip_block_comment()) return false;
      } else {
        return true;
      }
    }
    return false;
  }

  bool skip_character() {
    const size_t length = utf8_character_length(rest());
    if (length == 0) return fail(at_, "malformed UTF-8 encoding"), false;
    at_ += length;
    return true;
  }

  bool skip_block_comment() {
    const size_t start = at_;
    size_t depth = 0;
    do {
      if (at_end()) return fail(start, "unclosed comment"), false;
      if (peek() == '(' && peek(1) == ';') {
        ++depth;
        at_ += 2;
      } else if (peek() == ';' && peek(1) == ')') {
        --depth;
        at_ += 2;
      } else if (!skip_character()) {
        return false;
      }
    } while (depth != 0);
    return true;
  }

  void next() {
    const char c = peek();
    if (c == '(') {
      if (peek(1) == '@' && annotation_depth_ == 0) return annotation();
      open_.push_back(static_cast<uint32_t>(stream_.tokens.size()));
      push(Kind::lparen, at_++, 1);
    } else if (c == ')') {
      if (!open_.empty()) {
        stream_.tokens[open_.back()].link = static_cast<uint32_t>(stream_.tokens.size());
        open_.pop_back();
      }
      push(Kind::rparen, at_++, 1);
    } else {
      word();
    }
  }

  // Lexes a maximal run of identifier characters and strings, which is one token ([wasm 6.2.2]).
  void word() {
    const size_t start = at_;
    size_t strings = 0;
    size_t string_start = 0;
    while (!at_end()) {
      if (is_identifier_character(peek())) {
        ++at_;
      } else if (peek() == '"') {
        string_start = at_;
        ++strings;
        if (!skip_string(start)) return;
      } else {
        break;
      }
    }
    const std::string_view text = stream_.source.substr(start, at_ - start);
    if (text.empty()) return single_character();
    if (strings == 0) {
      if (text == "$") return fail(start, "empty identifier");
      push(classify(text), start, text.size());
      return;
    }
    const bool is_last = strings == 1 && text.back() == '"';
    if (is_last && string_start == start) {
      push(Kind::string, start, text.size());
    } else if (is_last && string_start == start + 1 && text[0] == '$') {
      std::string name = string_value(text.substr(1));
      if (name.empty()) return fail(start, "empty identifier");
      if (!is_utf8(name)) return fail(start, "malformed UTF-8 encoding in identifier");
      push(Kind::identifier, start, text.size()).link = static_cast<uint32_t>(stream_.names.size());
      stream_.names.push_back(std::move(name));
    } else {
      push(Kind::reserved, start, text.size());
    }
  }

  void single_character() {
    const char c = peek();
    if (std::string_view(",;[]{}").contains(c)) {
      push(Kind::reserved, at_++, 1);
    } else if (utf8_character_length(rest()) == 0) {
      fail(at_, "malformed UTF-8 encoding");
    } else {
      const bool is_binary = at_ == 0 && stream_.source.starts_with(std::string_view("\0asm", 4));
      fail(at_, is_binary ? "illegal character: the file is a module in the binary format, not text"
                          : "illegal character " + hex(static_cast<uint8_t>(c), 2));
    }
  }

  // Skips a string ([wasm 6.3.3]) in the word that begins at `word_start`. If the word is "$" and this string, a defect
  // of the string is reported as an empty identifier, as the specification's lexer does.
  bool skip_string(size_t word_start) {
    const size_t start = at_++;
    const bool is_identifier = start == word_start + 1 && stream_.source[word_start] == '$';
    const auto error = [&](size_t offset, const char* message) {
      fail(offset, is_identifier ? "empty identifier" : message);
      return false;
    };
    while (true) {
      if (at_end() || peek() == '\n' || peek() == '\r') return error(start, "unclosed string literal");
      const char c = peek();
      if (c == '"') break;
      if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
        return error(at_, "illegal control character in string literal");
      }
      if (c == '\\') {
        if (!skip_escape()) return error(at_, "illegal escape");
      } else {
        const size_t length = utf8_character_length(rest());
        if (length == 0) return error(at_, "malformed UTF-8 encoding");
        at_ += length;
      }
    }
    ++at_;
    return true;
  }

  bool skip_escape() {
    const char c = peek(1);
    if (std::string_view("nrt\\'\"").contains(c) && c != '\0') {
      at_ += 2;
      return true;
    }
    if (c == 'u') {
      if (peek(2) != '{') return false;
      std::string_view digits = rest().substr(3);
      const size_t before = digits.size();
      if (!take_digits(digits, is_hex_digit) || !digits.starts_with('}')) return false;
      uint64_t code = 0;
      for (char digit : rest().substr(3, before - digits.size())) {
        if (digit != '_') code = code * 16 + hex_digit(digit);
        if (code >= 0x11'0000) return false;
      }
      if (!is_scalar_value(static_cast<uint32_t>(code))) return false;
      at_ += 3 + (before - digits.size()) + 1;
      return true;
    }
    if (!is_hex_digit(c) || !is_hex_digit(peek(2))) return false;
    at_ += 3;
    return true;
  }

  // Lexes an annotation ([wasm 6.2.5]).
  void annotation() {
    const size_t start = at_;
    at_ += 2;
    Annotation result;
    result.offset = static_cast<uint32_t>(start);
    if (peek() == '"') {
      const size_t string_start = at_;
      if (!skip_string(at_)) {
        if (peek() == '\n' || peek() == '\r') stream_.messages.back() = "empty annotation id";
        return;
      }
      result.name = string_value(stream_.source.substr(string_start, at_ - string_start));
    } else {
      while (!at_end() && is_identifier_character(peek())) ++at_;
      result.name = stream_.source.substr(start + 2, at_ - start - 2);
    }
    if (result.name.empty()) return fail(start, "empty annotation id");
    if (!is_utf8(result.name)) return fail(start, "malformed UTF-8 encoding in annotation id");

    result.before = static_cast<uint32_t>(stream_.tokens.size());
    result.begin = static_cast<uint32_t>(stream_.annotation_tokens.size());
    for (annotation_depth_ = 1; annotation_depth_ > 0;) {
      if (!skip_space()) {
        if (!failed_) fail(start, "unclosed annotation");
        return;
      }
      if (peek() == '(') {
        ++annotation_depth_;
        push(Kind::lparen, at_++, 1);
      } else if (peek() == ')') {
        if (annotation_depth_ > 1) push(Kind::rparen, at_, 1);
        ++at_;
        --annotation_depth_;
      } else {
        word();
        if (failed_) return;
      }
    }
    const bool is_known =
        result.name == "custom" || result.name == "name" || result.name == "metadata.code.branch_hint";
    if (!is_known) {
      stream_.annotation_tokens.resize(result.begin);
      return;
    }
    result.end = static_cast<uint32_t>(stream_.annotation_tokens.size());
    stream_.annotations.push_back(std::move(result));
  }

  TokenStream stream_;
  size_t at_ = 0;
  std::vector<uint32_t> open_;  // indices of the "(" tokens that are not closed yet
  size_t annotation_depth_ = 0;
  bool failed_ = false;
};

}  // namespace

TokenStream lex(std::string_view source) { return Lexer(source).run(); }

bool is_natural(std::string_view text) { return !text.empty() && classify_number(text) == Kind::natural; }

std::string string_value(std::string_view literal) {
  const std::string_view text = literal.substr(1, literal.size() - 2);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    switch (const char c = text[++i]) {
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case 't': out.push_back('\t'); break;
      case '\\':
      case '\'':
      case '"': out.push_back(c); break;
      case 'u': {
        uint32_t code = 0;
        for (i += 2; text[i] != '}'; ++i) {
          if (text[i] != '_') code = code * 16 + hex_digit(text[i]);
        }
        append_utf8(out, code);
        break;
      }
      default: out.push_back(static_cast<char>(hex_digit(c) * 16 + hex_digit(text[i + 1]))); ++i;
    }
  }
  return out;
}

std::string spell_string(std::string_view bytes) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string out = "\"";
  while (!bytes.empty()) {
    const auto c = static_cast<uint8_t>(bytes[0]);
    const size_t length = utf8_character_length(bytes);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += bytes[0];
    } else if (length == 0 || c < 0x20 || c == 0x7f) {
      out += '\\';
      out += kHexDigits[c >> 4];
      out += kHexDigits[c & 15];
    } else {
      out += bytes.substr(0, length);
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return out + '"';
}

Lines::Lines(std::string_view source) : starts_{0} {
  for (size_t i = 0; i < source.size(); ++i) {
    const bool is_pair = source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n';
    if (source[i] == '\n' || (source[i] == '\r' && !is_pair)) starts_.push_back(static_cast<uint32_t>(i + 1));
  }
}

Position Lines::position_of(uint64_t offset) const {
  const auto after = std::ranges::upper_bound(starts_, offset);
  const auto line = static_cast<uint32_t>(after - starts_.begin());
  return {line, static_cast<uint32_t>(offset - starts_[line - 1] + 1)};
}

}  // namespace cairn::wasm::text
