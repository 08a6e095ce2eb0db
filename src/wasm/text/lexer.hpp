// Turns source text into tokens ([wasm 6.2]).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wasm/text/token.hpp"

namespace cairn::wasm::text {

// The lexer never fails. Text that it cannot lex becomes an error token, so that an error of grammar before it is
// reported first. The source must be shorter than 4 GiB.
TokenStream lex(std::string_view source);

// Returns the bytes that a string token denotes. `literal` is the text of the token, with its quotes.
std::string string_value(std::string_view literal);

// Returns the literal that string_value() turns back into `bytes`. Printable UTF-8 characters stay as they are, and all
// other bytes are escaped.
std::string spell_string(std::string_view bytes);

// Whether `text` is a number without a sign ([wasm 6.3.1]).
bool is_natural(std::string_view text);

struct Position {
  uint32_t line = 1;    // counted from 1
  uint32_t column = 1;  // counted in bytes, from 1
};

// Finds the lines of a source. CR, LF and CR LF each end a line.
class Lines {
 public:
  explicit Lines(std::string_view source);
  // Returns the position of the byte at `offset` in the source.
  [[nodiscard]] Position position_of(uint64_t offset) const;

 private:
  std::vector<uint32_t> starts_;
};

}  // namespace cairn::wasm::text
