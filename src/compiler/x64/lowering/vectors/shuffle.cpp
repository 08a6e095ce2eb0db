// Lowers i8x16.shuffle, whose lanes are constants.
#include <algorithm>

#include "compiler/x64/lowering/lower.hpp"

namespace cairn::x64 {

using ir::Instruction;
using ir::V128;
using ir::Value;

namespace {

using Lanes = std::array<uint8_t, 16>;

// Returns the lanes in units of `unit` bytes (2 or 4), of which there are 16 / unit. The first one is -1 if the bytes
// of some unit do not stay together.
std::array<int, 8> in_units(const Lanes& lanes, unsigned unit) {
  std::array<int, 8> units{};
  for (unsigned i = 0; i < 16 / unit; ++i) {
    if (lanes[i * unit] % unit != 0) return {-1};
    for (unsigned k = 1; k < unit; ++k)
      if (lanes[i * unit + k] != lanes[i * unit] + k) return {-1};
    units[i] = lanes[i * unit] / static_cast<int>(unit);
  }
  return units;
}

// Whether the lanes are those of punpckl or punpckh: they alternate between a unit of `a` and one of `b`, in the lower
// or the upper half.
bool is_unpack(const Lanes& lanes, unsigned unit, bool high) {
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned pair = i / (2 * unit), within = i % (2 * unit);
    const unsigned byte = pair * unit + within % unit + (high ? 8 : 0);
    if (lanes[i] != byte + (within >= unit ? 16 : 0)) return false;
  }
  return true;
}

}  // namespace

void X64Lowering::lower_shuffle(Value value) {
  const Instruction& instruction = inst(value);
  const V128& constant = function_.vector_constants[static_cast<size_t>(instruction.immediate)];
  Lanes lanes;
  for (unsigned i = 0; i < 16; ++i) lanes[i] = static_cast<uint8_t>(constant[i]) & 31;
  Value a = instruction.operands[0], b = instruction.operands[1];
  const VReg d = def(value);

  const bool same = resolve(a) == resolve(b);
  const bool only_a = same || std::ranges::all_of(lanes, [](uint8_t lane) { return lane < 16; });
  const bool only_b = !only_a && std::ranges::all_of(lanes, [](uint8_t lane) { return lane >= 16; });
  if (only_a || only_b) {
    for (uint8_t& lane : lanes) lane &= 15;
    return shuffle_one(d, use(only_b ? b : a), lanes);
  }
  // The shuffle takes bytes of both operands.
  if (unpack_two(d, a, b, lanes) || align_two(d, a, b, lanes) || shuffle_dwords(d, a, b, lanes) ||
      blend_words(d, a, b, lanes)) {
    return;
  }
  Lanes from_a, from_b;
  for (unsigned i = 0; i < 16; ++i) {
    from_a[i] = lanes[i] < 16 ? lanes[i] : 0x80;  // pshufb gives 0 for an index whose top bit is set
    from_b[i] = lanes[i] >= 16 ? lanes[i] & 15 : 0x80;
  }
  const VReg first = x_binary_constant(kPshufb, use(a), constant_address(from_a.data(), 16));
  const VReg second = x_binary_constant(kPshufb, use(b), constant_address(from_b.data(), 16));
  x_binary_to(d, kPor, first, second);
}

