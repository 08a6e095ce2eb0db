// Instruction selection, the part that all targets share.
//
// A target derives a class from Lowering with its rules and calls run(), which
//   - splits edges (a block with parameters, or with several predecessors, is never entered straight from a block with
//     several successors: an edge block with a jump lies between), and orders the blocks: a reverse post-order in which
//     every loop is contiguous;
//   - walks the blocks in reverse and the instructions of each bottom-up. An instruction is lowered when it has an
//     effect or when its value was asked for; everything else is dead by now and skipped. So a rule that covers its
//     operand's definition as well (an addressing mode, a compare within a branch) just asks for that one's operands
//     instead;
//   - lowers entry, jumps, returns and calls through the target's hooks.
//
// Within a rule, code is emitted in execution order: first ask for operands, then emit, as often as needed. Constants
// are materialized in front of the instruction that asks for them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

#include "base/arena.hpp"
#include "base/result.hpp"
#include "compiler/codegen/calling_convention.hpp"
#include "compiler/codegen/machine_function.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::codegen {

constexpr RegClass class_of_type(ir::Type type) {
  if (type == ir::Type::v128) return RegClass::vector;
  if (type == ir::Type::gcref) return RegClass::reference;
  return ir::is_float(type) ? RegClass::floating : RegClass::integer;
}

class Lowering {
 public:
  // Fills in the machine function. Error: the arena's budget is exceeded (limit).
  Result<void> run();

 protected:
  Lowering(const ir::Function& function, MachineFunction& result, const ConventionRegisters& convention);
  virtual ~Lowering() = default;

  // --- Rules of the target.

  // Any instruction but constants, calls, `result` of calls and terminators. Must define def(value) if is_used(value),
  // or if the instruction has an effect and a value. (add128 and the like define their `result` too: see
  // second_result.)
  virtual void lower_instruction(ir::Value value) = 0;
  // branch, br_table, trap. Successors are those of successor(i).
  virtual void lower_terminator(ir::Value value) = 0;
  // Emits code that makes a constant (iconst, fconst, vconst, vmctx, type_id), flagged rematerializable where it can
  // be.
  virtual void emit_constant(ir::Value value, VReg result) = 0;
  // Whether the instruction's value is that of its first operand, in the same register class: uextend on x86-64,
  // sextend on RV64 (both by their invariant on 32-bit values), bitcast between i64 and ref. use() looks through it, it
  // is never lowered.
  [[nodiscard]] virtual bool is_transparent(const ir::Instruction& inst) const = 0;
  // The entry block's first instruction: `defs` are fixed defs of the argument registers that are used.
  virtual void emit_entry(std::span<const Operand> defs) = 0;
  virtual void emit_jump(MBlock target) = 0;
  virtual void emit_return(std::span<const Operand> uses) = 0;
  // A call: `operands` are the fixed uses of register arguments, then the fixed defs of results. `callee` is the vreg
  // of the VMFuncRef for CalleeKind::reference. The builtin's first argument (VMContext) is for the target to add.
  // Stack arguments have been stored; stack results are loaded afterwards.
  virtual void emit_call(const ir::CallInfo& call, const CallLayout& layout, std::span<const Operand> operands,
                         VReg callee) = 0;
  // Called before emit_call for a call that is a terminator and has a landing pad: the frame must hold the own
  // VMContext from the entry on. emit_call emits the call's instruction last; the successors are filled in by the
  // caller.
  virtual void prepare_landing() = 0;
  // The same, leaving the function: stack arguments have been stored in the outgoing area as for a call.
  virtual void emit_tail_call(const ir::CallInfo& call, const CallLayout& layout, std::span<const Operand> operands,
                              VReg callee) = 0;
  // Stack traffic of calls. Offsets are from the start of the incoming argument area, the outgoing one, the fixed
  // slots.
  virtual void emit_load_incoming(ir::Type type, VReg result, uint32_t offset) = 0;
  virtual void emit_store_outgoing(ir::Type type, ir::Value argument, uint32_t offset) = 0;
  virtual void emit_fixed_slot_address(VReg result, uint32_t offset) = 0;
  virtual void emit_load_fixed_slot(ir::Type type, VReg result, uint32_t offset) = 0;
  // A result of this function to its result area.
  virtual void emit_store_result(ir::Type type, ir::Value value, VReg area, uint32_t offset) = 0;

  // --- Operands.

  // The vreg that holds a value. Asking makes the value live; a constant is materialized here and now.
  VReg use(ir::Value value);
  // The vreg that the value's own rule must define.
  VReg def(ir::Value value) { return vreg_of(value); }
  [[nodiscard]] bool is_used(ir::Value value) const { return vregs_[value.index()].valid(); }
  // The `result` instruction number 1 behind add128, sub128, mul_wide_*; none if nobody uses it.
  [[nodiscard]] ir::Value second_result(ir::Value value) const;
  VReg temporary(RegClass reg_class) { return result_.new_vreg(reg_class); }

