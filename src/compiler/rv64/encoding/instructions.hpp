// The instructions of RV64 as tables/*.def list them: the name, the format and the encoding of each.
#pragma once

#include <cstdint>
#include <iterator>
#include <string_view>

#include "base/assert.hpp"

namespace cairn::rv64 {

// An instruction. The enumerators are in the order of the tables.
enum class Op : uint16_t {
#define CAIRN_RV64(name, text, format, operands, bits) name,
#include "compiler/rv64/encoding/tables/instructions.def"
#include "compiler/rv64/encoding/tables/vector_instructions.def"
#undef CAIRN_RV64
  count_
};
inline constexpr unsigned kOpCount = static_cast<unsigned>(Op::count_);

// The operands of an instruction, in the order of the assembly text. Their places are: rd and vd in bits 11:7, rs1 and
// vs1 in 19:15, rs2 and vs2 in 24:20, rs3 in 31:27, the rounding mode in 14:12, a 12-bit immediate in 31:20. In the
// formats store, branch and jump, the immediate has several pieces ([riscv 2.3]).
enum class Format : uint8_t {
  none,
  reg1,      // rd
  reg2,      // rd, rs1
  reg2r,     // rd, rs1, rounding mode
  reg3,      // rd, rs1, rs2
  reg3r,     // rd, rs1, rs2, rounding mode
  reg4r,     // rd, rs1, rs2, rs3, rounding mode
  imm,       // rd, rs1, 12-bit immediate
  shift,     // rd, rs1, 6-bit amount
  shiftw,    // rd, rs1, 5-bit amount
  load,      // rd, 12-bit immediate (rs1)
  amo,       // rd, rs2, (rs1)
  amo1,      // rd, (rs1)
  store,     // rs2, 12-bit immediate (rs1)
  upper,     // rd, 20-bit immediate
  csrimm,    // rd, 5-bit immediate in the place of rs1
  branch,    // rs1, rs2, label
  jump,      // rd, label
  vector3,   // vd, vs2, and in the place of rs1: vs1 (class v) or rs1 (class x or f)
  vectori,   // vd, vs2, 5-bit immediate, signed or unsigned as the operation defines it
  vector2,   // vd, vs2 (rd, vs2 for moves to scalars)
  vector1,   // vd, and in the place of rs1: vs1 or rs1; for moves and splats
  vector1i,  // vd, 5-bit immediate
  vector0,   // vd
  vectorm,   // vd, then vs1 or rs1 (in the place of rs1), then vs2; multiply-add, whose text has this order
  vmerge,    // vd, vs2, vs1 or rs1, v0
  vmergei,   // vd, vs2, immediate, v0
  vmem,      // vd for loads, or vs3 in its place for stores; (rs1)
  vsetivli,  // rd, 5-bit length, vtype
};

// The rounding modes, by their numbers in instructions: to nearest with ties to even, toward zero, down, up, to nearest
// with ties away from zero, and the mode in the register frm.
enum class Rounding : uint8_t { rne = 0, rtz = 1, rdn = 2, rup = 3, rmm = 4, dyn = 7 };

struct OpFacts {
  std::string_view text;  // the mnemonic
  Format format;
  std::string_view operands;  // a letter for each register operand: x integer, f floating-point, v vector
  uint32_t bits;              // the encoding with zero in every operand field
};

inline constexpr OpFacts kFacts[] = {
#define CAIRN_RV64(name, text, format, operands, bits) {text, Format::format, operands, bits},
#include "compiler/rv64/encoding/tables/instructions.def"
#include "compiler/rv64/encoding/tables/vector_instructions.def"
#undef CAIRN_RV64
};
static_assert(std::size(kFacts) == kOpCount);
constexpr const OpFacts& facts(Op op) { return kFacts[static_cast<unsigned>(op)]; }

// Whether the value fits in a signed number of `bits` bits.
constexpr bool fits_signed(int64_t value, unsigned bits) {
  return value >= -(int64_t{1} << (bits - 1)) && value < int64_t{1} << (bits - 1);
}

// Returns the branch that is taken if `branch` is not.
inline Op inverted_branch(Op branch) {
  switch (branch) {
    case Op::beq: return Op::bne;
    case Op::bne: return Op::beq;
    case Op::blt: return Op::bge;
    case Op::bge: return Op::blt;
    case Op::bltu: return Op::bgeu;
    case Op::bgeu: return Op::bltu;
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::rv64
