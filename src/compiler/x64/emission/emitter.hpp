// Writes the machine code of one function: from allocated machine operations to bytes. machine.def says what the
// operands and the fields of each operation mean.
//
// A sequence for one operation may overwrite r11, xmm15 and the flags. Nothing lives in them from one operation to the
// next.
#pragma once

#include "compiler/codegen/emission/block_layout.hpp"
#include "compiler/codegen/emission/code_buffer.hpp"
#include "compiler/codegen/emission/frame.hpp"
#include "compiler/codegen/machine_function.hpp"
#include "compiler/options/options.hpp"
#include "compiler/x64/encoding/assembler.hpp"
#include "compiler/x64/machine.hpp"

namespace cairn::x64 {

using codegen::Allocation;
using codegen::AllocationResult;
using codegen::MachineFunction;
using codegen::MachineInst;
using codegen::MBlock;
using codegen::RegClass;

class Emitter {
 public:
  Emitter(const MachineFunction& function, const AllocationResult& allocation, const compiler::Options& options,
          CodeBuffer& code);
  // Writes the code and its tables to the CodeBuffer.
  void run();

 private:
  // A piece of code that is rarely reached. It lies after the blocks of the function.
  enum class ColdKind : uint8_t {
    trap,             // raises a trap
    divide_overflow,  // a division by -1, which may overflow
    remainder_zero,   // a remainder of a division by -1, which is 0
    nan_add,          // a minimum or maximum of numbers of which one is NaN
    truncate,         // a conversion to an integer whose result may be wrong
    convert_u64,      // a conversion from a u64 whose top bit is set
    other_instance,   // a call of a reference to a function of another instance
    gc                // a call of the builtin gc_new or gc_barrier
  };
  struct Cold {
    ColdKind kind = ColdKind::trap;
    uint8_t detail = 0;                 // for ColdKind::trap: the trap kind
    Label entry;                        // the start of the piece
    Label back;                         // the place to which the piece jumps at its end, unless it is a trap
    const MachineInst* inst = nullptr;  // the operation that the code is for, unless it is a trap
    uint32_t position = 0;              // MachineInst::position of this operation
  };

  // --- emit.cpp
  // `next_move` is the index in allocation_.moves of the block's first move, and becomes that of the move after the
  // block.
  void emit_block(MBlock block, uint32_t& next_move);
  void emit_inst(const MachineInst& inst);
  [[nodiscard]] bool choose_alignments(std::span<uint8_t> alignments) const;

  // --- emit_frame.cpp
  void prologue();
  void epilogue();

  // --- emit_moves.cpp
  void emit_move(const codegen::InsertedMove& move);

  // --- emit_control.cpp
  void emit_branch(const MachineInst& inst);
  // Emits the compare of an operation with a condition. `first` is the number of the compare's first operand.
  void emit_compare(const MachineInst& inst, unsigned first);
  void emit_condition(const MachineInst& inst);
  void emit_jump_table(const MachineInst& inst);
  // Jumps to a block, unless it follows the current block.
  void jump_to(MBlock target);
  // Jumps to `target` if the condition (a Cc or FloatCc) holds.
  void jump_if(uint8_t condition, Label target);
  // Records the relocations of all jump tables, when the offsets of the labels are final.
  void emit_jump_tables();

  // --- emit_cold.cpp
  void emit_cold(const Cold& cold);
  // Returns the label of code after the blocks that raises the trap for the current operation.
  Label trap_label(wasm::TrapKind kind);
  // Adds a piece of cold code and returns its label. Unless it is a trap, the caller sets the `inst` of the new entry.
  Label cold_label(ColdKind kind, Label back, uint8_t detail = 0);

  // --- emit.cpp: operands. `operand` is the number of an operand of the instruction. reg() requires it to be in a
  // register; rm() gives its register or stack slot.
  [[nodiscard]] const Allocation& allocation_of(const MachineInst& inst, unsigned operand) const {
    return allocation_.operands[inst.first_operand + operand];
  }
  [[nodiscard]] unsigned reg(const MachineInst& inst, unsigned operand) const {
    return allocation_of(inst, operand).reg().encoding();
  }
  [[nodiscard]] Rm rm(const MachineInst& inst, unsigned operand) const;
  [[nodiscard]] Address slot_address(uint32_t slot) const {
    return {.base = rsp, .displacement = static_cast<int32_t>(frame_.slot_offset(slot))};
  }
  // The operation's memory operand.
  [[nodiscard]] Address address(const MachineInst& inst);
  // Whether an operand, from number `first` on, is in the general register `reg`.
  [[nodiscard]] bool has_operand_in(const MachineInst& inst, unsigned first, unsigned reg) const;

