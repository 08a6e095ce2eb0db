// The part of instruction selection that all targets share.
//
// A target derives a class with its rules from Lowering, and calls run(), which works as follows:
// - It splits edges and orders the blocks. No edge leads straight from a block with several successors to a block that
//   has parameters or several predecessors: an edge block with a jump lies between. The order is a reverse postorder in
//   which every loop is contiguous.
// - It walks over the blocks in reverse, and over the instructions of each from the last to the first. An instruction
//   is lowered if it has an effect, or if a rule has asked for its value. All other instructions are dead and are
//   skipped. A rule may also do the work of an operand's definition (an addressing mode, a compare in a branch). It
//   then asks for the operands of that definition instead.
// - It lowers the entry, jumps, returns and calls through the target's hooks.
//
// A rule emits its code in execution order: it asks for operands, and then emits the instructions that read them. It
// may repeat these two steps. If the operand is a constant, use() emits the instruction that makes the constant.
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

// Returns the class of the registers that hold values of the type.
constexpr RegClass class_of_type(ir::Type type) {
  if (type == ir::Type::v128) return RegClass::vector;
  if (type == ir::Type::gcref) return RegClass::reference;
  return ir::is_float(type) ? RegClass::floating : RegClass::integer;
}

class Lowering {
 public:
  // Lowers the whole function, and fills in the machine function. Error (limit): the arena's budget is exceeded.
  Result<void> run();

 protected:
  // `result` must be empty. The three arguments must outlive this object.
  Lowering(const ir::Function& function, MachineFunction& result, const ConventionRegisters& convention);
  virtual ~Lowering() = default;

  // --- Rules of the target.

  // Lowers any instruction except constants, calls, `result` of calls and terminators. It must define def(value) if
  // is_used(value), or if the instruction has an effect and a value. (Instructions like add128 define their `result`
  // too: see second_result.)
  virtual void lower_instruction(ir::Value value) = 0;
  // Lowers branch, br_table or trap. Target number i of the instruction is the machine block successor(i).
  virtual void lower_terminator(ir::Value value) = 0;
  // Emits code that makes a constant (iconst, fconst, vconst, vmctx, type_id), flagged rematerializable if possible.
  virtual void emit_constant(ir::Value value, VReg result) = 0;
  // Whether the instruction's value is that of its first operand, in the same register class. This holds for bitcast
  // between i64 and ref, for uextend on x86-64, where a register that holds an i32 has zeros in its upper half, and for
  // sextend on RV64, where such a register holds the i32 sign-extended. use() looks through a transparent instruction,
  // which is never lowered.
  [[nodiscard]] virtual bool is_transparent(const ir::Instruction& inst) const = 0;
  // Emits the entry block's first instruction. `defs` are fixed defs of the argument registers that are used.
  virtual void emit_entry(std::span<const Operand> defs) = 0;
  virtual void emit_jump(MBlock target) = 0;
  // Emits a return. `uses` are fixed uses of the registers that return results.
  virtual void emit_return(std::span<const Operand> uses) = 0;
  // Emits a call. `operands` are the fixed uses of register arguments, and then the fixed defs of results. `callee` is
  // the vreg of the VMFuncRef for CalleeKind::reference. The target adds the first argument of a builtin (the
  // VMContext). Stack arguments have been stored, and results in memory are loaded afterwards.
  virtual void emit_call(const ir::CallInfo& call, const CallLayout& layout, std::span<const Operand> operands,
                         VReg callee) = 0;
  // Called before emit_call for a call that is a terminator and has a landing pad. The function's frame must then hold
  // its own VMContext from the entry on. emit_call emits the call's instruction last; the caller fills in the
  // successors.
  virtual void prepare_landing() = 0;
  // Emits a call that leaves the function. Stack arguments have been stored in the outgoing area as for a call.
  virtual void emit_tail_call(const ir::CallInfo& call, const CallLayout& layout, std::span<const Operand> operands,
                              VReg callee) = 0;
  // Loads and stores for calls. Offsets are in bytes from the start of the incoming argument area, the outgoing one, or
  // the fixed slots. `result` is the vreg to define.
  virtual void emit_load_incoming(ir::Type type, VReg result, uint32_t offset) = 0;
  virtual void emit_store_outgoing(ir::Type type, ir::Value argument, uint32_t offset) = 0;
  virtual void emit_fixed_slot_address(VReg result, uint32_t offset) = 0;
  virtual void emit_load_fixed_slot(ir::Type type, VReg result, uint32_t offset) = 0;
  // Stores a result of this function to its result area, whose address is in `area`, at `offset` bytes.
  virtual void emit_store_result(ir::Type type, ir::Value value, VReg area, uint32_t offset) = 0;

  // --- Operands.

  // Returns the vreg that holds a value. The request makes the value live. A constant is materialized at this point.
  VReg use(ir::Value value);
  // Returns the vreg that the value's own rule must define.
  VReg def(ir::Value value) { return vreg_of(value); }
  // Whether a rule has asked for the value.
  [[nodiscard]] bool is_used(ir::Value value) const { return vregs_[value.index()].valid(); }
  // The `result` instruction after add128, sub128 or mul_wide_*, which is the high half; none if it is not used.
  [[nodiscard]] ir::Value second_result(ir::Value value) const;
  VReg temporary(RegClass reg_class) { return result_.new_vreg(reg_class); }

  // --- Looking at definitions.

