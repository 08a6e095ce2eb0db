// A position in a token stream, with the operations that all parsers of the text format share: look ahead, expect,
// report errors.
//
// Errors carry the offset of the token at fault and begin with the specification's words for the defect ("unexpected
// token", "unknown operator", ...). Callers that know the file put its name, the line and the column in front.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "wasm/text/token.hpp"

namespace cairn::wasm::text {

class Cursor {
 public:
  using Kind = Token::Kind;

  Cursor(const TokenStream& stream, uint32_t position) : stream_(&stream), position_(position) {}

  [[nodiscard]] const TokenStream& stream() const { return *stream_; }
  [[nodiscard]] uint32_t position() const { return position_; }
  void seek(uint32_t position) { position_ = position; }

  // All tokens past the end are eof tokens.
  [[nodiscard]] const Token& peek(uint32_t ahead = 0) const {
    const size_t index = size_t{position_} + ahead;
    return index < stream_->tokens.size() ? stream_->tokens[index] : stream_->tokens.back();
  }
  [[nodiscard]] std::string_view text(uint32_t ahead = 0) const { return stream_->text(peek(ahead)); }
  [[nodiscard]] bool at(Kind kind) const { return peek().kind == kind; }
  [[nodiscard]] bool at_keyword(std::string_view keyword, uint32_t ahead = 0) const {
    return peek(ahead).kind == Kind::keyword && text(ahead) == keyword;
  }
  // Whether the token occurs in no rule of the grammar.
  [[nodiscard]] bool is_unknown(uint32_t ahead = 0) const;
  // Whether the cursor is at "(" and this keyword.
  [[nodiscard]] bool at_open(std::string_view keyword) const { return at(Kind::lparen) && at_keyword(keyword, 1); }
  [[nodiscard]] bool at_index() const { return at(Kind::natural) || at(Kind::identifier); }

  // Returns the current token and moves to the next one; eof stays the current token.
  const Token& next() {
    const Token& token = peek();
    if (position_ < stream_->tokens.size() - 1) ++position_;
    return token;
  }
  // The functions take...() move past the keyword, or past "(" and the keyword, if the cursor is there. They return
  // whether it was.
  bool take_keyword(std::string_view keyword);
  bool take_open(std::string_view keyword);

  // The functions expect...() move past the token that they expect, and fail if the current token is another one.
  // `what` completes the message "expected ...".
  Result<void> expect(Kind kind, std::string_view what);
  Result<void> expect_keyword(std::string_view keyword);
  Result<void> expect_open(std::string_view keyword);
  Result<void> expect_close() { return expect(Kind::rparen, "')'"); }
  Result<std::string> expect_string(std::string_view what);
  // Expects a string that is well-formed UTF-8.
  Result<std::string> expect_name(std::string_view what);
  // Expects a number without a sign that has at most `bits` bits.
  Result<uint64_t> expect_natural(unsigned bits, std::string_view what);

  // Returns the index of the token after the ")" that matches the current "(".
  Result<uint32_t> after_group() const;

  // Returns the error that the grammar does not allow the current token here.
  [[nodiscard]] std::unexpected<Error> unexpected(std::string_view expected) const {
    return unexpected_at(0, expected);
  }
  [[nodiscard]] std::unexpected<Error> unexpected_at(uint32_t ahead, std::string_view expected) const;
  [[nodiscard]] std::unexpected<Error> error(std::string message) const {
    return error_at(peek().offset, std::move(message));
  }
  [[nodiscard]] static std::unexpected<Error> error_at(uint64_t offset, std::string message) {
    return fail(Error::at(ErrorKind::malformed, offset, std::move(message)));
  }

 private:
  const TokenStream* stream_;
  uint32_t position_;
};

// Returns an identifier as the text format writes it: $name, or $"name" if the name has characters that need quotes.
std::string spell_identifier(std::string_view name);

}  // namespace cairn::wasm::text
