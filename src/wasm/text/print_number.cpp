#include "wasm/text/print_number.hpp"

#include <bit>

#include "base/format.hpp"

namespace cairn::wasm::text {
namespace {

// Spells a float of a format with this many bits of fraction and exponent.
std::string spell(uint64_t bits, int fraction_bits, int exponent_bits) {
  const uint64_t fraction_mask = (uint64_t{1} << fraction_bits) - 1;
  const int exponent_mask = (1 << exponent_bits) - 1;
  const int bias = exponent_mask / 2;
  uint64_t fraction = bits & fraction_mask;
  const int exponent = static_cast<int>(bits >> fraction_bits) & exponent_mask;
  std::string out = (bits >> (fraction_bits + exponent_bits) & 1) != 0 ? "-" : "";
  if (exponent == exponent_mask) {
    if (fraction == 0) return out + "inf";
    if (fraction == uint64_t{1} << (fraction_bits - 1)) return out + "nan";
    return out + "nan:" + hex(fraction);
  }
  if (exponent == 0 && fraction == 0) return out + "0";

  // A number is decimal if it is an integer of at most 20 bits.
  const int power = exponent - bias;
  if (power >= 0 && power < 20) {
    const int below = fraction_bits - power;
    const uint64_t significand = fraction | uint64_t{1} << fraction_bits;
    if ((significand & ((uint64_t{1} << below) - 1)) == 0) return out + decimal(significand >> below);
  }

  // All other numbers are printed like 0x1.fffp+1. A subnormal number is normalized. The fraction is shifted up so that
  // its top four bits are the first hexadecimal digit.
  int shown_power = power;
  if (exponent == 0) {
    const int shift = std::countl_zero(fraction) - (63 - fraction_bits);
    fraction = fraction << shift & fraction_mask;
    shown_power = 1 - bias - shift;
  }
  int digits = (fraction_bits + 3) / 4;
  fraction <<= 4 * digits - fraction_bits;
  while (digits > 0 && (fraction & 15) == 0) {
    fraction >>= 4;
    --digits;
  }
  out += "0x1";
  if (digits > 0) out += "." + hex(fraction, static_cast<unsigned>(digits)).substr(2);
  return out + "p" + (shown_power < 0 ? "" : "+") + decimal(int64_t{shown_power});
}

}  // namespace

std::string spell_f32(uint32_t bits) { return spell(bits, 23, 8); }
std::string spell_f64(uint64_t bits) { return spell(bits, 52, 11); }

}  // namespace cairn::wasm::text
