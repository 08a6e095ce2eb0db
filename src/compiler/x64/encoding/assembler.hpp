// Encodes x86-64 instructions into a CodeBuffer [sdm 2].
//
// An Encoding (prefix, map, opcode, W) describes an instruction without its operands. `rm` writes legacy and SSE forms,
// and `vex` writes VEX forms. Branches go to labels. `finish` chooses short forms, fills in alignment, and adjusts all
// offsets that the buffer has recorded by then.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.hpp"
#include "compiler/codegen/emission/code_buffer.hpp"
#include "compiler/x64/encoding/instructions.hpp"
#include "compiler/x64/registers.hpp"

namespace cairn::x64 {

using codegen::CodeBuffer;
using codegen::Label;

inline constexpr uint8_t kNoRegister = 0xff;  // the base or index of an Address that has none

// A memory operand: [base + index << scale + displacement], or a constant of the function.
struct Address {
  uint8_t base = kNoRegister;
  uint8_t index = kNoRegister;  // cannot be rsp
  uint8_t scale = 0;            // the index is shifted left by this number, 0 to 3
  // Whether the operand is a constant: the displacement counts from the start of the function's constants, and there
  // are no registers.
  bool rodata = false;
  bool traps = false;  // the instruction is recorded as a trap site (Assembler::set_trap)
  int32_t displacement = 0;
};

// A register or memory operand.
struct Rm {
  bool is_register = true;
  uint8_t reg = 0;
  Address address;
  static Rm r(unsigned reg) { return {true, static_cast<uint8_t>(reg), {}}; }
  static Rm m(const Address& address) { return {false, 0, address}; }
};

// Registers are passed as their numbers: Gpr for general registers, 0 to 15 for xmm registers.
class Assembler {
 public:
  explicit Assembler(CodeBuffer& code) : code_(code), labels_(code.bytes.arena()), fixups_(code.bytes.arena()) {}

  // --- Instructions by their encoding. `reg` is the reg field of ModRM: a register, or a digit that extends the
  // opcode. `vvvv` is the additional register operand of VEX forms, or 0 if there is none. `immediate_bytes` is the
  // size of the immediate that the caller writes after the instruction. `byte_registers` says that the operands are
  // registers of 8 bits, of which those with the numbers 4 to 7 need a REX prefix. `length256` sets VEX.L, for vectors
  // of 256 bits.
  void rm(Encoding encoding, unsigned reg, const Rm& rm, unsigned immediate_bytes = 0, bool byte_registers = false);
  void vex(Encoding encoding, unsigned reg, unsigned vvvv, const Rm& rm, unsigned immediate_bytes = 0,
           bool length256 = false);

  // Writes an instruction with the lock prefix and the memory operand `to`.
  void locked(Encoding encoding, unsigned reg, const Address& to, bool byte_registers);

