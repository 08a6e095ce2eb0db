// The tokens of the text format ([wasm 6.2]), and the stream of tokens that the lexer makes from a source.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::wasm::text {

struct Token {
  enum class Kind : uint8_t {
    lparen,
    rparen,
    natural,   // an integer without a sign
    integer,   // an integer with a sign
    floating,  // a float with a point or an exponent, or inf or nan
    string,
    identifier,  // $x or $"x"
    keyword,     // begins with a lower-case letter
    reserved,    // well-formed, but not a token of the grammar
    error,       // the lexer could not go on; only eof follows
    eof,
  };
  uint32_t offset = 0;  // offset of the token's first byte in the source
  uint32_t length = 0;
  // For lparen: the index of the matching rparen, or kNone. For a quoted identifier: index into `names`. For an error:
  // index into `messages`.
  uint32_t link = kNone;
  Kind kind = Kind::eof;

  static constexpr uint32_t kNone = 0xffff'ffff;
};

// An annotation ([wasm 6.2.5]) of a kind that the assembler knows. The lexer checks and drops other annotations.
struct Annotation {
  std::string name;     // "custom", "name", "metadata.code.branch_hint"
  uint32_t offset = 0;  // offset of its parenthesis in the source
  uint32_t before = 0;  // index of the token that follows it
  uint32_t begin = 0;   // range of the contents in TokenStream::annotation_tokens
  uint32_t end = 0;
};

// The tokens of a source. The last one is eof. Tokens refer to the bytes of `source`.
struct TokenStream {
  std::string_view source;
  std::vector<Token> tokens;
  std::vector<Annotation> annotations;  // sorted by their place in the source
  std::vector<Token> annotation_tokens;
  std::deque<std::string> names;      // names of quoted identifiers
  std::vector<std::string> messages;  // messages of error tokens

  [[nodiscard]] std::string_view text(const Token& token) const { return source.substr(token.offset, token.length); }
  // Returns an identifier's name without the "$". Different spellings of a name give equal views.
  [[nodiscard]] std::string_view identifier(const Token& token) const {
    if (token.link != Token::kNone) return names[token.link];
    return text(token).substr(1);
  }
};

}  // namespace cairn::wasm::text
