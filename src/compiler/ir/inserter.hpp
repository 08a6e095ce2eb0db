// Makes instructions. With Simplify::yes, each one is simplified as it is made, and numbered: if an equal instruction
// dominates it, its value is used instead (value_table.hpp). So instructions that simplification would remove do not
// get into the function.
//
// The builder appends instructions with an Inserter, and passes insert them in front of other instructions.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/ir/function.hpp"
#include "compiler/ir/value_table.hpp"

namespace cairn::ir {

enum class Simplify : uint8_t { no, yes };

class Inserter {
 public:
  // `expected_values` is the approximate number of values that will be made.
  Inserter(Function& function, Simplify simplify, size_t expected_values);

  // The next instructions are appended to the end of `block`.
  void append_to(Block block) {
    block_ = block;
    before_ = Value::none();
  }
  // The next instructions are inserted in front of the instruction `position`.
  void insert_before(Value position) { before_ = position; }
  // Returns the block that was passed to append_to() last.
  [[nodiscard]] Block block() const { return block_; }
  // Sets the offset in the module of the WebAssembly instruction that the next instructions come from.
  void set_position(uint32_t position) { position_ = position; }
  [[nodiscard]] uint32_t position() const { return position_; }

  // Returns the value of a pure operation, of one that may trap, or of a load: an existing value or a new instruction.
  // A load of data that may change needs a `version` (see ValueTable). A check (trap_if, trap_unless) that cannot trap,
  // or is known to have passed, is not made, and emit() returns none.
  Value emit(Instruction instruction, uint32_t version = 0);
  // Places the instruction without simplifying or numbering it. A `result` goes after its call or other operation with
  // several results.
  Value place(Instruction instruction);
  // Simplifies and numbers an instruction that is in the function already. Returns the instruction itself, which may
  // have been rewritten in place, or another value that replaces it, or none for a check that cannot trap or is known
  // to have passed. In the last two cases the caller removes the instruction.
  Value revisit(Value value, uint32_t version = 0);
  // Makes table() find `value` for an instruction that is equal to `instruction`.
  void enter(const Instruction& instruction, Value value, uint32_t version);

  // These functions make one instruction by emit(), and return its value. `type` is the type of the result.
  Value iconst(Type type, int64_t value);
  Value fconst(Type type, uint64_t bits);
  Value unary(Opcode opcode, Type type, Value a);
  Value binary(Opcode opcode, Type type, Value a, Value b);
  Value compare(Condition condition, Value a, Value b);
  Value select(Type type, Value condition, Value if_nonzero, Value if_zero);
  void trap_if(Value condition, wasm::TrapKind kind);
  // Makes a load from base + displacement (in bytes). Without a base, the VMContext is the base. A load of immutable
  // data is simplified and numbered.
  Value load(Type type, Value base, int64_t displacement, const MemoryAccess& access);

  // If the condition compares an i32 x with zero (x != 0 or x == 0), replaces the condition by x, and repeats this for
  // x. Each x == 0 flips `is_inverted`. Returns the condition that is left. Without Simplify::yes, the condition stays.
  Value peel_condition(Value condition, bool& is_inverted) const;
  // Returns the value's immediate if it is an iconst, and nullopt otherwise.
  [[nodiscard]] std::optional<int64_t> constant(Value value) const;

  ValueTable& table() { return table_; }
  [[nodiscard]] const ValueTable& table() const { return table_; }
  [[nodiscard]] bool simplifies() const { return simplify_ == Simplify::yes; }

 private:
  // Simplifies the instruction in place until nothing changes. Returns false if the instruction is not needed, because
  // `replacement` has its value, or because it is a check that cannot trap (`replacement` is then none).
  bool reduce(Instruction& inst, Value& replacement);
  // Does one step of simplification. Returns a value that replaces the instruction, or none. If it returns none,
  // `changed` says whether the instruction was rewritten in place. The functions step_... do this for groups of
  // opcodes.
  Value step(Instruction& inst, bool& changed);
  Value step_integer(Instruction& inst, bool& changed);
  Value step_division(Instruction& inst, bool& changed);
  Value step_shift(Instruction& inst, bool& changed);
  Value step_compare(Instruction& inst, bool& changed);
  Value step_checked(Instruction& inst);
  Value step_select(Instruction& inst, bool& changed);
  Value step_conversion(Instruction& inst, bool& changed);
  Value step_float(Instruction& inst, bool& changed);

  [[nodiscard]] const Instruction& at(Value value) const { return function_[value]; }
  [[nodiscard]] bool is(Value value, Opcode opcode) const { return function_[value].opcode == opcode; }

  Function& function_;
  Simplify simplify_;
  ValueTable table_;
  Block block_;   // where instructions are appended if before_ is none
  Value before_;  // the instruction in front of which instructions are inserted, or none
  uint32_t position_ = 0;
  // How deep calls of reduce() are nested: a step may make instructions, which are simplified before the step
  // continues.
  uint32_t nesting_ = 0;
};

}  // namespace cairn::ir
