// Prints floats as literals of the text format that denote them exactly.
#pragma once

#include <cstdint>
#include <string>

namespace cairn::wasm::text {

// Integers of magnitude below 2^20 are decimal, and all other numbers are hexadecimal. A NaN that is not canonical has
// its payload.
std::string spell_f32(uint32_t bits);
std::string spell_f64(uint64_t bits);

}  // namespace cairn::wasm::text