  // --- Common instructions. The operands have 64 bits if `wide` is set, and otherwise 32, or they have `size` bytes.
  // `to` is the destination, which for the operations of Alu and Shift is also the first operand. An instruction of 32
  // bits clears the upper half of its destination. A `value` is an immediate, which is sign-extended to 64 bits.
  void mov_rr(bool wide, unsigned to, unsigned from);
  void mov_ri(unsigned to, uint64_t value);  // the shortest form; for 0 it is an xor, which changes the flags
  void load(bool wide, unsigned to, const Address& from);
  void store(unsigned size, const Address& to, unsigned from);
  void store_imm(unsigned size, const Address& to, int32_t value);
  void alu_rr(Alu op, bool wide, unsigned to, unsigned from);
  void alu_r_rm(Alu op, bool wide, unsigned to, const Rm& from);
  void alu_rm_r(Alu op, unsigned size, const Rm& to, unsigned from);
  void alu_rm_i(Alu op, unsigned size, const Rm& to, int32_t value);
  void test_rr(bool wide, unsigned a, unsigned b);
  void test_rm_i(unsigned size, const Rm& a, int32_t value);
  void shift_i(Shift op, bool wide, unsigned reg, unsigned count);
  void shift_cl(Shift op, bool wide, unsigned reg);
  void lea(bool wide, unsigned to, const Address& from);
  void setcc(Cc cc, unsigned to);                            // writes only the low byte of the register
  void cmov(Cc cc, bool wide, unsigned to, const Rm& from);  // to = from if the condition holds
  void movzx8(unsigned to, unsigned from);                   // zero-extends the low byte of `from`
  void push(unsigned reg);
  void pop(unsigned reg);
  void ret(unsigned pop_bytes = 0);  // also removes this number of bytes of arguments from the stack
  void ud2();
  void jmp_rm(const Rm& to);
  void call_rm(const Rm& to);
  // These two functions record a relocation to the function with this index.
  void call_function(uint32_t index);
  void jmp_function(uint32_t index);
  // movaps copies a whole xmm register. load_xmm and store_xmm move 4, 8 or 16 bytes, which need no alignment. `avx`
  // chooses the VEX forms.
  void movaps(bool avx, unsigned to, unsigned from);
  void load_xmm(bool avx, unsigned size, unsigned to, const Address& from);
  void store_xmm(bool avx, unsigned size, const Address& to, unsigned from);

  // --- Labels and branches.
  Label new_label();
  void bind(Label label);  // the label stands for the current offset
  void jmp(Label label);
  void jcc(Cc cc, Label label);
  void align(unsigned bytes);                // fills with nops up to a multiple of 16 or 32 bytes
  void lea_label(unsigned to, Label label);  // to = the address of the label
  // Resolves the branches; no code may follow. The offsets of traps, calls and relocations are adjusted, and those of
  // labels become final. Afterwards, adjusted() returns the final place of an offset that the caller has kept.
  void finish();
  // The offset of a bound label in bytes from the start of the code. It is final after finish().
  [[nodiscard]] uint32_t offset_of(Label label) const { return labels_[label.index()]; }
  [[nodiscard]] uint32_t adjusted(uint32_t offset) const;

  // Sets the trap that is recorded by record_trap(), and for memory operands with `traps`.
  // `wasm_offset` is the byte offset of the WebAssembly instruction in the module.
  void set_trap(uint32_t wasm_offset, wasm::TrapKind kind) { trap_ = {0, wasm_offset, kind}; }
  // Records that the next instruction may raise this trap.
  void record_trap() { code_.traps.push_back({code_.offset(), trap_.wasm_offset, trap_.kind}); }
  // These two functions write the low bytes of an immediate.
  void imm8(int64_t value) { code_.emit8(static_cast<uint8_t>(value)); }
  void imm32(int64_t value) { code_.emit32(static_cast<uint32_t>(value)); }
  [[nodiscard]] CodeBuffer& code() { return code_; }

 private:
  enum class FixupKind : uint8_t { jmp, jcc, align, lea };
  struct Fixup {
    uint32_t offset = 0;  // the first byte that finish() may rewrite
    FixupKind kind = FixupKind::jmp;
    uint8_t cc = 0;          // for FixupKind::jcc: the Cc
    uint8_t size = 0;        // number of bytes that were written at first
    uint8_t final_size = 0;  // number of bytes that finish() leaves
    uint32_t target = 0;     // a label, or the bytes of an alignment
    uint32_t removed = 0;    // number of bytes that this fixup and all earlier ones drop
  };
  // Writes ModRM and, for a memory operand, SIB and displacement.
  void modrm(unsigned reg, const Rm& rm, unsigned immediate_bytes);

  CodeBuffer& code_;
  ArenaVector<uint32_t> labels_;  // the offset of each label, or kUnbound (assembler.cpp)
  ArenaVector<Fixup> fixups_;
  codegen::TrapSite trap_;  // what set_trap() has set; its offset is not used
};

}  // namespace cairn::x64
