#include "compiler/x64/encoding/assembler.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"

namespace cairn::x64 {

namespace {

constexpr uint32_t kUnbound = 0xffff'ffff;                 // the offset of a label that is not bound
constexpr uint8_t kPrefixBytes[] = {0, 0x66, 0xf3, 0xf2};  // by Prefix

constexpr bool fits8(int64_t value) { return value >= -128 && value <= 127; }
constexpr bool high(unsigned reg) { return reg != kNoRegister && reg >= 8; }

// The recommended nops, by their length in bytes [sdm 2B NOP].
constexpr uint8_t kNops[10][9] = {
    {},
    {0x90},
    {0x66, 0x90},
    {0x0f, 0x1f, 0x00},
    {0x0f, 0x1f, 0x40, 0x00},
    {0x0f, 0x1f, 0x44, 0x00, 0x00},
    {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
    {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
    {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
};

void write_nops(std::byte* at, unsigned count) {
  while (count > 0) {
    const unsigned n = std::min(count, 9u);
    std::memcpy(at, kNops[n], n);
    at += n;
    count -= n;
  }
}

void write32(std::byte* at, uint32_t value) { std::memcpy(at, &value, 4); }

}  // namespace

void Assembler::modrm(unsigned reg, const Rm& rm, unsigned immediate_bytes) {
  const unsigned field = (reg & 7) << 3;
  const auto put = [&](unsigned byte) { code_.emit8(static_cast<uint8_t>(byte)); };
  if (rm.is_register) {
    put(0xc0 | field | (rm.reg & 7));
    return;
  }
  const Address& address = rm.address;
  if (address.rodata) {
    put(field | 5);  // mod 0 and rm 5: an address relative to rip
    code_.relocations.push_back({codegen::RelocationKind::rodata, code_.offset(),
                                 static_cast<uint32_t>(address.displacement),
                                 -4 - static_cast<int32_t>(immediate_bytes)});
    code_.emit32(0);
    return;
  }
  if (address.base == kNoRegister) {
    // An address without a base has a SIB byte with base 5 and a displacement of 32 bits. Index 4 means that there is
    // no index.
    const unsigned index = address.index == kNoRegister ? 4 : address.index & 7;
    put(field | 4);
    put(static_cast<unsigned>(address.scale) << 6 | index << 3 | 5);
    code_.emit32(static_cast<uint32_t>(address.displacement));
    return;
  }
  const bool needs_displacement = address.displacement != 0 || (address.base & 7) == 5;
  const unsigned mod = !needs_displacement ? 0 : fits8(address.displacement) ? 0x40 : 0x80;
  if (address.index != kNoRegister || (address.base & 7) == 4) {
    CAIRN_DEBUG_ASSERT(address.index != rsp);
    const unsigned index = address.index == kNoRegister ? 4 : address.index & 7;
    put(mod | field | 4);
    put(static_cast<unsigned>(address.scale) << 6 | index << 3 | (address.base & 7));
  } else {
    put(mod | field | (address.base & 7));
  }
  if (mod == 0x40) {
    put(static_cast<uint8_t>(address.displacement));
  } else if (mod == 0x80) {
    code_.emit32(static_cast<uint32_t>(address.displacement));
  }
}

void Assembler::rm(Encoding encoding, unsigned reg, const Rm& rm, unsigned immediate_bytes, bool byte_registers) {
  if (!rm.is_register && rm.address.traps) record_trap();
  if (encoding.prefix != Prefix::none) code_.emit8(kPrefixBytes[static_cast<unsigned>(encoding.prefix)]);
  unsigned rex = encoding.w ? 8 : 0;  // bits 3 to 0 are W, R, X and B
  if (high(reg)) rex |= 4;
  if (rm.is_register) {
    if (high(rm.reg)) rex |= 1;
  } else {
    if (high(rm.address.index)) rex |= 2;
    if (high(rm.address.base)) rex |= 1;
  }
  // Without a REX prefix, the numbers 4 to 7 of byte registers mean ah, ch, dh and bh. An empty prefix suffices.
  const bool needs_empty = byte_registers && ((reg >= 4 && reg < 8) || (rm.is_register && rm.reg >= 4 && rm.reg < 8));
  if (rex != 0 || needs_empty) code_.emit8(static_cast<uint8_t>(0x40 | rex));
  if (encoding.map != Map::one_byte) code_.emit8(0x0f);
  if (encoding.map == Map::m0f38) code_.emit8(0x38);
  if (encoding.map == Map::m0f3a) code_.emit8(0x3a);
  code_.emit8(encoding.opcode);
  modrm(reg, rm, immediate_bytes);
}

void Assembler::locked(Encoding encoding, unsigned reg, const Address& to, bool byte_registers) {
  if (to.traps) record_trap();  // before the prefix, where the fault is reported
  Rm operand = Rm::m(to);
  operand.address.traps = false;
  code_.emit8(0xf0);  // lock
  rm(encoding, reg, operand, 0, byte_registers);
}

void Assembler::vex(Encoding encoding, unsigned reg, unsigned vvvv, const Rm& rm, unsigned immediate_bytes,
                    bool length256) {
  if (!rm.is_register && rm.address.traps) record_trap();
  const bool r = high(reg);
  const bool x = !rm.is_register && high(rm.address.index);
  const bool b = rm.is_register ? high(rm.reg) : high(rm.address.base);
  // The last byte of the prefix: the inverted vvvv, L and pp.
  const unsigned last = (~vvvv & 15u) << 3 | (length256 ? 4u : 0u) | static_cast<unsigned>(encoding.prefix);
  if (!x && !b && !encoding.w && encoding.map == Map::m0f) {
    code_.emit8(0xc5);  // the VEX prefix of two bytes
    code_.emit8(static_cast<uint8_t>((r ? 0u : 0x80u) | last));
  } else {
    code_.emit8(0xc4);  // the VEX prefix of three bytes
    code_.emit8(static_cast<uint8_t>((r ? 0u : 0x80u) | (x ? 0u : 0x40u) | (b ? 0u : 0x20u) |
                                     static_cast<unsigned>(encoding.map)));
    code_.emit8(static_cast<uint8_t>((encoding.w ? 0x80u : 0u) | last));
  }
  code_.emit8(encoding.opcode);
  modrm(reg, rm, immediate_bytes);
}

// --- Common instructions

void Assembler::mov_rr(bool wide, unsigned to, unsigned from) { rm(one_byte(0x8b, wide), to, Rm::r(from)); }

void Assembler::mov_ri(unsigned to, uint64_t value) {
  if (value == 0) {
    rm(one_byte(0x33), to, Rm::r(to));  // xor
  } else if (value <= 0xffff'ffff) {
    if (high(to)) code_.emit8(0x41);
    code_.emit8(static_cast<uint8_t>(0xb8 | (to & 7)));
    code_.emit32(static_cast<uint32_t>(value));
  } else if (static_cast<int64_t>(value) == static_cast<int32_t>(value)) {
    rm(one_byte(0xc7, true), 0, Rm::r(to), 4);
    code_.emit32(static_cast<uint32_t>(value));
  } else {
    code_.emit8(high(to) ? 0x49 : 0x48);
    code_.emit8(static_cast<uint8_t>(0xb8 | (to & 7)));
    code_.emit64(value);
  }
}

void Assembler::load(bool wide, unsigned to, const Address& from) { rm(one_byte(0x8b, wide), to, Rm::m(from)); }

void Assembler::store(unsigned size, const Address& to, unsigned from) {
  switch (size) {
    case 1: rm(one_byte(0x88), from, Rm::m(to), 0, true); break;
    case 2: rm({0x89, Prefix::p66, Map::one_byte, false}, from, Rm::m(to)); break;
    default: rm(one_byte(0x89, size == 8), from, Rm::m(to)); break;
  }
}

void Assembler::store_imm(unsigned size, const Address& to, int32_t value) {
  switch (size) {
    case 1:
      rm(one_byte(0xc6), 0, Rm::m(to), 1);
      imm8(value);
      break;
    case 2:
      rm({0xc7, Prefix::p66, Map::one_byte, false}, 0, Rm::m(to), 2);
      code_.emit16(static_cast<uint16_t>(value));
      break;
    default:
      rm(one_byte(0xc7, size == 8), 0, Rm::m(to), 4);
      imm32(value);
      break;
  }
}

void Assembler::alu_rr(Alu op, bool wide, unsigned to, unsigned from) { alu_r_rm(op, wide, to, Rm::r(from)); }

void Assembler::alu_r_rm(Alu op, bool wide, unsigned to, const Rm& from) {
  rm(one_byte(static_cast<uint8_t>(static_cast<unsigned>(op) * 8 + 3), wide), to, from);
}

void Assembler::alu_rm_r(Alu op, unsigned size, const Rm& to, unsigned from) {
  const unsigned base = static_cast<unsigned>(op) * 8;
  if (size == 1) {
    rm(one_byte(static_cast<uint8_t>(base)), from, to, 0, true);
  } else {
    rm({static_cast<uint8_t>(base + 1), size == 2 ? Prefix::p66 : Prefix::none, Map::one_byte, size == 8}, from, to);
  }
}

void Assembler::alu_rm_i(Alu op, unsigned size, const Rm& to, int32_t value) {
  const unsigned digit = static_cast<unsigned>(op);
  if (size == 1) {
    rm(one_byte(0x80), digit, to, 1, to.is_register);
    imm8(value);
    return;
  }
  const Prefix prefix = size == 2 ? Prefix::p66 : Prefix::none;
  if (fits8(value)) {
    rm({0x83, prefix, Map::one_byte, size == 8}, digit, to, 1);
    imm8(value);
  } else {
    rm({0x81, prefix, Map::one_byte, size == 8}, digit, to, size == 2 ? 2 : 4);
    if (size == 2) {
      code_.emit16(static_cast<uint16_t>(value));
    } else {
      imm32(value);
    }
  }
}

void Assembler::test_rr(bool wide, unsigned a, unsigned b) { rm(one_byte(0x85, wide), b, Rm::r(a)); }

void Assembler::test_rm_i(unsigned size, const Rm& a, int32_t value) {
  if (size == 1) {
    rm(one_byte(0xf6), 0, a, 1, a.is_register);
    imm8(value);
  } else if (size == 2) {
    rm({0xf7, Prefix::p66, Map::one_byte, false}, 0, a, 2);
    code_.emit16(static_cast<uint16_t>(value));
  } else {
    rm(one_byte(0xf7, size == 8), 0, a, 4);
    imm32(value);
  }
}

void Assembler::shift_i(Shift op, bool wide, unsigned reg, unsigned count) {
  if (count == 1) {
    rm(one_byte(0xd1, wide), static_cast<unsigned>(op), Rm::r(reg));
    return;
  }
  rm(one_byte(0xc1, wide), static_cast<unsigned>(op), Rm::r(reg), 1);
  imm8(count);
}

void Assembler::shift_cl(Shift op, bool wide, unsigned reg) {
  rm(one_byte(0xd3, wide), static_cast<unsigned>(op), Rm::r(reg));
}

void Assembler::lea(bool wide, unsigned to, const Address& from) { rm(one_byte(0x8d, wide), to, Rm::m(from)); }

void Assembler::setcc(Cc cc, unsigned to) {
  rm(two_byte(static_cast<uint8_t>(0x90 | static_cast<unsigned>(cc))), 0, Rm::r(to), 0, true);
}

void Assembler::cmov(Cc cc, bool wide, unsigned to, const Rm& from) {
  rm(two_byte(static_cast<uint8_t>(0x40 | static_cast<unsigned>(cc)), wide), to, from);
}

void Assembler::movzx8(unsigned to, unsigned from) { rm(two_byte(0xb6), to, Rm::r(from), 0, from >= 4 && from < 8); }

void Assembler::push(unsigned reg) {
  if (high(reg)) code_.emit8(0x41);
  code_.emit8(static_cast<uint8_t>(0x50 | (reg & 7)));
}

void Assembler::pop(unsigned reg) {
  if (high(reg)) code_.emit8(0x41);
  code_.emit8(static_cast<uint8_t>(0x58 | (reg & 7)));
}

void Assembler::ret(unsigned pop_bytes) {
  if (pop_bytes == 0) {
    code_.emit8(0xc3);
  } else {
    code_.emit8(0xc2);
    code_.emit16(static_cast<uint16_t>(pop_bytes));
  }
}

void Assembler::ud2() { code_.emit16(0x0b0f); }
void Assembler::jmp_rm(const Rm& to) { rm(one_byte(0xff), 4, to); }
void Assembler::call_rm(const Rm& to) { rm(one_byte(0xff), 2, to); }

void Assembler::call_function(uint32_t index) {
  code_.emit8(0xe8);
  code_.relocations.push_back({codegen::RelocationKind::call, code_.offset(), index, -4});
  code_.emit32(0);
}

void Assembler::jmp_function(uint32_t index) {
  code_.emit8(0xe9);
  code_.relocations.push_back({codegen::RelocationKind::call, code_.offset(), index, -4});
  code_.emit32(0);
}

void Assembler::movaps(bool avx, unsigned to, unsigned from) {
  if (avx) {
    vex(two_byte(0x28), to, 0, Rm::r(from));
  } else {
    rm(two_byte(0x28), to, Rm::r(from));
  }
}

void Assembler::load_xmm(bool avx, unsigned size, unsigned to, const Address& from) {
  const Encoding encoding = size == 4 ? sse(Prefix::pf3, 0x10) : size == 8 ? sse(Prefix::pf2, 0x10) : two_byte(0x10);
  if (avx) {
    vex(encoding, to, 0, Rm::m(from));
  } else {
    rm(encoding, to, Rm::m(from));
  }
}

void Assembler::store_xmm(bool avx, unsigned size, const Address& to, unsigned from) {
  const Encoding encoding = size == 4 ? sse(Prefix::pf3, 0x11) : size == 8 ? sse(Prefix::pf2, 0x11) : two_byte(0x11);
  if (avx) {
    vex(encoding, from, 0, Rm::m(to));
  } else {
    rm(encoding, from, Rm::m(to));
  }
}

// --- Labels

Label Assembler::new_label() {
  labels_.push_back(kUnbound);
  return Label(static_cast<uint32_t>(labels_.size() - 1));
}

void Assembler::bind(Label label) {
  CAIRN_DEBUG_ASSERT(labels_[label.index()] == kUnbound);
  labels_[label.index()] = code_.offset();
}

void Assembler::jmp(Label label) {
  fixups_.push_back({code_.offset(), FixupKind::jmp, 0, 5, 5, label.index(), 0});
  code_.emit8(0xe9);
  code_.emit32(0);
}

void Assembler::jcc(Cc cc, Label label) {
  fixups_.push_back({code_.offset(), FixupKind::jcc, static_cast<uint8_t>(cc), 6, 6, label.index(), 0});
  code_.emit16(0);  // finish() writes the opcode
  code_.emit32(0);
}

void Assembler::align(unsigned bytes) {
  const uint32_t at = code_.offset();
  fixups_.push_back({at, FixupKind::align, 0, static_cast<uint8_t>(bytes - 1), 0, bytes, 0});
  for (unsigned i = 0; i < bytes - 1; ++i) code_.emit8(0x90);
}

void Assembler::lea_label(unsigned to, Label label) {
  code_.emit8(high(to) ? 0x4c : 0x48);  // REX.W, and REX.R for r8 to r15
  code_.emit8(0x8d);
  code_.emit8(static_cast<uint8_t>((to & 7) << 3 | 5));
  fixups_.push_back({code_.offset(), FixupKind::lea, 0, 4, 4, label.index(), 0});
  code_.emit32(0);
}

uint32_t Assembler::adjusted(uint32_t offset) const {
  // Only fixups before `offset` change it. A fixup exactly at `offset` does not.
  const auto after =
      std::partition_point(fixups_.begin(), fixups_.end(), [&](const Fixup& fixup) { return fixup.offset < offset; });
  return after == fixups_.begin() ? offset : offset - (after - 1)->removed;
}

void Assembler::finish() {
  if (fixups_.empty()) return;
  // The rounds below choose the sizes of branches: a short branch has 2 bytes. Alignment counts with its largest size,
  // so distances can only shrink, and a branch that is short in one round stays short. The number of rounds is
  // limited to bound the time.
  const auto prefix_sums = [&] {
    uint32_t removed = 0;
    for (Fixup& fixup : fixups_) {
      removed += fixup.size - fixup.final_size;
      fixup.removed = removed;
    }
  };
  for (Fixup& fixup : fixups_) fixup.final_size = fixup.size;
  prefix_sums();
  for (unsigned round = 0; round < 3; ++round) {
    bool changed = false;
    for (Fixup& fixup : fixups_) {
      if (fixup.kind > FixupKind::jcc || fixup.final_size == 2) continue;
      CAIRN_DEBUG_ASSERT(labels_[fixup.target] != kUnbound);
      // The distance counts from the end of the long form. To a later label it stays the same when the instruction
      // becomes short, and to an earlier one it becomes smaller.
      const int64_t from = int64_t{fixup.offset} + fixup.size - fixup.removed;
      const int64_t distance = int64_t{adjusted(labels_[fixup.target])} - from;
      if (distance < -128 || distance > 127) continue;
      fixup.final_size = 2;
      changed = true;
    }
    if (!changed) break;
    prefix_sums();
  }
  // Now the exact size of each alignment is known.
  uint32_t removed = 0;
  for (Fixup& fixup : fixups_) {
    if (fixup.kind == FixupKind::align) {
      const uint32_t at = fixup.offset - removed;
      fixup.final_size = static_cast<uint8_t>(-at & (fixup.target - 1));
    }
    removed += fixup.size - fixup.final_size;
    fixup.removed = removed;
  }

  // All recorded offsets are adjusted.
  for (uint32_t& label : labels_)
    if (label != kUnbound) label = adjusted(label);
  const auto adjust_sorted = [&](auto& records, auto&& field) {
    for (auto& record : records) field(record) = adjusted(field(record));
  };
  adjust_sorted(code_.traps, [](codegen::TrapSite& site) -> uint32_t& { return site.offset; });
  adjust_sorted(code_.calls, [](codegen::CallSite& site) -> uint32_t& { return site.return_offset; });
  for (codegen::Relocation& relocation : code_.relocations)
    if (relocation.kind != codegen::RelocationKind::code_address) relocation.offset = adjusted(relocation.offset);

  // The code moves down over the bytes that were dropped, and the fixups are written.
  std::byte* const bytes = code_.bytes.data();
  uint32_t read = 0, write = 0;
  for (const Fixup& fixup : fixups_) {
    const uint32_t plain = fixup.offset - read;
    if (read != write) std::memmove(bytes + write, bytes + read, plain);
    read = fixup.offset + fixup.size;
    write += plain;
    std::byte* const at = bytes + write;
    write += fixup.final_size;
    if (fixup.kind == FixupKind::align) {
      write_nops(at, fixup.final_size);
      continue;
    }
    const uint32_t distance = labels_[fixup.target] - write;
    if (fixup.kind == FixupKind::lea) {
      write32(at, distance);
    } else if (fixup.final_size == 2) {
      CAIRN_ASSERT(fits8(static_cast<int32_t>(distance)));
      at[0] = std::byte{fixup.kind == FixupKind::jmp ? uint8_t{0xeb} : static_cast<uint8_t>(0x70 | fixup.cc)};
      at[1] = static_cast<std::byte>(distance);
    } else if (fixup.kind == FixupKind::jmp) {
      at[0] = std::byte{0xe9};
      write32(at + 1, distance);
    } else {
      at[0] = std::byte{0x0f};
      at[1] = static_cast<std::byte>(0x80 | fixup.cc);
      write32(at + 2, distance);
    }
  }
  const uint32_t rest = code_.offset() - read;
  if (read != write) std::memmove(bytes + write, bytes + read, rest);
  code_.bytes.resize(write + rest);
}

}  // namespace cairn::x64
