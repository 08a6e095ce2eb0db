#include "compiler/rv64/encoding/compression/compress.hpp"

#include <utility>

#include "compiler/rv64/encoding/instructions.hpp"

namespace cairn::rv64 {
namespace {

// The fields of a 32-bit instruction [riscv 2.2].
struct Fields {
  uint32_t word;
  [[nodiscard]] uint32_t opcode() const { return word & 0x7f; }
  [[nodiscard]] uint32_t rd() const { return word >> 7 & 31; }
  [[nodiscard]] uint32_t funct3() const { return word >> 12 & 7; }
  [[nodiscard]] uint32_t rs1() const { return word >> 15 & 31; }
  [[nodiscard]] uint32_t rs2() const { return word >> 20 & 31; }
  [[nodiscard]] uint32_t funct7() const { return word >> 25; }
  [[nodiscard]] int32_t imm() const { return static_cast<int32_t>(word) >> 20; }
  [[nodiscard]] int32_t store_imm() const {
    return static_cast<int32_t>(word & 0xfe00'0000) >> 20 | static_cast<int32_t>(rd());
  }
};

// Most 16-bit forms can name x8 to x15 only, by three bits.
constexpr bool is_small(uint32_t r) { return r >= 8 && r < 16; }
constexpr uint32_t small(uint32_t r) { return r - 8; }
// Returns the `count` bits of `value` from `bit` on, moved to the place `to`.
constexpr uint32_t at(int32_t value, unsigned bit, unsigned count, unsigned to) {
  return (static_cast<uint32_t>(value) >> bit & ((1u << count) - 1)) << to;
}
// The place of a 6-bit immediate in most 16-bit forms: bit 5 is bit 12 of the instruction, and bits 4:0 are bits 6:2.
constexpr uint32_t imm6(int32_t value) { return at(value, 5, 1, 12) | at(value, 0, 5, 2); }
constexpr bool fits6(int32_t value) { return value >= -32 && value < 32; }

// --- Each of the functions below returns the 16-bit form, or 0 if there is none. Register 2 is the stack pointer.

uint32_t compress_addi(const Fields f) {
  const uint32_t rd = f.rd(), rs1 = f.rs1();
  const int32_t imm = f.imm();
  if (rd == 0) return 0;
  if (imm == 0 && rs1 != 0) return 0x8002 | rd << 7 | rs1 << 2;          // c.mv
  if (rs1 == 0 && fits6(imm)) return 0x4001 | rd << 7 | imm6(imm);       // c.li
  if (rd == rs1 && fits6(imm)) return 0x0001 | rd << 7 | imm6(imm);      // c.addi
  if (rd == 2 && rs1 == 2 && imm % 16 == 0 && imm >= -512 && imm < 512)  // c.addi16sp
    return 0x6101 | at(imm, 9, 1, 12) | at(imm, 4, 1, 6) | at(imm, 6, 1, 5) | at(imm, 7, 2, 3) | at(imm, 5, 1, 2);
  if (rs1 == 2 && is_small(rd) && imm > 0 && imm < 1024 && imm % 4 == 0)  // c.addi4spn
    return at(imm, 4, 2, 11) | at(imm, 6, 4, 7) | at(imm, 2, 1, 6) | at(imm, 3, 1, 5) | small(rd) << 2;
  return 0;
}

uint32_t compress_imm(const Fields f) {
  const uint32_t rd = f.rd(), rs1 = f.rs1();
  const int32_t imm = f.imm(), amount = imm & 63;
  switch (f.funct3()) {
    case 0: return compress_addi(f);
    case 1:  // c.slli
      return f.word >> 26 == 0 && rd == rs1 && rd != 0 && amount != 0 ? 0x0002 | rd << 7 | imm6(amount) : 0;
    case 5:  // c.srli, c.srai
      if (rd != rs1 || !is_small(rd) || amount == 0) return 0;
      if (f.word >> 26 == 0) return 0x8001 | small(rd) << 7 | imm6(amount);
      return f.word >> 26 == 0x10 ? 0x8401 | small(rd) << 7 | imm6(amount) : 0;
    case 7:  // c.andi
      return rd == rs1 && is_small(rd) && fits6(imm) ? 0x8801 | small(rd) << 7 | imm6(imm) : 0;
    default: return 0;
  }
}

uint32_t compress_reg(const Fields f) {
  const uint32_t rd = f.rd();
  uint32_t rs1 = f.rs1(), rs2 = f.rs2();
  const uint32_t kind = f.funct7() << 3 | f.funct3();  // 0 add, 4 xor, 6 or, 7 and
  const bool is_sub = kind == 0x100;
  if (kind != 0 && kind != 4 && kind != 6 && kind != 7 && !is_sub) return 0;
  if (!is_sub && rd == rs2) std::swap(rs1, rs2);
  if (kind == 0 && rd != 0) {
    if (rs1 == 0 && rs2 != 0) return 0x8002 | rd << 7 | rs2 << 2;    // c.mv
    if (rs2 == 0 && rs1 != 0) return 0x8002 | rd << 7 | rs1 << 2;    // c.mv
    return rd == rs1 && rs2 != 0 ? 0x9002 | rd << 7 | rs2 << 2 : 0;  // c.add
  }
  if (rd != rs1 || !is_small(rd) || !is_small(rs2)) return 0;
  const uint32_t which = is_sub ? 0 : kind == 4 ? 1 : kind == 6 ? 2 : 3;  // c.sub, c.xor, c.or, c.and
  return 0x8c01 | small(rd) << 7 | which << 5 | small(rs2) << 2;
}

// Compresses addw and subw.
uint32_t compress_regw(const Fields f) {
  const uint32_t rd = f.rd();
  uint32_t rs1 = f.rs1(), rs2 = f.rs2();
  const bool is_add = f.funct7() == 0, is_sub = f.funct7() == 0x20;
  if (f.funct3() != 0 || (!is_add && !is_sub)) return 0;
  if (is_add && rd == rs2) std::swap(rs1, rs2);
  if (rd != rs1 || !is_small(rd) || !is_small(rs2)) return 0;
  return 0x9c01 | small(rd) << 7 | (is_add ? 1u : 0u) << 5 | small(rs2) << 2;
}

// Compresses a load or store of 8 bytes if `wide` is set, or of 4 bytes otherwise. `data` is the register that is
// loaded or stored, and `funct` becomes bits 15:13.
uint32_t compress_access(uint32_t data, uint32_t base, int32_t imm, bool wide, uint32_t funct) {
  if (!is_small(data) || !is_small(base) || imm < 0) return 0;
  if (wide)
    return imm < 256 && imm % 8 == 0
               ? funct << 13 | at(imm, 3, 3, 10) | small(base) << 7 | at(imm, 6, 2, 5) | small(data) << 2
               : 0;
  return imm < 128 && imm % 4 == 0 ? funct << 13 | at(imm, 3, 3, 10) | small(base) << 7 | at(imm, 2, 1, 6) |
                                         at(imm, 6, 1, 5) | small(data) << 2
                                   : 0;
}

uint32_t compress_load(const Fields f, bool is_float) {
  const bool wide = f.funct3() == 3;
  if (!wide && (f.funct3() != 2 || is_float)) return 0;
  const int32_t imm = f.imm();
  const uint32_t funct = is_float ? 1 : wide ? 3 : 2;
  if (f.rs1() != 2) return compress_access(f.rd(), f.rs1(), imm, wide, funct);
  if (imm < 0 || (f.rd() == 0 && !is_float)) return 0;
  if (wide)
    return imm < 512 && imm % 8 == 0
               ? funct << 13 | 2 | at(imm, 5, 1, 12) | f.rd() << 7 | at(imm, 3, 2, 5) | at(imm, 6, 3, 2)
               : 0;
  return imm < 256 && imm % 4 == 0
             ? funct << 13 | 2 | at(imm, 5, 1, 12) | f.rd() << 7 | at(imm, 2, 3, 4) | at(imm, 6, 2, 2)
             : 0;
}

uint32_t compress_store(const Fields f, bool is_float) {
  const bool wide = f.funct3() == 3;
  if (!wide && (f.funct3() != 2 || is_float)) return 0;
  const int32_t imm = f.store_imm();
  const uint32_t funct = is_float ? 5 : wide ? 7 : 6;
  if (f.rs1() != 2) return compress_access(f.rs2(), f.rs1(), imm, wide, funct);
  if (imm < 0) return 0;
  if (wide)
    return imm < 512 && imm % 8 == 0 ? funct << 13 | 2 | at(imm, 3, 3, 10) | at(imm, 6, 3, 7) | f.rs2() << 2 : 0;
  return imm < 256 && imm % 4 == 0 ? funct << 13 | 2 | at(imm, 2, 4, 9) | at(imm, 6, 2, 7) | f.rs2() << 2 : 0;
}

uint32_t compress_any(const Fields f) {
  switch (f.opcode()) {
    case 0x03: return compress_load(f, false);   // lb to lwu
    case 0x07: return compress_load(f, true);    // flw, fld
    case 0x23: return compress_store(f, false);  // sb to sd
    case 0x27: return compress_store(f, true);   // fsw, fsd
    case 0x13: return compress_imm(f);           // addi and other operations with an immediate
    case 0x33: return compress_reg(f);           // add and other operations on registers
    case 0x3b: return compress_regw(f);          // addw and other operations on words
    case 0x1b:                                   // addiw: c.addiw, or c.li if it reads x0
      if (f.funct3() != 0 || f.rd() == 0 || !fits6(f.imm()) || (f.rs1() != f.rd() && f.rs1() != 0)) return 0;
      return (f.rs1() == 0 ? 0x4001u : 0x2001u) | f.rd() << 7 | imm6(f.imm());
    case 0x37: {  // lui: c.lui
      const int32_t imm = static_cast<int32_t>(f.word) >> 12;
      return f.rd() != 0 && f.rd() != 2 && imm != 0 && fits6(imm) ? 0x6001 | f.rd() << 7 | imm6(imm) : 0;
    }
    case 0x67:  // jalr: c.jr, c.jalr
      return f.imm() == 0 && f.rs1() != 0 && f.rd() < 2 ? (f.rd() == 0 ? 0x8002u : 0x9002u) | f.rs1() << 7 : 0;
    default: return 0;
  }
}

}  // namespace

std::optional<uint16_t> compress(uint32_t instruction) {
  if (instruction == facts(Op::unimp).bits) return uint16_t{0};        // c.unimp
  if (instruction == facts(Op::ebreak).bits) return uint16_t{0x9002};  // c.ebreak
  const uint32_t half = compress_any(Fields{instruction});
  if (half == 0) return std::nullopt;
  return static_cast<uint16_t>(half);
}

}  // namespace cairn::rv64
