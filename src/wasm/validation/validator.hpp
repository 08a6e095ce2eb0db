// Validates function bodies by the specification's algorithm ([wasm 7.5]): it goes over the bytes once and, after it
// has checked an instruction, tells a sink (function_sink.hpp) of it.
//
// A thread makes one FunctionValidator for a module and uses it for any number of functions, since its stacks keep
// their memory. It does not allocate per instruction and does not recurse. Time and memory are linear in the body's
// size, up to factors bounded by limits.hpp (an instruction can push at most limits::kResults values).
//
// This file dispatches on the kind of immediate. Families of instructions are in
// validator_{control,storage,references}.hpp.
#pragma once

#include "wasm/validation/function_sink.hpp"
#include "wasm/validation/validation_state.hpp"

namespace cairn::wasm {

class FunctionValidator : private ValidationState {
 public:
  // The module must outlive the validator. module.features says which proposals are on.
  explicit FunctionValidator(const Module& module) : ValidationState(module) {}

  // Validates the body of `function`, which must not be an import.
  template <FunctionSink Sink>
  Result<void> validate(FuncIndex function, Sink& sink) {
    if (run(function, sink)) return {};
    if (!frames_.empty()) malformed_first(static_cast<uint32_t>(frames_.size()), module_->data_count.has_value());
    return in_.failure();
  }

 private:
  template <class Sink>
  bool run(FuncIndex function, Sink& sink);
  template <class Sink>
  bool instruction(Opcode opcode, const OpcodeRow& row, Sink& sink);
  template <class Sink>
  bool memory_access(Opcode opcode, const OpcodeRow& row, Sink& sink);
  template <class Sink>
  bool memory_lane_access(Opcode opcode, const OpcodeRow& row, Sink& sink);
  template <class Sink>
  bool vector_lane(Opcode opcode, const OpcodeRow& row, Sink& sink);
  template <class Sink>
  bool shuffle(const OpcodeRow& row, Sink& sink);
  template <class Sink>
  bool throw_exception(Sink& sink);
  template <class Sink>
  bool atomic_fence(Sink& sink);
  template <class Sink>
  bool without_immediate(Opcode opcode, Sink& sink);
  template <class Sink>
  bool begin_block(Opcode opcode, Sink& sink);
  template <class Sink>
  bool try_table(Sink& sink);
  template <class Sink>
  bool begin_else(Sink& sink);
  template <class Sink>
  bool begin_catch(Opcode opcode, Sink& sink);
  template <class Sink>
  bool end(Sink& sink);
  template <class Sink>
  bool delegate(Sink& sink);
  template <class Sink>
  bool branch(Opcode opcode, Sink& sink);
  template <class Sink>
  bool call(Opcode opcode, Sink& sink);
  template <class Sink>
  bool local_variable(Opcode opcode, Sink& sink);
  template <class Sink>
  bool global_variable(Opcode opcode, Sink& sink);
  template <class Sink>
  bool table(Opcode opcode, Sink& sink);
  template <class Sink>
  bool memory(Opcode opcode, Sink& sink);
  template <class Sink>
  bool constant(Opcode opcode, Sink& sink);
  template <class Sink>
  bool aggregate(Opcode opcode, Sink& sink);
  template <class Sink>
  bool cast(Opcode opcode, Sink& sink);

  // Called for an instruction that control does not leave. The code after it is dead for the validation algorithm and
  // for the sink.
  bool ends_here() {
    set_unreachable();
    is_live_ = false;
    return true;
  }
  bool stop(Error error) { return in_.fail(error.kind, error.offset, std::move(error.message)); }
  // Called at each `else`, `catch`, `end` and `delegate` of a visible block: one whose beginning the sink was told of.
  // The sink gets at() for each of these instructions. run() has called at() only if the code before is live.
  template <class Sink>
  bool announce(Sink& sink) {
    return is_live_ || sink.at(offset_) || stop(sink.error());
  }

