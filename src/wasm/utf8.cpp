#include "wasm/utf8.hpp"

#include <cstdint>

namespace cairn::wasm {

bool is_utf8(std::span<const std::byte> bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    const auto lead = static_cast<uint8_t>(bytes[i]);
    ++i;
    if (lead < 0x80) continue;
    size_t continuation = 0;
    uint8_t low = 0x80;  // bounds of the second byte; they exclude long forms, surrogates and too large code points
    uint8_t high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      continuation = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      continuation = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      continuation = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    for (; continuation > 0; --continuation, ++i) {
      if (i >= bytes.size()) return false;
      const auto next = static_cast<uint8_t>(bytes[i]);
      if (next < low || next > high) return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

}  // namespace cairn::wasm
