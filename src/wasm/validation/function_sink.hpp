// The interface of an object that listens to the validation of a function body.
//
// FunctionValidator (validator.hpp) walks over the bytes of a body once. After it has checked an instruction, it calls
// one method of the sink with the decoded immediates. The compiler's SSA builder is a sink. NullSink does nothing, for
// plain validation.
//
// A sink can rely on the following:
//
// - Everything it is told is valid: indices are in range, operands have the right types and number, features are on. A
//   later instruction of the function may still be invalid; then validation returns an error and calls no more methods.
// - The sink keeps its own stack of values in parallel. The instruction that a method reports determines which operands
//   are popped and pushed, as in the specification ([wasm 3.4]). Block parameters stay on the stack across `block`,
//   `loop`, `if_` and `try_table`.
// - The order of calls is begin_function, then for each instruction at() and exactly one method below (`nop` gets at()
//   only), then end_function for the body's last `end`. Depths count from 0 for the innermost *visible* block (see
//   below). The depth that equals the number of visible open blocks is the function itself, and a branch to it returns.
// - References to FuncType live as long as the module. Spans and other references live until the call returns.
//
// Reachability. The sink is told of *live* code only, so that it never has to invent values for dead code:
//
// - Code is dead after unreachable, br, br_table, return_, return_call*, throw_, throw_ref, rethrow, and after a method
//   that returned Reachability::dead. A sink that finds by folding that a branch is always taken, or that no code
//   reaches the end of a block, can return `dead`; the dead code is then validated without the sink.
// - The validator calls no method for dead code, not even at(). A block that begins in dead code is not visible:
//   neither its instructions nor its `else`, `catch` and `end` are reported. Live code is inside visible blocks only,
//   so depths are right.
// - Each visible block gets its else_/catch_/catch_all and its end_block (or delegate), each after at() as always, even
//   if the code before is dead. The sink knows whether control falls through, since it knows how that code ended. If
//   control does not fall through, the sink's value stack may hold leftovers, and the sink cuts it back to the block's
//   height.
// - end_block returns whether the code after the block is live. It is live if control falls through to the end or a
//   branch targets it (for a loop: if control falls through). The sink may return `live` if no control arrives, but
//   then the results must be on its stack. else_, catch_ and catch_all return whether the arm is live.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "wasm/module.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::wasm {

enum class Reachability : uint8_t { dead, live };

// The type of a block, loop, if, try or try_table: a function type of the module, or a short form, [] -> [] or [] ->
// [t].
class BlockSignature {
 public:
  BlockSignature() = default;
  explicit BlockSignature(ValType result) : result_(result), result_count_(1) {}
  explicit BlockSignature(const FuncType& type) : type_(&type) {}

  [[nodiscard]] std::span<const ValType> params() const {
    return type_ != nullptr ? std::span<const ValType>(type_->params) : std::span<const ValType>();
  }
  // The span of a short form points into this object.
  [[nodiscard]] std::span<const ValType> results() const {
    return type_ != nullptr ? std::span<const ValType>(type_->results) : std::span(&result_, result_count_);
  }

 private:
  const FuncType* type_ = nullptr;
  ValType result_ = ValType::i32;
  uint32_t result_count_ = 0;
};

// The static part of a memory access. The effective address is operand + offset, without wrapping.
struct MemArg {
  MemoryIndex memory;
  uint32_t align_log2 = 0;  // a hint, at most the natural alignment; for atomics it is exactly the natural alignment
  uint64_t offset = 0;
};

// A clause of try_table. `depth` counts from outside the try_table: 0 is the block around it.
struct CatchClause {
  enum class Kind : uint8_t { catch_, catch_ref, catch_all, catch_all_ref };  // in the order of [wasm 5.4.2]
  Kind kind = Kind::catch_;
  TagIndex tag;  // for catch_ and catch_ref
  uint32_t depth = 0;
};

