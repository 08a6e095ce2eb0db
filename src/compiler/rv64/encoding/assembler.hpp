// Encodes RV64 instructions into a CodeBuffer.
//
// An instruction that has a form of 16 bits is emitted in it (compression/compress.hpp), unless it is patched later or
// its length matters. A branch back to a label gets the shortest form that reaches it. A branch forward to a label has
// 4 bytes at first. If its target is too far, finish() returns false, and the caller emits the function again with the
// same BranchLengths, until everything fits.
//
//   conditional   +-4 KiB  b<cond> L      +-1 MiB  b<not cond> 1f; jal L     else  b<not cond> 1f; auipc; jalr
//   jump          +-1 MiB  jal x0, L      else     auipc t6; jalr x0
#pragma once

#include <cstdint>

#include "compiler/codegen/emission/code_buffer.hpp"
#include "compiler/rv64/encoding/instructions.hpp"
#include "compiler/rv64/registers.hpp"

namespace cairn::rv64 {

// The lengths of the branches to labels ahead, in the order of emission. One object serves all attempts to emit a
// function; an attempt that fails makes some lengths larger.
struct BranchLengths {
  explicit BranchLengths(Arena& arena) : lengths(arena) {}
  // The form of each branch, by its column in the table at the top of this file: 0, 1 or 2. For jumps, 0 and 1 both
  // stand for jal.
  ArenaVector<uint8_t> lengths;
};

class Assembler {
 public:
  // `zba` and `zbs` say whether load_immediate may use these extensions.
  Assembler(codegen::CodeBuffer& code, BranchLengths& lengths, bool zba = false, bool zbs = false);

  // The number of bytes in the buffer.
  [[nodiscard]] uint32_t offset() const { return code_.offset(); }
  codegen::CodeBuffer& code() { return code_; }

  // --- Instructions by their format
  void op0(Op op) { emit(facts(op).bits); }
  void r2(Op op, PReg rd, PReg rs1, Rounding rounding = Rounding::rne);
  void r3(Op op, PReg rd, PReg rs1, PReg rs2, Rounding rounding = Rounding::rne);
  void r4(Op op, PReg rd, PReg rs1, PReg rs2, PReg rs3, Rounding rounding = Rounding::rne);
  void ri(Op op, PReg rd, PReg rs1, int64_t immediate);  // for the formats imm, shift, shiftw and load
  void load(Op op, PReg rd, PReg base, int64_t offset) { ri(op, rd, base, offset); }
  void store(Op op, PReg source, PReg base, int64_t offset);
  void upper(Op op, PReg rd, int64_t immediate);  // `immediate` has 20 signed bits, which become bits 31:12 of rd

  // --- Vector instructions (tables/vector_instructions.def). Each function has a short form of the name of the Format
  // that it writes: v3 is for vector3, and so on. v3 is also for vectorm and vmerge, and vi for vmergei. Mask::v0
  // leaves out the lanes whose bit in v0 is not set.
  enum class Mask : uint8_t { all, v0 };
  void v3(Op op, PReg vd, PReg vs2, PReg vs1, Mask mask = Mask::all);
  void vi(Op op, PReg vd, PReg vs2, int64_t immediate, Mask mask = Mask::all);
  void v2(Op op, PReg vd, PReg vs2, Mask mask = Mask::all);
  void v1(Op op, PReg vd, PReg source);  // moves and splats (copies of a scalar to all lanes)
  void v1i(Op op, PReg vd, int64_t immediate);
  void v0(Op op, PReg vd);
  void vset(unsigned length, unsigned vtype);  // vsetivli x0: `length` elements of the type `vtype` [riscv-v 3.4]
  void vmem(Op op, PReg v, PReg base);         // a load or store of `v` at the address in `base`

  // --- Common sequences
  void move(PReg rd, PReg rs) { ri(Op::addi, rd, rs, 0); }
  // Emits rd = value, by one or more instructions.
  void load_immediate(PReg rd, int64_t value);
  // The number of instructions that load_immediate emits.
  [[nodiscard]] unsigned immediate_length(int64_t value) const;
  // Emits rd = rs + value. A value that does not fit in 12 bits goes through `scratch`.
  void add_immediate(PReg rd, PReg rs, int64_t value, PReg scratch);
  // These two functions emit a load or store at an offset between -1 GiB and 1 GiB. `scratch` holds the address if the
  // offset does not fit in 12 bits.
  void load_far(Op op, PReg rd, PReg base, int64_t offset, PReg scratch);
  void store_far(Op op, PReg source, PReg base, int64_t offset, PReg scratch);
  // Emits an instruction that is patched later, or whose length matters, always in 4 bytes.
  void emit_long(uint32_t instruction) { code_.emit32(instruction); }
  // Emits auipc and `op`, with a relocation to the constant at `rodata_offset` bytes in the read-only data. With addi,
  // rd becomes the address of the constant; with a load, it becomes the constant. `scratch` is overwritten.
  void rodata(Op op, PReg rd, PReg scratch, uint32_t rodata_offset);

  // --- Labels
  codegen::Label new_label();
  void bind(codegen::Label label);  // the label stands for the current offset
  [[nodiscard]] bool is_bound(codegen::Label label) const { return labels_[label.index()] != kUnbound; }
  [[nodiscard]] uint32_t offset_of(codegen::Label label) const { return labels_[label.index()]; }
  // A branch or jump may overwrite t6 if its target is far.
  void branch(Op op, PReg rs1, PReg rs2, codegen::Label target);
  void jump(codegen::Label target);
  // Emits rd = the address of the label.
  void address(PReg rd, codegen::Label target);
  // Emits an entry of a jump table: a jump of exactly `bytes` bytes, which are 4 or 8, as table_entry_bytes() says.
  void table_entry(codegen::Label target, unsigned bytes);
  [[nodiscard]] unsigned table_entry_bytes() const { return far_tables_ ? 8 : 4; }

  // Patches all branches. Returns false if some do not reach; the caller then emits everything again with the same
  // BranchLengths, and with far tables (entries of 8 bytes) if tables_too_far().
  [[nodiscard]] bool finish();
  void set_far_tables(bool far) { far_tables_ = far; }
  [[nodiscard]] bool tables_too_far() const { return tables_too_far_; }

 private:
  static constexpr uint32_t kUnbound = 0xffff'ffff;  // the offset of a label that is not bound
  // What finish() patches: a conditional branch, a jal, an auipc with the instruction after it, or the jal of a jump
  // table.
  enum class FixupKind : uint8_t { branch, jump, far, table };
  struct Fixup {
    uint32_t offset;
    codegen::Label label;
    uint32_t sequence;  // the branch's index in BranchLengths::lengths
    FixupKind kind;
  };

  void emit(uint32_t instruction);
  void far_jump(codegen::Label target, PReg scratch, uint32_t sequence);
  // Returns the length of the next branch to a label ahead, and sets `sequence` to its index in BranchLengths::lengths.
  uint8_t length_of_next(uint32_t& sequence);
  void patch(const Fixup& fixup, int64_t distance);

  codegen::CodeBuffer& code_;
  BranchLengths& lengths_;
  ArenaVector<uint32_t> labels_;  // the offset of each label, or kUnbound
  ArenaVector<Fixup> fixups_;
  uint32_t next_sequence_ = 0;
  bool zba_, zbs_;
  bool far_tables_ = false;
  bool tables_too_far_ = false;
};

}  // namespace cairn::rv64