  // --- emit_instructions.cpp
  void emit_integer(const MachineInst& inst);
  void emit_arithmetic(const MachineInst& inst);
  void emit_bits(const MachineInst& inst);
  void emit_lea(const MachineInst& inst);
  void emit_add(const MachineInst& inst);
  void emit_add_immediate(const MachineInst& inst);
  void emit_multiply_immediate(const MachineInst& inst);
  void emit_wide_add(const MachineInst& inst);
  void emit_shift_left_by_lea(const MachineInst& inst);
  void emit_clz(const MachineInst& inst);
  // `size` is the number of bytes that a plain move (Extend::none) copies.
  void emit_extend(unsigned to, const Rm& from, Extend extend, unsigned size);
  void emit_divide(const MachineInst& inst);
  void emit_popcnt(const MachineInst& inst);

  // --- emit_atomic.cpp
  void emit_atomic(const MachineInst& inst);

  // --- emit_gc.cpp
  void emit_gc_new(const MachineInst& inst);
  void emit_gc_barrier(const MachineInst& inst);
  void emit_gc_slow(const MachineInst& inst);
  void store_type_id(unsigned size, const Address& to, uint32_t type);

  // --- emit_vector.cpp
  // `d` is the register of operand 0. When a move makes a constant again, `d` is the register that receives it.
  void emit_xmm(const MachineInst& inst, unsigned d);
  // Emits r = op(first, second) in the VEX form if the CPU has AVX. The other form has no operand `first`, so
  // an instruction that reads `first` needs it to be equal to `r`. The caller writes the immediate, whose size is
  // `immediate_bytes`.
  void x_op(Encoding encoding, unsigned r, unsigned first, const Rm& second, unsigned immediate_bytes = 0);

  // --- emit_float.cpp
  void emit_fmin_max(const MachineInst& inst);
  void emit_trunc(const MachineInst& inst);
  // Returns whether control reaches the end of the emitted code, so that a jump back must follow.
  bool emit_trunc_slow(const MachineInst& inst, const Cold& cold);
  void emit_convert_u64(const MachineInst& inst);
  // These functions add a constant to the read-only data and return it as an operand. `size` is that of a float in
  // bytes.
  Rm float_constant(unsigned size, double value);
  Rm constant_rm(std::span<const std::byte> bytes);

  // --- emit_calls.cpp
  void emit_call(const MachineInst& inst);
  void emit_tail_call(const MachineInst& inst);
  void record_call(const MachineInst& inst);
  void leave_for_tail_call(const MachineInst& inst, bool restore_frame);
  void restore_instance();

  const MachineFunction& function_;
  const AllocationResult& allocation_;
  const compiler::CpuFeatures& cpu_;
  CodeBuffer& code_;
  Assembler asm_;
  codegen::FrameLayout frame_;
  codegen::BlockLayout layout_;
  ArenaVector<Label> block_labels_;
  ArenaVector<Cold> colds_;
  struct JumpTable {
    uint32_t table = 0;    // index into MachineFunction::jump_tables
    uint32_t rodata = 0;   // byte offset of the table in CodeBuffer::rodata
    uint32_t entries = 0;  // number of entries; the default target has none if the code checks the index's range
  };
  ArenaVector<JumpTable> jump_tables_;
  // A call whose exceptions go to a landing pad.
  struct Handler {
    uint32_t return_offset;  // the offset of the code after the call, before Assembler::finish() moves it
    MBlock landing_pad;
  };
  ArenaVector<Handler> handlers_;
  MBlock current_;             // the block that is being emitted
  uint32_t position_ = 0;      // MachineInst::position of the current operation
  uint32_t context_slot_ = 0;  // byte offset from the stack pointer of the slot that keeps the function's own VMContext
};

}  // namespace cairn::x64
