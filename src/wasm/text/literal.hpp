// Number literals ([wasm 6.4]) to bits. The text comes from a number token, so that only its value is in question; an
// empty result means "out of range".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cairn::wasm::text {

// A number without a sign that fits in `bits` (8, 16, 32 or 64).
std::optional<uint64_t> parse_unsigned(std::string_view text, unsigned bits);

// A number with or without a sign, in [-2^(bits-1), 2^bits); the low `bits` bits of its two's complement.
std::optional<uint64_t> parse_integer(std::string_view text, unsigned bits);

// The IEEE bits, rounded to nearest, ties to even; what rounds to infinity is out of range. Integers are floats too.
std::optional<uint32_t> parse_f32(std::string_view text);
std::optional<uint64_t> parse_f64(std::string_view text);

}  // namespace cairn::wasm::text
