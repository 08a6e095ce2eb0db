// ValidationState holds the state of the specification's validation algorithm ([wasm 7.5]): the operand stack, the
// control stack, and the set of locals that have a value. It also has the checks that do not depend on the sink.
// FunctionValidator (validator.hpp) adds the walk over the instructions; the decoder uses the same checks for constant
// expressions.
//
// Every function that can fail returns false; the reader then holds the error.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.hpp"
#include "wasm/byte_reader.hpp"
#include "wasm/module.hpp"
#include "wasm/type_equivalence.hpp"
#include "wasm/type_reader.hpp"
#include "wasm/types/limits.hpp"
#include "wasm/types/opcodes.hpp"
#include "wasm/validation/function_sink.hpp"
#include "wasm/validation/operand_stack.hpp"

// Returns false from the enclosing function if a check has failed.
#define CAIRN_CHECK(condition)     \
  do {                             \
    if (!(condition)) [[unlikely]] \
      return false;                \
  } while (false)

namespace cairn::wasm {

class ValidationState {
 protected:
  explicit ValidationState(const Module& module) : module_(&module), features_(module.features) {}

  enum class FrameKind : uint8_t { function, block, loop, if_, else_, try_table, try_, catch_, catch_all };
  // An entry of the control stack: an open block, or the function's body.
  struct Frame {
    BlockSignature signature;
    uint32_t height;       // height of the operand stack below the block's operands
    uint32_t init_height;  // size of set_locals_ at the block's start
    FrameKind kind;
    bool is_unreachable;
    bool is_visible;  // whether the sink is told of the block
    // The types of the values that a branch to the block passes.
    [[nodiscard]] std::span<const ValType> label() const {
      return kind == FrameKind::loop ? signature.params() : signature.results();
    }
  };

  // --- Errors at the current instruction.
  bool invalid(std::string message) { return in_.fail(ErrorKind::invalid, offset_, std::move(message)); }
  bool malformed(std::string message) { return in_.fail(ErrorKind::malformed, offset_, std::move(message)); }
  bool unknown(std::string_view what, uint64_t index);  // "unknown memory 3"
  bool mismatch(std::string message) { return invalid("type mismatch" + std::move(message)); }
  bool require(Feature feature, std::string_view what) {
    return require_feature(in_, features_, feature, offset_, what);
  }

  // Called after a failure. If the error is of kind invalid and the code from the current instruction on is malformed,
  // the malformed code becomes the error.
  void malformed_first(uint32_t open_blocks, bool has_data_count);

  // --- The operand stack. The functions fail if the stack is full, or if it does not have the operands to pop. In
  // unreachable code, missing operands have the type bottom.
  bool push(ValType type) { return operands_.push(type) || operand_stack_full(); }
  bool pop(ValType expected) {
    if (operands_.pop_if(expected)) [[likely]]
      return true;
    return pop_slow(expected);
  }
  bool pop_any(ValType& type);
  bool pop_ref(ValType& type);  // bottom becomes bottom_ref
  bool push_all(std::span<const ValType> types);
  bool pop_all(std::span<const ValType> types);
  // Checks that the topmost operands have these types. The operands stay on the stack.
  bool check_top(std::span<const ValType> types);
  // Drops the operands of the block, whose code is unreachable from here on.
  void set_unreachable();

  // --- The control stack.
  bool push_frame(FrameKind kind, const BlockSignature& signature, bool is_visible);  // pushes the parameters
  // Checks that the block's results, and nothing else, are on the stack. They stay there until pop_frame().
  bool check_block_end();
  void pop_frame();  // drops the block's operands as well; afterwards the caller pushes the results
  // Begins the block's next arm (else, catch) with no operands of the block on the stack.
  void restart_frame(FrameKind kind);
  // Checks that the parameters of an `if` without `else` match its results.
  bool check_if_without_else();
  bool label(uint32_t depth, const Frame*& frame);  // gives the frame that a branch with this depth targets

  // --- Functions and locals.
  // Clears the state, reads the local declarations, and makes the frame of the function's body.
  bool begin_function(FuncIndex function);
  // Reads the next opcode. Fails if its feature is off.
  bool next_opcode(Opcode& opcode) {
    offset_ = in_.offset();
    uint8_t byte = 0;
    if (in_.peek_u8(byte)) [[likely]] {
      opcode = kOneByteOpcodes[byte];
      if (opcode != kNoOpcode && (row(opcode).feature_bits & ~features_.bits()) == 0) [[likely]]
        return in_.skip(1);
    }
    return next_opcode_slow(opcode);
  }
  // Checks that no bytes follow the function's last `end`.
  bool at_function_end();
  // Records the error that the body has no `end`, and returns false.
  bool end_expected();
  bool local(uint32_t index, ValType& type) {
    if (index >= locals_.size()) [[unlikely]]
      return unknown("local", index);
    type = locals_[index];
    return true;
  }
  bool check_local_is_set(uint32_t index) { return unset_locals_.empty() || check_local_is_set_slow(index); }
  void set_local(uint32_t index) {
    if (!unset_locals_.empty()) set_local_slow(index);
  }

