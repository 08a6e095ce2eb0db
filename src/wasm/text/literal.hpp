// Converts number literals ([wasm 6.3.1], [wasm 6.3.2]) to bits. The text comes from a number token, so it is
// well-formed. An empty result means "out of range".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cairn::wasm::text {

// Converts a number without a sign that fits in `bits` (8, 16, 32 or 64).
std::optional<uint64_t> parse_unsigned(std::string_view text, unsigned bits);

// Converts a number with or without a sign in [-2^(bits-1), 2^bits). The result is the low `bits` bits of its two's
// complement.
std::optional<uint64_t> parse_integer(std::string_view text, unsigned bits);

// These functions convert to IEEE bits, rounded to nearest, ties to even. A number that rounds to infinity is out of
// range. An integer literal is a float too.
std::optional<uint32_t> parse_f32(std::string_view text);
std::optional<uint64_t> parse_f64(std::string_view text);

}  // namespace cairn::wasm::text