template <class S>
concept FunctionSink =
    requires(S sink, Opcode opcode, uint32_t number, uint64_t bits, uint8_t byte, ValType type, HeapType heap,
             const BlockSignature& signature, const FuncType& func_type, std::span<const ValType> types,
             const MemArg& memarg, std::span<const uint32_t> depths, std::span<const CatchClause> clauses,
             std::span<const uint8_t, 16> lanes, FuncIndex func, TypeIndex type_index, LocalIndex local,
             GlobalIndex global, TableIndex table, MemoryIndex memory, ElemIndex elem, DataIndex data, TagIndex tag) {
      // --- The function.
      // `types` are the types of all locals, parameters first. Other locals start as zero or null. A local of a
      // non-nullable type has no value until it is set; validation checks this.
      { sink.begin_function(func, func_type, types) } -> std::same_as<void>;
      // The argument is the byte offset of the next instruction in the module. If the sink returns false, validation
      // stops with the sink's error(): a budget is used up, or the sink does not support the instruction.
      { sink.at(bits) } -> std::same_as<bool>;
      { sink.error() } -> std::same_as<Error>;
      // Called for the last `end`. If control falls through to it, the function returns the results on the stack.
      { sink.end_function() } -> std::same_as<void>;

      // --- Control.
      // Here, under Exceptions and under References, `number` is the depth of a block.
      { sink.unreachable() } -> std::same_as<void>;
      { sink.block(signature) } -> std::same_as<void>;
      { sink.loop(signature) } -> std::same_as<void>;
      { sink.if_(signature) } -> std::same_as<Reachability>;  // pops the condition; says whether the then-arm is live
      // If the bytes have no `else`, end_block comes right away, and the parameters are the results.
      { sink.else_() } -> std::same_as<Reachability>;
      { sink.end_block() } -> std::same_as<Reachability>;
      { sink.br(number) } -> std::same_as<void>;
      { sink.br_if(number) } -> std::same_as<Reachability>;  // pops the condition; says whether the next code is live
      // `depths` are all targets, the default last, so the span is never empty. It may contain many duplicates. The
      // instruction pops the index.
      { sink.br_table(depths) } -> std::same_as<void>;
      { sink.return_() } -> std::same_as<void>;
      { sink.call(func, func_type) } -> std::same_as<void>;
      { sink.call_indirect(type_index, table, func_type) } -> std::same_as<void>;
      { sink.call_ref(type_index, func_type) } -> std::same_as<void>;
      { sink.return_call(func, func_type) } -> std::same_as<void>;
      { sink.return_call_indirect(type_index, table, func_type) } -> std::same_as<void>;
      { sink.return_call_ref(type_index, func_type) } -> std::same_as<void>;

      // --- Exceptions.
      { sink.throw_(tag, func_type) } -> std::same_as<void>;
      { sink.throw_ref() } -> std::same_as<void>;
      { sink.try_table(signature, clauses) } -> std::same_as<void>;
      // The legacy instructions. catch_ pushes the tag's parameters. delegate ends a try without catch clauses, as
      // end_block does; its depth counts from outside the try.
      { sink.try_(signature) } -> std::same_as<void>;
      { sink.catch_(tag, func_type) } -> std::same_as<Reachability>;
      { sink.catch_all() } -> std::same_as<Reachability>;
      { sink.delegate(number) } -> std::same_as<Reachability>;
      { sink.rethrow(number) } -> std::same_as<void>;

      // --- Parametric instructions and variables.
      { sink.drop() } -> std::same_as<void>;
      { sink.select(type) } -> std::same_as<void>;  // the type of both operands and of the result
      { sink.local_get(local) } -> std::same_as<void>;
      { sink.local_set(local) } -> std::same_as<void>;
      { sink.local_tee(local) } -> std::same_as<void>;
      { sink.global_get(global) } -> std::same_as<void>;
      { sink.global_set(global) } -> std::same_as<void>;

      // --- Numbers and vectors.
      { sink.constant(type, bits) } -> std::same_as<void>;  // i32, i64, f32, f64; upper bits of 32-bit types are zero
      { sink.constant_v128(bits, bits) } -> std::same_as<void>;  // low, high
      { sink.plain(opcode) } -> std::same_as<void>;              // opcodes for which is_plain() is true
      { sink.lane(opcode, byte) } -> std::same_as<void>;         // extract_lane, replace_lane
      { sink.shuffle(lanes) } -> std::same_as<void>;             // each lane below 32

      // --- Memories. Address, size and offset operands have the memory's address type; see the signatures in
      // opcodes.def.
      { sink.load(opcode, memarg) } -> std::same_as<void>;  // also v128.load*_splat, *_zero, load8x8_s
      { sink.store(opcode, memarg) } -> std::same_as<void>;
      { sink.load_lane(opcode, memarg, byte) } -> std::same_as<void>;
      { sink.store_lane(opcode, memarg, byte) } -> std::same_as<void>;
      { sink.atomic(opcode, memarg) } -> std::same_as<void>;  // every atomic that has a memarg
      { sink.atomic_fence() } -> std::same_as<void>;
      { sink.memory_size(memory) } -> std::same_as<void>;
      { sink.memory_grow(memory) } -> std::same_as<void>;
      { sink.memory_fill(memory) } -> std::same_as<void>;
      { sink.memory_copy(memory, memory) } -> std::same_as<void>;  // destination, source
      { sink.memory_init(data, memory) } -> std::same_as<void>;
      { sink.data_drop(data) } -> std::same_as<void>;

      // --- Tables.
      { sink.table_get(table) } -> std::same_as<void>;
      { sink.table_set(table) } -> std::same_as<void>;
      { sink.table_size(table) } -> std::same_as<void>;
      { sink.table_grow(table) } -> std::same_as<void>;
      { sink.table_fill(table) } -> std::same_as<void>;
      { sink.table_copy(table, table) } -> std::same_as<void>;  // destination, source
      { sink.table_init(elem, table) } -> std::same_as<void>;
      { sink.elem_drop(elem) } -> std::same_as<void>;

      // --- References.
      { sink.ref_null(heap) } -> std::same_as<void>;
      { sink.ref_is_null() } -> std::same_as<void>;
      { sink.ref_func(func) } -> std::same_as<void>;
      { sink.ref_eq() } -> std::same_as<void>;
      { sink.ref_as_non_null() } -> std::same_as<void>;
      // The br_on_* methods return whether the code after the branch is live. br_on_null leaves the reference on the
      // stack if it does not branch, and br_on_non_null passes the reference to the target.
      { sink.br_on_null(number) } -> std::same_as<Reachability>;
      { sink.br_on_non_null(number) } -> std::same_as<Reachability>;
      // The first type is the target type with its nullability, the second the operand's static type.
      { sink.ref_test(type, type) } -> std::same_as<void>;
      { sink.ref_cast(type, type) } -> std::same_as<void>;
      { sink.br_on_cast(number, type, type) } -> std::same_as<Reachability>;
      { sink.br_on_cast_fail(number, type, type) } -> std::same_as<Reachability>;

      // --- Aggregates.
      { sink.struct_new(type_index) } -> std::same_as<void>;
      { sink.struct_new_default(type_index) } -> std::same_as<void>;
      { sink.struct_get(opcode, type_index, number) } -> std::same_as<void>;  // struct_get, _s, _u; the field's index
      { sink.struct_set(type_index, number) } -> std::same_as<void>;
      { sink.array_new(type_index) } -> std::same_as<void>;
      { sink.array_new_default(type_index) } -> std::same_as<void>;
      { sink.array_new_fixed(type_index, number) } -> std::same_as<void>;  // number of elements
      { sink.array_new_data(type_index, data) } -> std::same_as<void>;
      { sink.array_new_elem(type_index, elem) } -> std::same_as<void>;
      { sink.array_get(opcode, type_index) } -> std::same_as<void>;  // array_get, _s, _u
      { sink.array_set(type_index) } -> std::same_as<void>;
      { sink.array_len() } -> std::same_as<void>;
      { sink.array_fill(type_index) } -> std::same_as<void>;
      { sink.array_copy(type_index, type_index) } -> std::same_as<void>;  // destination's type, source's type
      { sink.array_init_data(type_index, data) } -> std::same_as<void>;
      { sink.array_init_elem(type_index, elem) } -> std::same_as<void>;
      { sink.ref_i31() } -> std::same_as<void>;
      { sink.i31_get(opcode) } -> std::same_as<void>;  // i31_get_s, i31_get_u
      { sink.any_convert_extern() } -> std::same_as<void>;
      { sink.extern_convert_any() } -> std::same_as<void>;
    };

