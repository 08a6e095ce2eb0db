// Encodings of x86-64 instructions: what identifies an instruction besides its operands [sdm 2].
#pragma once

#include <cstdint>

namespace cairn::x64 {

// The prefix 66, f3 or f2 that is part of an instruction, by its number in the field pp of VEX.
enum class Prefix : uint8_t { none, p66, pf3, pf2 };
// The bytes that come before the opcode: none, 0f, 0f 38 or 0f 3a. The numbers are those of the field mmmmm of VEX.
enum class Map : uint8_t { one_byte, m0f, m0f38, m0f3a };

// An instruction without its operands. It packs into 16 bits.
struct Encoding {
  uint8_t opcode = 0;
  Prefix prefix = Prefix::none;
  Map map = Map::one_byte;
  bool w = false;  // REX.W or VEX.W

  [[nodiscard]] constexpr uint16_t pack() const {
    return static_cast<uint16_t>(opcode | static_cast<unsigned>(prefix) << 8 | static_cast<unsigned>(map) << 10 |
                                 static_cast<unsigned>(w) << 12);
  }
  static constexpr Encoding unpack(uint16_t bits) {
    return {static_cast<uint8_t>(bits), static_cast<Prefix>(bits >> 8 & 3), static_cast<Map>(bits >> 10 & 3),
            (bits >> 12 & 1) != 0};
  }
  // Returns the same instruction with W set, which means operands of 64 bits in most instructions.
  [[nodiscard]] constexpr Encoding wide(bool on = true) const { return {opcode, prefix, map, on}; }
};
// These functions return the encoding of an instruction by the bytes before its opcode: nothing (one_byte), 0f
// (two_byte), a prefix and 0f (sse), 66 0f 38 (sse38), or 66 0f 3a (sse3a).
constexpr Encoding one_byte(uint8_t opcode, bool w = false) { return {opcode, Prefix::none, Map::one_byte, w}; }
constexpr Encoding two_byte(uint8_t opcode, bool w = false) { return {opcode, Prefix::none, Map::m0f, w}; }
constexpr Encoding sse(Prefix prefix, uint8_t opcode) { return {opcode, prefix, Map::m0f, false}; }
constexpr Encoding sse38(uint8_t opcode) { return {opcode, Prefix::p66, Map::m0f38, false}; }
constexpr Encoding sse3a(uint8_t opcode) { return {opcode, Prefix::p66, Map::m0f3a, false}; }

// The conditions of jcc, setcc and cmovcc, by their numbers in the low four bits of the opcode.
enum class Cc : uint8_t { o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g };

// The operations of the ALU instructions, by their numbers in the opcode and in ModRM.
enum class Alu : uint8_t { add, or_, adc, sbb, and_, sub, xor_, cmp };
// The shifts of general registers, by their numbers in the reg field of ModRM.
enum class Shift : uint8_t { rol = 0, ror = 1, shl = 4, shr = 5, sar = 7 };

// --- Vector instructions that several files of lowering use

// These functions return the encoding of a vector instruction by its opcode after 0f: i66 for integer lanes (prefix
// 66), ps for f32 lanes (no prefix), and pd for f64 lanes (prefix 66).
constexpr Encoding i66(uint8_t opcode) { return sse(Prefix::p66, opcode); }
constexpr Encoding ps(uint8_t opcode) { return two_byte(opcode); }
constexpr Encoding pd(uint8_t opcode) { return i66(opcode); }

inline constexpr Encoding kPand = i66(0xdb), kPandn = i66(0xdf), kPor = i66(0xeb), kPxor = i66(0xef);
inline constexpr Encoding kPshufd = i66(0x70), kPshufb = sse38(0x00), kMovaps = two_byte(0x28);

}  // namespace cairn::x64