  // --- Immediates. These functions read an immediate and check that it is in range. The reference parameters receive
  // the immediate and the type of the entity that it names.
  bool read_block_signature(BlockSignature& signature);
  bool read_memarg(const OpcodeRow& row, bool is_atomic, MemArg& memarg, ValType& address);
  bool read_lane(uint32_t lanes, uint8_t& lane);
  bool read_memory(MemoryIndex& memory, ValType& address);
  bool read_table(TableIndex& table, ValType& address, ValType& element);
  // check_data() and check_elem() check an index that was read before.
  bool check_data(uint32_t index, DataIndex& data);
  bool check_elem(uint32_t index, ElemIndex& elem, ValType& type);
  bool read_data(DataIndex& data);
  bool read_elem(ElemIndex& elem, ValType& type);
  bool read_type(SubType::Kind kind, TypeIndex& index, const SubType*& type);
  bool read_field(const SubType& type, uint32_t& index, const FieldType*& field);
  bool read_function(FuncIndex& function, const FuncType*& type);
  bool read_tag(TagIndex& tag, const FuncType*& type);
  bool read_catch_clauses();  // puts the clauses in clauses_
  bool read_br_table();       // puts the depths in depths_

  // --- Instructions. Each function checks the operands and pushes the results; some read immediates as well. The
  // reference parameters receive the immediates and types that the sink is told.
  bool check_plain(const OpcodeRow& row) {
    for (uint32_t i = row.param_count; i > 0; --i) CAIRN_CHECK(pop(row.params[i - 1]));
    for (uint32_t i = 0; i < row.result_count; ++i) CAIRN_CHECK(push(row.results[i]));
    return true;
  }
  bool check_memory_access(const OpcodeRow& row, ValType address);
  bool check_select(ValType& type);
  bool check_select_typed(ValType& type);
  bool check_br_on_null(uint32_t depth);
  bool check_br_on_non_null(uint32_t depth);
  bool check_br_on_cast(Opcode opcode, uint32_t& depth, ValType& target, ValType& source);
  bool check_cast(Opcode opcode, ValType& target, ValType& source);
  bool check_convert(HeapType::Kind from, HeapType::Kind to);
  bool check_call(const FuncType& type) { return pop_all(type.params) && push_all(type.results); }
  bool check_return_call(const FuncType& type);
  bool check_indirect_callee(TypeIndex& index, TableIndex& table, const FuncType*& type);
  bool check_ref_func(FuncIndex& function);
  bool check_table_init(ElemIndex& elem, TableIndex& table);
  bool check_memory_init(DataIndex& data, MemoryIndex& memory);
  bool check_table_copy(TableIndex& destination, TableIndex& source);
  bool check_memory_copy(MemoryIndex& destination, MemoryIndex& source);
  bool check_struct_new(Opcode opcode, TypeIndex& index);
  bool check_struct_get(Opcode opcode, TypeIndex& index, uint32_t& field);
  bool check_struct_set(TypeIndex& index, uint32_t& field);
  bool check_array_new(Opcode opcode, TypeIndex& index);
  bool check_array_new_fixed(TypeIndex& index, uint32_t& count);
  bool check_array_data(Opcode opcode, TypeIndex& index, DataIndex& data);
  bool check_array_elem(Opcode opcode, TypeIndex& index, ElemIndex& elem);
  bool check_array_get(Opcode opcode, TypeIndex& index);
  bool check_array_set(Opcode opcode, TypeIndex& index);
  bool check_array_copy(TypeIndex& destination, TypeIndex& source);

  [[nodiscard]] TypeContext type_context() const { return {features_, static_cast<uint32_t>(module_->types.size())}; }
  [[nodiscard]] bool type_matches(ValType sub, ValType super) const { return matches(module_->types, sub, super); }
  static ValType non_null(ValType type) {
    return type.is_bottom_ref() ? type : ValType::reference(Nullability::non_null, type.heap());
  }
  static ValType reference_to(TypeIndex index, Nullability nullability) {
    return ValType::reference(nullability, HeapType::of(index));
  }

  const Module* module_;
  Features features_;
  ByteReader in_;
  uint64_t offset_ = 0;  // offset of the current instruction in the module
  const FuncType* function_type_ = nullptr;

  OperandStack operands_;  // the floor is the innermost frame's height
  std::vector<Frame> frames_;
  std::vector<ValType> locals_;
  // For each local, whether it has a non-nullable type and is unset. Empty if no declared local has such a type.
  std::vector<bool> unset_locals_;
  // The locals of non-nullable types that are set now, in the order in which they were set. At the end of a block, the
  // locals that were set in the block become unset again.
  std::vector<uint32_t> set_locals_;

  std::vector<uint32_t> depths_;          // targets of the current br_table
  std::vector<CatchClause> clauses_;      // clauses of the current try_table
  std::vector<uint32_t> checked_depths_;  // for each depth, the number of the br_table that checked the label last
  uint32_t br_table_count_ = 0;

 private:
  bool pop_slow(ValType expected);
  bool next_opcode_slow(Opcode& opcode);
  bool check_local_is_set_slow(uint32_t index);
  void set_local_slow(uint32_t index);
  bool operand_stack_full();
  bool read_locals();
  bool mismatch_of(std::string_view who, std::span<const ValType> expected);
  bool feature_off(Opcode opcode);
};

}  // namespace cairn::wasm