// A sink that does nothing, for validation alone. Other sinks can derive from it and hide some of its methods.
struct NullSink {
  void begin_function(FuncIndex, const FuncType&, std::span<const ValType>) {}
  bool at(uint64_t) { return true; }
  Error error() { return Error{}; }
  void end_function() {}

  void unreachable() {}
  void block(const BlockSignature&) {}
  void loop(const BlockSignature&) {}
  Reachability if_(const BlockSignature&) { return Reachability::live; }
  Reachability else_() { return Reachability::live; }
  Reachability end_block() { return Reachability::live; }
  void br(uint32_t) {}
  Reachability br_if(uint32_t) { return Reachability::live; }
  void br_table(std::span<const uint32_t>) {}
  void return_() {}
  void call(FuncIndex, const FuncType&) {}
  void call_indirect(TypeIndex, TableIndex, const FuncType&) {}
  void call_ref(TypeIndex, const FuncType&) {}
  void return_call(FuncIndex, const FuncType&) {}
  void return_call_indirect(TypeIndex, TableIndex, const FuncType&) {}
  void return_call_ref(TypeIndex, const FuncType&) {}

  void throw_(TagIndex, const FuncType&) {}
  void throw_ref() {}
  void try_table(const BlockSignature&, std::span<const CatchClause>) {}
  void try_(const BlockSignature&) {}
  Reachability catch_(TagIndex, const FuncType&) { return Reachability::live; }
  Reachability catch_all() { return Reachability::live; }
  Reachability delegate(uint32_t) { return Reachability::live; }
  void rethrow(uint32_t) {}

