// RV64's machine operations: what the opcode and the payload of a MachineInst mean.
//
// An opcode below kOpCount is the instruction of that number (encoding/instructions.hpp). Its operands are first the
// uses of its source registers (rs1, rs2 and rs3, as far as its format has them), and then the definition of rd. A
// source register that is not allocated (x0 or a pinned one) is not an operand. Instead, the payload holds 1 + its
// number: `extra` for rs1, `scale` for rs2. `displacement` is the immediate and `size` the rounding mode. `condition`
// is 1 + the TrapKind that the instruction raises when it faults, or 0. The other opcodes are sequences (machine.def).
//
// An i32 is sign-extended to 64 bits in its register, and in arguments, results, block parameters and spill slots.
// Loads, *w instructions and comparisons give sign-extended results. Bitwise operations, min and max of two
// sign-extended values give a sign-extended value, and signed and unsigned comparisons of two such values are right. A
// consumer that reads only the low half (*w, add.uw, narrow stores, conversions of 32-bit integers) takes any register.
//
// An f32 is NaN-boxed in its register (the upper 32 bits are ones), as all instructions leave it. It is spilled as 8
// bytes.
#pragma once

#include "compiler/codegen/machine_function.hpp"
#include "compiler/rv64/encoding/instructions.hpp"
#include "compiler/rv64/registers.hpp"

namespace cairn::rv64 {

// The sequences of machine.def. Their numbers follow those of the instructions.
enum class Pseudo : uint16_t {
  before_first = kOpCount - 1,
#define CAIRN_RV64_PSEUDO(name) name,
#include "compiler/rv64/machine.def"
#undef CAIRN_RV64_PSEUDO
};

constexpr uint16_t opcode_of(Op op) { return static_cast<uint16_t>(op); }
constexpr uint16_t opcode_of(Pseudo op) { return static_cast<uint16_t>(op); }
constexpr bool is_instruction(uint16_t opcode) { return opcode < kOpCount; }

// The areas of the stack that stack_load, stack_store and stack_address name: the function's own stack arguments, the
// stack arguments of its callees, and the fixed slots, which are the part of the frame that lowering allocates.
enum class StackArea : uint8_t { incoming, outgoing, fixed };

// The bits of MachineInst::extra in br_table: whether an index may be outside of the table, and whether the index is
// masked under speculation.
struct JumpTableFlags {
  static constexpr uint8_t checked = 1, masked = 2;
};

// The payload for a fixed register or a trap kind is 1 + its number, because 0 stands for none.
constexpr uint8_t payload_of(PReg r) { return static_cast<uint8_t>(r.number() + 1); }
constexpr PReg fixed_of(uint8_t payload) { return PReg(payload - 1u); }
constexpr uint8_t payload_of(wasm::TrapKind kind) { return static_cast<uint8_t>(static_cast<unsigned>(kind) + 1); }

// The vector payload of a vconst or simd_shuffle is 16 bytes. `immediate` holds the first 8, and `targets`, which these
// operations do not need, holds the others.
inline void set_vector_payload(codegen::MachineInst& inst, const ir::V128& value) {
  const auto half = [&](unsigned at) {
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; ++i) bits |= static_cast<uint64_t>(value[at + i]) << (8 * i);
    return bits;
  };
  inst.immediate = static_cast<int64_t>(half(0));
  inst.targets[0] = codegen::MBlock(static_cast<uint32_t>(half(8)));
  inst.targets[1] = codegen::MBlock(static_cast<uint32_t>(half(8) >> 32));
}
// These two functions return the bytes 0 to 7 and 8 to 15 of the vector payload.
constexpr uint64_t vector_payload_low(const codegen::MachineInst& inst) {
  return static_cast<uint64_t>(inst.immediate);
}
constexpr uint64_t vector_payload_high(const codegen::MachineInst& inst) {
  return inst.targets[0].index() | uint64_t{inst.targets[1].index()} << 32;
}

}  // namespace cairn::rv64
