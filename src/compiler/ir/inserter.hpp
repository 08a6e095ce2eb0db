// Makes instructions: simplified and numbered as they are made, so that the graph never holds the naive form.
//
// Used by the builder, which appends, and by passes, which insert in front of an instruction.
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/ir/function.hpp"
#include "compiler/ir/value_table.hpp"

namespace cairn::ir {

enum class Simplify : uint8_t { no, yes };

class Inserter {
 public:
  Inserter(Function& function, Simplify simplify, size_t expected_values);

  void append_to(Block block) {
    block_ = block;
    before_ = Value::none();
  }
  void insert_before(Value position) { before_ = position; }
  [[nodiscard]] Block block() const { return block_; }
  // Of the wasm instruction that the next instructions come from.
  void set_position(uint32_t position) { position_ = position; }
  [[nodiscard]] uint32_t position() const { return position_; }

  // The value of a pure operation, of a trapping one, or of a load from immutable data: an existing value or a new
  // instruction. A check (trap_if, trap_unless) that cannot trap, or is known to have passed, is left out (none). With
  // `version`, a load (see ValueTable).
  Value emit(Instruction instruction, uint32_t version = 0);
  // The instruction as it is. A `result` goes behind what it is a result of.
  Value place(Instruction instruction);
  // What emit() would give for an instruction that is in the function already, which is rewritten in place when it gets
  // simpler: itself; another value, or none for a check that cannot fail, and then the caller removes it.
  Value revisit(Value value, uint32_t version = 0);
  // Makes `value` what is found for such an instruction.
  void enter(const Instruction& instruction, Value value, uint32_t version);

  Value iconst(Type type, int64_t value);
  Value fconst(Type type, uint64_t bits);
  Value unary(Opcode opcode, Type type, Value a);
  Value binary(Opcode opcode, Type type, Value a, Value b);
  Value compare(Condition condition, Value a, Value b);
  Value select(Type type, Value condition, Value if_nonzero, Value if_zero);
  void trap_if(Value condition, wasm::TrapKind kind);
  // From base + displacement; of the VMContext when there is no base.
  Value load(Type type, Value base, int64_t displacement, const MemoryAccess& access);

  // The condition without what does not matter to a test for zero: with `is_inverted` changed for each negation
  // dropped.
  Value peel_condition(Value condition, bool& is_inverted) const;
  // The constant that the value is, if it is one.
  [[nodiscard]] std::optional<int64_t> constant(Value value) const;

  ValueTable& table() { return table_; }
  [[nodiscard]] const ValueTable& table() const { return table_; }
  [[nodiscard]] bool simplifies() const { return simplify_ == Simplify::yes; }

 private:
  // Simplifies in place until nothing changes. False: `replacement` is the instruction's value (none: a passed check).
  bool reduce(Instruction& inst, Value& replacement);
  // One step: a value that replaces the instruction; or none, and then `changed` says whether it was rewritten in
  // place.
  Value step(Instruction& inst, bool& changed);
  Value step_integer(Instruction& inst, bool& changed);
  Value step_division(Instruction& inst, bool& changed);
  Value step_shift(Instruction& inst, bool& changed);
  Value step_compare(Instruction& inst, bool& changed);
  Value step_select(Instruction& inst, bool& changed);
  Value step_conversion(Instruction& inst, bool& changed);
  Value step_float(Instruction& inst, bool& changed);

  [[nodiscard]] const Instruction& at(Value value) const { return function_[value]; }
  [[nodiscard]] bool is(Value value, Opcode opcode) const { return function_[value].opcode == opcode; }

  Function& function_;
  Simplify simplify_;
  ValueTable table_;
  Block block_;
  Value before_;
  uint32_t position_ = 0;
  uint32_t nesting_ = 0;  // of reduce(): a step makes instructions, which are simplified before it goes on
};

}  // namespace cairn::ir