// Shuffles the bytes of one vector.
void X64Lowering::shuffle_one(VReg d, VReg source, const Lanes& lanes) {
  const std::array<int, 8> dwords = in_units(lanes, 4);
  if (dwords[0] >= 0) {
    const int imm = dwords[0] | dwords[1] << 2 | dwords[2] << 4 | dwords[3] << 6;  // 0xe4 keeps all in place
    return x_unary_to(d, imm == 0xe4 ? two_byte(0x28) : kPshufd, source, imm == 0xe4 ? -1 : imm);  // movaps or pshufd
  }
  // An unpack may take the same vector as both operands. Then every second unit counts as one of the second operand.
  for (const unsigned unit : {1u, 2u}) {
    Lanes doubled;
    for (const bool high : {false, true}) {
      for (unsigned i = 0; i < 16; ++i) doubled[i] = static_cast<uint8_t>(lanes[i] + (i % (2 * unit) >= unit ? 16 : 0));
      // punpcklbw, punpcklwd, punpckhbw or punpckhwd
      if (is_unpack(doubled, unit, high))
        return x_binary_to(d, i66(static_cast<uint8_t>((high ? 0x68 : 0x60) + (unit == 2))), source, source);
    }
  }
  const std::array<int, 8> words = in_units(lanes, 2);
  if (words[0] >= 0) {
    // The immediate of a shuffle of the four words from `first` on, or -1 if a word comes from the other half.
    const auto imm_of = [&](unsigned first) {
      int imm = 0;
      for (unsigned i = 0; i < 4; ++i) {
        const int from = words[first + i] - static_cast<int>(first);
        if (from < 0 || from > 3) return -1;
        imm |= from << (2 * i);
      }
      return imm;
    };
    // pshuflw (f2) shuffles the low four words, and pshufhw (f3) the high four. e4 keeps all four in place.
    const int low = imm_of(0), high = imm_of(4);
    if (low >= 0 && high >= 0) {
      if (high == 0xe4) return x_unary_to(d, sse(Prefix::pf2, 0x70), source, low);
      if (low == 0xe4) return x_unary_to(d, sse(Prefix::pf3, 0x70), source, high);
      return x_unary_to(d, sse(Prefix::pf3, 0x70), x_unary(sse(Prefix::pf2, 0x70), source, low), high);
    }
  }
  x_binary_constant_to(d, kPshufb, source, constant_address(lanes.data(), 16));
}

bool X64Lowering::unpack_two(VReg d, Value a, Value b, const Lanes& lanes) {
  for (const unsigned unit : {1u, 2u, 4u, 8u}) {
    for (const bool high : {false, true}) {
      for (const bool swap : {false, true}) {
        Lanes tried = lanes;
        if (swap)
          for (uint8_t& lane : tried) lane ^= 16;
        if (!is_unpack(tried, unit, high)) continue;
        // The opcodes of punpcklbw, punpcklwd, punpckldq and punpcklqdq, by the unit.
        constexpr uint8_t kLow[] = {0, 0x60, 0x61, 0, 0x62, 0, 0, 0, 0x6c};
        const uint8_t opcode = kLow[unit];
        const VReg first = use(swap ? b : a), second = use(swap ? a : b);
        const uint8_t high_opcode = unit == 8 ? 0x6d : static_cast<uint8_t>(opcode + 8);  // punpckh*
        x_binary_to(d, i66(high ? high_opcode : opcode), first, second);
        return true;
      }
    }
  }
  return false;
}

// Lowers lanes that are consecutive bytes of the two operands joined, by palignr.
bool X64Lowering::align_two(VReg d, Value a, Value b, const Lanes& lanes) {
  for (unsigned i = 0; i < 16; ++i)
    if (lanes[i] != ((lanes[0] + i) & 31)) return false;
  const bool from_b = lanes[0] >= 16;
  const VReg high = use(from_b ? a : b), low = use(from_b ? b : a);
  x_binary_to(d, sse3a(0x0f), high, low, lanes[0] & 15);
  return true;
}

// Lowers two 32-bit lanes of one operand followed by two of the other one, by shufps.
bool X64Lowering::shuffle_dwords(VReg d, Value a, Value b, const Lanes& lanes) {
  const std::array<int, 8> dwords = in_units(lanes, 4);
  if (dwords[0] < 0) return false;
  for (const bool swap : {false, true}) {
    const auto from = [&](int i) { return dwords[static_cast<size_t>(i)] ^ (swap ? 4 : 0); };
    if (from(0) < 4 && from(1) < 4 && from(2) >= 4 && from(3) >= 4) {
      const VReg first = use(swap ? b : a), second = use(swap ? a : b);
      x_binary_to(d, two_byte(0xc6), first, second, from(0) | from(1) << 2 | (from(2) & 3) << 4 | (from(3) & 3) << 6);
      return true;
    }
  }
  return false;
}

// Lowers lanes in which each word stays in its place, by pblendw.
bool X64Lowering::blend_words(VReg d, Value a, Value b, const Lanes& lanes) {
  const std::array<int, 8> words = in_units(lanes, 2);
  if (words[0] < 0) return false;
  int imm = 0;
  for (int i = 0; i < 8; ++i) {
    if ((words[static_cast<size_t>(i)] & 7) != i) return false;
    imm |= (words[static_cast<size_t>(i)] >> 3) << i;
  }
  const VReg first = use(a), second = use(b);
  x_binary_to(d, sse3a(0x0e), first, second, imm);
  return true;
}

}  // namespace cairn::x64