  void drop() {}
  void select(ValType) {}
  void local_get(LocalIndex) {}
  void local_set(LocalIndex) {}
  void local_tee(LocalIndex) {}
  void global_get(GlobalIndex) {}
  void global_set(GlobalIndex) {}

  void constant(ValType, uint64_t) {}
  void constant_v128(uint64_t, uint64_t) {}
  void plain(Opcode) {}
  void lane(Opcode, uint8_t) {}
  void shuffle(std::span<const uint8_t, 16>) {}

  void load(Opcode, const MemArg&) {}
  void store(Opcode, const MemArg&) {}
  void load_lane(Opcode, const MemArg&, uint8_t) {}
  void store_lane(Opcode, const MemArg&, uint8_t) {}
  void atomic(Opcode, const MemArg&) {}
  void atomic_fence() {}
  void memory_size(MemoryIndex) {}
  void memory_grow(MemoryIndex) {}
  void memory_fill(MemoryIndex) {}
  void memory_copy(MemoryIndex, MemoryIndex) {}
  void memory_init(DataIndex, MemoryIndex) {}
  void data_drop(DataIndex) {}

  void table_get(TableIndex) {}
  void table_set(TableIndex) {}
  void table_size(TableIndex) {}
  void table_grow(TableIndex) {}
  void table_fill(TableIndex) {}
  void table_copy(TableIndex, TableIndex) {}
  void table_init(ElemIndex, TableIndex) {}
  void elem_drop(ElemIndex) {}

  void ref_null(HeapType) {}
  void ref_is_null() {}
  void ref_func(FuncIndex) {}
  void ref_eq() {}
  void ref_as_non_null() {}
  Reachability br_on_null(uint32_t) { return Reachability::live; }
  Reachability br_on_non_null(uint32_t) { return Reachability::live; }
  void ref_test(ValType, ValType) {}
  void ref_cast(ValType, ValType) {}
  Reachability br_on_cast(uint32_t, ValType, ValType) { return Reachability::live; }
  Reachability br_on_cast_fail(uint32_t, ValType, ValType) { return Reachability::live; }

  void struct_new(TypeIndex) {}
  void struct_new_default(TypeIndex) {}
  void struct_get(Opcode, TypeIndex, uint32_t) {}
  void struct_set(TypeIndex, uint32_t) {}
  void array_new(TypeIndex) {}
  void array_new_default(TypeIndex) {}
  void array_new_fixed(TypeIndex, uint32_t) {}
  void array_new_data(TypeIndex, DataIndex) {}
  void array_new_elem(TypeIndex, ElemIndex) {}
  void array_get(Opcode, TypeIndex) {}
  void array_set(TypeIndex) {}
  void array_len() {}
  void array_fill(TypeIndex) {}
  void array_copy(TypeIndex, TypeIndex) {}
  void array_init_data(TypeIndex, DataIndex) {}
  void array_init_elem(TypeIndex, ElemIndex) {}
  void ref_i31() {}
  void i31_get(Opcode) {}
  void any_convert_extern() {}
  void extern_convert_any() {}
};
static_assert(FunctionSink<NullSink>);

}  // namespace cairn::wasm