  // Looks through transparent instructions: goes from each one to its first operand. Returns the first value that is
  // not a transparent instruction.
  [[nodiscard]] ir::Value resolve(ir::Value value) const;
  [[nodiscard]] const ir::Instruction& inst(ir::Value value) const { return function_[value]; }
  [[nodiscard]] std::optional<int64_t> integer_constant(ir::Value value) const;  // an i32 is sign-extended
  [[nodiscard]] bool is_constant(ir::Value value) const;
  [[nodiscard]] uint32_t use_count(ir::Value value) const { return use_counts_[value.index()]; }
  // An upper bound of an integer value, taken as unsigned. The function looks at definitions up to `depth` levels deep.
  [[nodiscard]] uint64_t upper_bound(ir::Value value, unsigned depth = 4) const;
  // Whether `value` is a pure instruction of the current block that has one user, and no rule has asked for the value.
  // The user's rule can then do the work of both instructions.
  [[nodiscard]] bool is_only_use(ir::Value value) const;
  // Whether `load` is a load that may be done at the current instruction instead of at its own place: it has one user
  // and lies in the same block, and no instruction that stands between the two conflicts with it. If the load is not an
  // operand of the current instruction itself, is_only_use() must hold for each instruction in the chain of operands
  // between them.
  [[nodiscard]] bool can_sink(ir::Value load) const;
  // Makes the current instruction do the work of `load`. A trap of the load then has the current instruction's
  // position. No rule may use() the load.
  void sink(ir::Value load) { sunk_[load.index()] = true; }

  // --- Emitting.

  // Emits an instruction with the position of the current IR instruction. The reference is valid up to the next emit.
  MachineInst& emit(uint16_t opcode, std::span<const Operand> operands, InstFlag flags = InstFlag::none);
  MachineInst& emit(uint16_t opcode, std::initializer_list<Operand> operands, InstFlag flags = InstFlag::none) {
    return emit(opcode, std::span(operands.begin(), operands.size()), flags);
  }
  // Returns the index of the set in MachineFunction::clobber_sets. Adds the set if it is new.
  uint32_t clobbers(const PRegSet& set);
  // Successor number `i` of the current block, which is the terminator's target number `i`.
  [[nodiscard]] MBlock successor(unsigned i) const;
  // Adds a jump table that leads to successor(0) to successor(count - 1). Returns its index in
  // MachineFunction::jump_tables.
  uint32_t add_jump_table(unsigned count);
  [[nodiscard]] MBlock current_block() const { return current_block_; }
  [[nodiscard]] ir::Value current() const { return current_; }
  // Allocates `bytes` bytes of the frame for the whole function, rounded up to a multiple of 16. Returns the offset
  // from the start of the fixed slots.
  uint32_t allocate_fixed_slot(uint32_t bytes);

  const ir::Function& function_;
  MachineFunction& result_;
  const ConventionRegisters& convention_;
  CallLayout own_layout_;  // where this function's own arguments and results are

 private:
  struct Node {           // a block in the layout: an IR block, or a split edge
    ir::Block block;      // none for an edge
    uint32_t target = 0;  // for an edge: index into Function::target_lists
    MBlock machine_block;
  };

  class BlockOrder;  // lowering_order.cpp

  VReg vreg_of(ir::Value value);
  void order_blocks();
  uint32_t count_uses();  // returns the number of instructions
  void lower_block(ir::Block block);
  void lower_edge(const ir::Target& target);  // lowers the block of a split edge
  void number_effects(ir::Block block);
  void lower_entry();
  void lower_return(ir::Value value);
  void lower_call(ir::Value value);
  void lower_invoke(ir::Value value);
  // Loads the results in memory of the invoke that returns to the block, if there is one.
  void load_invoke_results(ir::Block block);
  // Returns the offset in the fixed slots of the invoke's result area. Allocates the area if necessary.
  uint32_t invoke_area(ir::Value invoke, const CallLayout& layout);
  VReg begin_call(ir::Value value, const CallLayout& layout, uint32_t result_area);
  void lower_tail_call(ir::Value value);
  VReg lower_arguments(const ir::CallInfo& call, const CallLayout& layout, std::span<const ir::Value> arguments);
  CallLayout layout_of(const ir::CallInfo& call);
  void pass_arguments(const ir::Target& target);  // makes the machine block's arguments from those for the target
  void flush_group();                             // moves group_ to the machine function, last instruction first
  void finish();                                  // reverses the instructions, which were emitted from the last one on

  ScratchVector<VReg> vregs_;             // by value
  ScratchVector<uint32_t> use_counts_;    // by value
  ScratchVector<uint32_t> colors_;        // by value: number of effects before it in its block that loads cannot pass
  ScratchVector<bool> sunk_;              // by value: whether another instruction does its work
  ScratchVector<uint32_t> target_nodes_;  // parallel to Function::target_lists: the node that the edge enters
  ScratchVector<Node> nodes_;
  ScratchVector<uint32_t> order_;     // by MBlock: its node
  ScratchVector<MachineInst> group_;  // machine instructions of the current instruction, in execution order
  ScratchVector<Operand> operand_buffer_;
  ir::Value current_;
  MBlock current_block_;
  uint32_t position_ = 0;                    // MachineInst::position of the instructions that emit() makes
  VReg result_area_;                         // the function's own hidden result pointer
  uint32_t call_result_area_ = 0xffff'ffff;  // offset of the fixed slot that calls share as their result area
  uint32_t call_result_bytes_ = 0;           // size of this slot
  ScratchVector<uint32_t> invoke_areas_;     // by value: offset of an invoke's result area in the fixed slots
};

}  // namespace cairn::codegen
