// The payloads of x86-64's machine operations: what lowering puts into a MachineInst and emission reads from it.
#pragma once

#include <cstdint>

#include "compiler/codegen/machine_function.hpp"
#include "compiler/x64/encoding/instructions.hpp"

namespace cairn::x64 {

// The machine operations. MachineInst::opcode is the number of one.
enum class Op : uint16_t {
#define CAIRN_X64(name) name,
#include "compiler/x64/machine.def"
#undef CAIRN_X64
};

// What an address is relative to. Only `reg` takes a register operand.
enum class Base : uint8_t {
  none,
  reg,
  memory,    // memory 0, whose base is in r15
  context,   // the VMContext, which is in r14
  constant,  // MachineFunction::constants[displacement], of which scale 0, 1 or 2 takes the first 4, 8 or 16 bytes
  incoming,  // the function's own stack arguments
  outgoing,  // the stack arguments of a callee
  fixed,     // the fixed slots, the part of the frame that lowering allocates
};

// The layout of MachineInst::scale, which describes an address: the shift of the index in bits 0 and 1, the Base in
// bits 2 to 4, whether there is an index in bit 5, and whether the access may trap in bit 6.
struct AddressBits {
  static constexpr uint8_t pack(Base base, bool has_index, unsigned scale, bool traps) {
    return static_cast<uint8_t>(scale | static_cast<unsigned>(base) << 2 | (has_index ? 0x20u : 0) |
                                (traps ? 0x40u : 0));
  }
  static constexpr Base base(uint8_t bits) { return static_cast<Base>(bits >> 2 & 7); }
  static constexpr bool has_index(uint8_t bits) { return (bits & 0x20) != 0; }
  static constexpr bool traps(uint8_t bits) { return (bits & 0x40) != 0; }
  static constexpr unsigned scale(uint8_t bits) { return bits & 3; }
  static constexpr unsigned registers(uint8_t bits) {
    return (base(bits) == Base::reg ? 1u : 0u) + (has_index(bits) ? 1u : 0u);
  }
};

// How a narrow integer becomes the 32 or 64 bits of a register. `none` is a plain move of `size` bytes.
enum class Extend : uint8_t { none, zero8, zero16, sign8_32, sign16_32, sign8_64, sign16_64, sign32_64 };

// The form of an instruction that sets flags: the mnemonic and the kinds of its operands (r register, i immediate, m
// memory). The comments list the operands as those in machine.def do. ucomis is ucomiss or ucomisd.
enum class Compare : uint8_t {
  cmp_rr,     // a, b any
  cmp_ri,     // a any; immediate
  cmp_rm,     // a, addr
  cmp_mi,     // addr; immediate
  test_rr,    // a, b
  test_ri,    // a; immediate
  test_mi,    // addr; immediate
  ucomis_rr,  // a, b any
  ucomis_rm,  // a, addr
  ptest_rr,   // a, b
};

// Conditions of floating-point compares that combine two conditions of Cc. Their numbers follow those of Cc.
enum class FloatCc : uint8_t {
  equal = 16,      // e and np
  not_equal = 17,  // ne or p
};

// The bits of MachineInst::extra in divide. `remainder` says which of the two results is used, and the last two say
// which traps the code has to check for.
struct DivideFlags {
  static constexpr uint8_t is_signed = 1, remainder = 2, check_zero = 4, check_overflow = 8;
};

// The bits of MachineInst::extra in jump_table: whether an index may be outside of the table, and whether the index is
// masked under speculation.
struct JumpTableFlags {
  static constexpr uint8_t checked = 1, masked = 2;
};

// What MachineInst::immediate holds in gc_new.
struct GcNewPayload {
  uint32_t type = 0;    // the type's number in the module
  uint32_t length = 0;  // the number of elements, for an array
  [[nodiscard]] constexpr int64_t pack() const { return int64_t{type} | static_cast<int64_t>(uint64_t{length} << 32); }
  static constexpr GcNewPayload unpack(int64_t bits) {
    return {static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32)};
  }
};

// The bits of MachineInst::extra in trunc_int. Without `saturating`, an operand that does not fit raises a trap.
struct TruncFlags {
  static constexpr uint8_t is_signed = 1, saturating = 2, from_f64 = 4;
};

// What MachineInst::immediate holds in operations on xmm registers.
struct XmmPayload {
  Encoding encoding;
  bool has_imm = false;
  uint8_t imm = 0;  // the instruction's 8-bit immediate, if it has one
  // In x_rr and x_rm: whether the VEX form takes the upper bits of its result from a second source. Emission names the
  // register of operand a as this source, or d if a is in memory. In int_from_x: whether the reg field of ModRM names
  // the xmm register.
  bool merges = false;
  [[nodiscard]] constexpr int64_t pack() const {
    return int64_t{encoding.pack()} | int64_t{imm} << 16 | int64_t{has_imm} << 24 | int64_t{merges} << 25;
  }
  static constexpr XmmPayload unpack(int64_t bits) {
    return {Encoding::unpack(static_cast<uint16_t>(bits)), (bits >> 24 & 1) != 0, static_cast<uint8_t>(bits >> 16),
            (bits >> 25 & 1) != 0};
  }
};

}  // namespace cairn::x64