  // Whether the current code is live: the sink is told of live code only (function_sink.hpp).
  bool is_live_ = true;
};

template <class Sink>
bool FunctionValidator::run(FuncIndex function, Sink& sink) {
  CAIRN_CHECK(begin_function(function));
  is_live_ = true;
  sink.begin_function(function, *function_type_, locals_);
  while (!frames_.empty()) {
    Opcode opcode = kNoOpcode;
    CAIRN_CHECK(next_opcode(opcode));
    if (is_live_ && !sink.at(offset_)) [[unlikely]]
      return stop(sink.error());
    CAIRN_CHECK(instruction(opcode, row(opcode), sink));
  }
  return at_function_end();
}

template <class Sink>
bool FunctionValidator::instruction(Opcode opcode, const OpcodeRow& row, Sink& sink) {
  switch (row.immediate) {
    case Immediate::none:
      if (!row.is_plain) return without_immediate(opcode, sink);
      CAIRN_CHECK(check_plain(row));
      if (is_live_) sink.plain(opcode);
      return true;

    case Immediate::local: return local_variable(opcode, sink);
    case Immediate::global: return global_variable(opcode, sink);

    case Immediate::i32:
    case Immediate::i64:
    case Immediate::f32:
    case Immediate::f64:
    case Immediate::v128: CAIRN_CHECK(constant(opcode, sink)); return push(row.results[0]);

    case Immediate::memarg: return memory_access(opcode, row, sink);
    case Immediate::memarg_lane: return memory_lane_access(opcode, row, sink);
    case Immediate::lane: return vector_lane(opcode, row, sink);
    case Immediate::shuffle: return shuffle(row, sink);

    case Immediate::block_type: return begin_block(opcode, sink);
    case Immediate::try_table: return try_table(sink);
    case Immediate::label: return opcode == Opcode::delegate ? delegate(sink) : branch(opcode, sink);
    case Immediate::label_table:
      CAIRN_CHECK(read_br_table());
      if (is_live_) sink.br_table(std::span<const uint32_t>(depths_));
      return ends_here();
    case Immediate::tag: return opcode == Opcode::catch_ ? begin_catch(opcode, sink) : throw_exception(sink);

    case Immediate::func:
      if (opcode == Opcode::ref_func) {
        FuncIndex function;
        CAIRN_CHECK(check_ref_func(function));
        if (is_live_) sink.ref_func(function);
        return true;
      }
      return call(opcode, sink);
    case Immediate::type_table: return call(opcode, sink);

    case Immediate::select_types: {
      ValType type = ValType::i32;
      CAIRN_CHECK(check_select_typed(type));
      if (is_live_) sink.select(type);
      return true;
    }

    case Immediate::table:
    case Immediate::table_table:
    case Immediate::elem:
    case Immediate::elem_table: return table(opcode, sink);

    case Immediate::memory:
    case Immediate::memory_memory:
    case Immediate::data:
    case Immediate::data_memory: return memory(opcode, sink);

    case Immediate::heap_type:
    case Immediate::cast_label: return cast(opcode, sink);

    case Immediate::type:
      if (opcode == Opcode::call_ref || opcode == Opcode::return_call_ref) return call(opcode, sink);
      return aggregate(opcode, sink);
    case Immediate::type_field:
    case Immediate::type_count:
    case Immediate::type_type:
    case Immediate::type_data:
    case Immediate::type_elem: return aggregate(opcode, sink);

    case Immediate::zero_byte: return atomic_fence(sink);
  }
  CAIRN_UNREACHABLE();
}

template <class Sink>
bool FunctionValidator::memory_access(Opcode opcode, const OpcodeRow& row, Sink& sink) {
  MemArg memarg;
  ValType address = ValType::i32;
  const bool is_atomic = (row.feature_bits & Features::none().with(Feature::threads).bits()) != 0;
  CAIRN_CHECK(read_memarg(row, is_atomic, memarg, address));
  CAIRN_CHECK(check_memory_access(row, address));
  if (is_live_) {
    if (is_atomic) {
      sink.atomic(opcode, memarg);
    } else if (row.result_count != 0) {
      sink.load(opcode, memarg);
    } else {
      sink.store(opcode, memarg);
    }
  }
  return true;
}

template <class Sink>
bool FunctionValidator::memory_lane_access(Opcode opcode, const OpcodeRow& row, Sink& sink) {
  MemArg memarg;
  ValType address = ValType::i32;
  uint8_t lane = 0;
  CAIRN_CHECK(read_memarg(row, false, memarg, address));
  CAIRN_CHECK(read_lane(16U >> row.shape, lane));
  CAIRN_CHECK(check_memory_access(row, address));
  if (is_live_) {
    if (row.result_count != 0) {
      sink.load_lane(opcode, memarg, lane);
    } else {
      sink.store_lane(opcode, memarg, lane);
    }
  }
  return true;
}

template <class Sink>
bool FunctionValidator::vector_lane(Opcode opcode, const OpcodeRow& row, Sink& sink) {
  uint8_t lane = 0;
  CAIRN_CHECK(read_lane(row.shape, lane));
  CAIRN_CHECK(check_plain(row));
  if (is_live_) sink.lane(opcode, lane);
  return true;
}

template <class Sink>
bool FunctionValidator::shuffle(const OpcodeRow& row, Sink& sink) {
  uint8_t lanes[16];
  for (uint8_t& lane : lanes) CAIRN_CHECK(read_lane(32, lane));
  CAIRN_CHECK(check_plain(row));
  if (is_live_) sink.shuffle(std::span<const uint8_t, 16>(lanes));
  return true;
}

template <class Sink>
bool FunctionValidator::throw_exception(Sink& sink) {
  TagIndex tag;
  const FuncType* type = nullptr;
  CAIRN_CHECK(read_tag(tag, type));
  CAIRN_CHECK(pop_all(type->params));
  if (is_live_) sink.throw_(tag, *type);
  return ends_here();
}

template <class Sink>
bool FunctionValidator::atomic_fence(Sink& sink) {
  uint8_t zero = 0;
  CAIRN_CHECK(in_.read_u8(zero));
  if (zero != 0) return malformed("zero byte expected");
  if (is_live_) sink.atomic_fence();
  return true;
}

template <class Sink>
bool FunctionValidator::without_immediate(Opcode opcode, Sink& sink) {
  ValType type = ValType::i32;
  switch (opcode) {
    case Opcode::nop: return true;
    case Opcode::end: return end(sink);
    case Opcode::else_: return begin_else(sink);
    case Opcode::unreachable:
      if (is_live_) sink.unreachable();
      return ends_here();
    case Opcode::return_:
      CAIRN_CHECK(pop_all(function_type_->results));
      if (is_live_) sink.return_();
      return ends_here();
    case Opcode::drop:
      CAIRN_CHECK(pop_any(type));
      if (is_live_) sink.drop();
      return true;
    case Opcode::select:
      CAIRN_CHECK(check_select(type));
      if (is_live_) sink.select(type);
      return true;
    case Opcode::throw_ref:
      CAIRN_CHECK(pop(ValType::exnref()));
      if (is_live_) sink.throw_ref();
      return ends_here();
    case Opcode::catch_all: return begin_catch(opcode, sink);
    case Opcode::ref_is_null:
      CAIRN_CHECK(pop_ref(type) && push(ValType::i32));
      if (is_live_) sink.ref_is_null();
      return true;
    case Opcode::ref_as_non_null:
      CAIRN_CHECK(pop_ref(type) && push(non_null(type)));
      if (is_live_) sink.ref_as_non_null();
      return true;
    case Opcode::ref_eq: {
      const ValType eqref = ValType::reference(Nullability::nullable, HeapType::eq);
      CAIRN_CHECK(pop(eqref) && pop(eqref) && push(ValType::i32));
      if (is_live_) sink.ref_eq();
      return true;
    }
    case Opcode::array_len:
      CAIRN_CHECK(pop(ValType::reference(Nullability::nullable, HeapType::array)) && push(ValType::i32));
      if (is_live_) sink.array_len();
      return true;
    case Opcode::ref_i31:
      CAIRN_CHECK(pop(ValType::i32) && push(ValType::reference(Nullability::non_null, HeapType::i31)));
      if (is_live_) sink.ref_i31();
      return true;
    case Opcode::i31_get_s:
    case Opcode::i31_get_u:
      CAIRN_CHECK(pop(ValType::reference(Nullability::nullable, HeapType::i31)) && push(ValType::i32));
      if (is_live_) sink.i31_get(opcode);
      return true;
    case Opcode::any_convert_extern:
      CAIRN_CHECK(check_convert(HeapType::extern_, HeapType::any));
      if (is_live_) sink.any_convert_extern();
      return true;
    case Opcode::extern_convert_any:
      CAIRN_CHECK(check_convert(HeapType::any, HeapType::extern_));
      if (is_live_) sink.extern_convert_any();
      return true;
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::wasm

#include "wasm/validation/validator_control.hpp"
#include "wasm/validation/validator_references.hpp"
#include "wasm/validation/validator_storage.hpp"
