// Source text to tokens ([wasm 6.3]).
#pragma once

#include <string>
#include <string_view>

#include "wasm/text/token.hpp"

namespace cairn::wasm::text {

// Never fails: what cannot be lexed becomes an error token, so that an error of the grammar before it is reported first.
// The source must be shorter than 4 GiB.
TokenStream lex(std::string_view source);

// The bytes that a string token denotes; `literal` includes its quotes and comes from a token.
std::string string_value(std::string_view literal);

struct Position {
  uint32_t line = 1;    // from 1
  uint32_t column = 1;  // from 1, in bytes
};
Position position_of(std::string_view source, uint64_t offset);

}  // namespace cairn::wasm::text
