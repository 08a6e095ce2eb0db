// Prints floats as literals of the text format that denote them exactly.
#pragma once

#include <cstdint>
#include <string>

namespace cairn::wasm::text {

// Integers of moderate size are decimal, and everything else is hexadecimal. NaNs have their payload.
std::string spell_f32(uint32_t bits);
std::string spell_f64(uint64_t bits);

}  // namespace cairn::wasm::text