  // --- Looking at definitions.

  // The value behind transparent instructions.
  [[nodiscard]] ir::Value resolve(ir::Value value) const;
  [[nodiscard]] const ir::Instruction& inst(ir::Value value) const { return function_[value]; }
  [[nodiscard]] std::optional<int64_t> integer_constant(ir::Value value) const;  // i32: sign-extended
  [[nodiscard]] bool is_constant(ir::Value value) const;
  [[nodiscard]] uint32_t use_count(ir::Value value) const { return use_counts_[value.index()]; }
  // An upper bound of an integer value taken as unsigned; cheap, looks a few instructions deep.
  [[nodiscard]] uint64_t upper_bound(ir::Value value, unsigned depth = 4) const;
  // Whether `value` is a pure instruction of the current block with no other user: covering it costs nothing.
  [[nodiscard]] bool is_only_use(ir::Value value) const;
  // Whether the load `value` may be done at the current instruction instead of at its place: it has no other user, lies
  // in the same block, and nothing in between conflicts. If the load is not an operand of the current instruction
  // itself, what lies between must be is_only_use too.
  [[nodiscard]] bool can_sink(ir::Value load) const;
  // The current instruction does the work of `load`, with its trap at its position; nobody may use() it.
  void sink(ir::Value load) { sunk_[load.index()] = true; }

  // --- Emitting.

  // The reference is good until the next emit. The position is that of the current instruction.
  MachineInst& emit(uint16_t opcode, std::span<const Operand> operands, InstFlag flags = InstFlag::none);
  MachineInst& emit(uint16_t opcode, std::initializer_list<Operand> operands, InstFlag flags = InstFlag::none) {
    return emit(opcode, std::span(operands.begin(), operands.size()), flags);
  }
  uint32_t clobbers(const PRegSet& set);
  // Successor number `i` of the current block, where its terminator's target number `i` leads.
  [[nodiscard]] MBlock successor(unsigned i) const;
  // All of them as a jump table: index into MachineFunction::jump_tables.
  uint32_t add_jump_table(unsigned count);
  [[nodiscard]] MBlock current_block() const { return current_block_; }
  [[nodiscard]] ir::Value current() const { return current_; }
  // Frame space for the whole function; returns the offset from the start of the fixed slots.
  uint32_t allocate_fixed_slot(uint32_t bytes);

  const ir::Function& function_;
  MachineFunction& result_;
  const ConventionRegisters& convention_;
  CallLayout own_layout_;

 private:
  struct Node {           // a block in the layout: an IR block, or a split edge
    ir::Block block;      // none: an edge
    uint32_t target = 0;  // of an edge: index into Function::target_lists
    MBlock machine_block;
  };

  class BlockOrder;  // lowering_order.cpp

  VReg vreg_of(ir::Value value);
  void order_blocks();
  uint32_t count_uses();  // returns how many instructions there are
  void lower_block(ir::Block block);
  void lower_edge(const ir::Target& target);
  void number_effects(ir::Block block);
  void lower_entry();
  void lower_return(ir::Value value);
  void lower_call(ir::Value value);
  void lower_invoke(ir::Value value);
  void load_invoke_results(ir::Block block);
  uint32_t invoke_area(ir::Value invoke, const CallLayout& layout);
  VReg begin_call(ir::Value value, const CallLayout& layout, uint32_t result_area);
  void lower_tail_call(ir::Value value);
  VReg lower_arguments(const ir::CallInfo& call, const CallLayout& layout, std::span<const ir::Value> arguments);
  CallLayout layout_of(const ir::CallInfo& call);
  void pass_arguments(const ir::Target& target);
  void flush_group();
  void finish();

  ScratchVector<VReg> vregs_;  // by value
  ScratchVector<uint32_t> use_counts_;
  ScratchVector<uint32_t> colors_;  // number of conflicting effects in the block before the instruction
  ScratchVector<bool> sunk_;
  ScratchVector<uint32_t> target_nodes_;  // parallel to Function::target_lists: the node that the edge enters
  ScratchVector<Node> nodes_;
  ScratchVector<uint32_t> order_;     // node by MBlock
  ScratchVector<MachineInst> group_;  // of the current instruction, in execution order
  ScratchVector<Operand> operand_buffer_;
  ir::Value current_;
  MBlock current_block_;
  uint32_t position_ = 0;
  VReg result_area_;                         // own hidden result pointer
  uint32_t call_result_area_ = 0xffff'ffff;  // fixed slot shared by all calls that need a result area
  uint32_t call_result_bytes_ = 0;
  ScratchVector<uint32_t> invoke_areas_;  // by value, for those that need one: where their results are
};

}  // namespace cairn::codegen
