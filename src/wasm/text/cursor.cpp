#include "wasm/text/cursor.hpp"

#include "base/format.hpp"
#include "wasm/text/keywords.hpp"
#include "wasm/text/lexer.hpp"
#include "wasm/text/literal.hpp"
#include "wasm/text/utf8.hpp"

namespace cairn::wasm::text {

bool Cursor::take_keyword(std::string_view keyword) {
  if (!at_keyword(keyword)) return false;
  next();
  return true;
}

bool Cursor::take_open(std::string_view keyword) {
  if (!at_open(keyword)) return false;
  next();
  next();
  return true;
}

Result<void> Cursor::expect(Kind kind, std::string_view what) {
  if (!at(kind)) return unexpected(what);
  next();
  return {};
}

Result<void> Cursor::expect_keyword(std::string_view keyword) {
  if (!take_keyword(keyword)) return unexpected("'" + std::string(keyword) + "'");
  return {};
}

Result<void> Cursor::expect_open(std::string_view keyword) {
  if (!at(Kind::lparen)) return unexpected("'(" + std::string(keyword) + "'");
  next();
  return expect_keyword(keyword);
}

Result<std::string> Cursor::expect_string(std::string_view what) {
  if (!at(Kind::string)) return unexpected(what);
  return string_value(stream_->text(next()));
}

Result<std::string> Cursor::expect_name(std::string_view what) {
  const uint64_t offset = peek().offset;
  std::string name = CAIRN_TRY(expect_string(what));
  if (!is_utf8(name)) return error_at(offset, "malformed UTF-8 encoding in a name");
  return name;
}

Result<uint64_t> Cursor::expect_natural(unsigned bits, std::string_view what) {
  if (!at(Kind::natural)) return unexpected(what);
  const auto value = parse_unsigned(text(), bits);
  if (!value) return error("i" + decimal(uint64_t{bits}) + " constant out of range");
  next();
  return *value;
}

Result<uint32_t> Cursor::after_group() const {
  if (!at(Kind::lparen)) return unexpected("'('");
  if (peek().link != Token::kNone) return peek().link + 1;
  // The group is not closed. The error is at the token that stopped the lexer, or else at the end of the source.
  Cursor last(*stream_, static_cast<uint32_t>(stream_->tokens.size()) - 1);
  if (stream_->tokens.size() >= 2 && stream_->tokens[stream_->tokens.size() - 2].kind == Kind::error) {
    last.seek(last.position() - 1);
  }
  return last.unexpected("')'");
}

bool Cursor::is_unknown(uint32_t ahead) const {
  const Token& token = peek(ahead);
  return token.kind == Kind::error || token.kind == Kind::reserved ||
         (token.kind == Kind::keyword && !is_known_keyword(stream_->text(token)));
}

std::unexpected<Error> Cursor::unexpected_at(uint32_t ahead, std::string_view expected) const {
  const Token& token = peek(ahead);
  constexpr size_t kShown = 40;
  std::string spelling(stream_->text(token));
  if (spelling.size() > kShown) spelling.replace(kShown, std::string::npos, "...");
  if (token.kind == Kind::error) return error_at(token.offset, stream_->messages[token.link]);
  std::string message;
  if (is_unknown(ahead)) {
    message = "unknown operator ";
    message += spelling;
  } else if (token.kind == Kind::eof) {
    message = "unexpected token: end of the text";
  } else {
    message = "unexpected token ";
    message += spelling;
  }
  message += ", expected ";
  message += expected;
  return error_at(token.offset, std::move(message));
}

std::string spell_identifier(std::string_view name) {
  bool plain = !name.empty();
  for (char c : name) {
    const bool alphanumeric = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    plain = plain && (alphanumeric || std::string_view("!#$%&'*+-./:<=>?@\\^_`|~").contains(c));
  }
  return plain ? "$" + std::string(name) : "$" + spell_string(name);
}

}  // namespace cairn::wasm::text
