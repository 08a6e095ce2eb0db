// The vector instructions that several files of lowering use, as the assembler wants them.
#pragma once

#include "compiler/x64/encoding/assembler.hpp"

namespace cairn::x64 {

constexpr Encoding i66(uint8_t opcode) { return sse(Prefix::p66, opcode); }
constexpr Encoding ps(uint8_t opcode) { return two_byte(opcode); }
constexpr Encoding pd(uint8_t opcode) { return i66(opcode); }

inline constexpr Encoding kPand = i66(0xdb), kPandn = i66(0xdf), kPor = i66(0xeb), kPxor = i66(0xef);
inline constexpr Encoding kPshufd = i66(0x70), kPshufb = sse38(0x00), kMovaps = two_byte(0x28);

}  // namespace cairn::x64
