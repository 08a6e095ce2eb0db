// Prints floats as the shortest decimal numbers that denote them, like JavaScript.
#pragma once

#include <cstdint>
#include <string>

namespace cairn::wasi {

// The texts look like "3.5", "1e+21", "-0", "inf" and "nan". NaNs are printed without sign and payload.
std::string decimal_f32(uint32_t bits);
std::string decimal_f64(uint64_t bits);

}  // namespace cairn::wasi
