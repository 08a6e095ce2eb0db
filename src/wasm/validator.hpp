// Validation of function bodies: one pass over the bytes, by the specification's algorithm ([wasm A.3]), which tells a
// sink (function_sink.hpp) of each instruction after it has been checked.
//
// A FunctionValidator is made once per thread and module and used for any number of functions: its stacks keep their
// memory. It does not allocate per instruction and does not recurse. Time and memory are linear in the body's size, up
// to factors bounded by limits.hpp (an instruction can push at most limits::kResults values).
#pragma once

#include "wasm/function_sink.hpp"
#include "wasm/validation_state.hpp"

namespace cairn::wasm {

class FunctionValidator : private ValidationState {
 public:
  // The module must outlive the validator. Which proposals are on is module.features.
  explicit FunctionValidator(const Module& module) : ValidationState(module) {}

  // `function` is one that the module defines, not an import.
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

  // Code behind this instruction is dead, for the algorithm and for the sink.
  bool ends_here() {
    set_unreachable();
    is_live_ = false;
    return true;
  }
  bool stop(Error error) { return in_.fail(error.kind, error.offset, std::move(error.message)); }
  // The sink is told of ends and arms of visible blocks even when the code before is dead.
  template <class Sink>
  bool announce(Sink& sink) {
    return is_live_ || sink.at(offset_) || stop(sink.error());
  }

  bool is_live_ = true;  // implies that the innermost frame is visible and not unreachable
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
    case Immediate::v128:
      CAIRN_CHECK(constant(opcode, sink));
      return push(row.results[0]);

    case Immediate::memarg: {
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
    case Immediate::memarg_lane: {
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
    case Immediate::lane: {
      uint8_t lane = 0;
      CAIRN_CHECK(read_lane(row.shape, lane));
      CAIRN_CHECK(check_plain(row));
      if (is_live_) sink.lane(opcode, lane);
      return true;
    }
    case Immediate::shuffle: {
      uint8_t lanes[16];
      for (uint8_t& lane : lanes) CAIRN_CHECK(read_lane(32, lane));
      CAIRN_CHECK(check_plain(row));
      if (is_live_) sink.shuffle(std::span<const uint8_t, 16>(lanes));
      return true;
    }

    case Immediate::block_type:
      return begin_block(opcode, sink);
    case Immediate::try_table:
      return try_table(sink);
    case Immediate::label:
      return opcode == Opcode::delegate ? delegate(sink) : branch(opcode, sink);
    case Immediate::label_table:
      CAIRN_CHECK(read_br_table());
      if (is_live_) sink.br_table(std::span<const uint32_t>(depths_));
      return ends_here();
    case Immediate::tag: {
      if (opcode == Opcode::catch_) return begin_catch(opcode, sink);
      TagIndex tag;
      const FuncType* type = nullptr;
      CAIRN_CHECK(read_tag(tag, type));
      CAIRN_CHECK(pop_all(type->params));
      if (is_live_) sink.throw_(tag, *type);
      return ends_here();
    }

    case Immediate::func:
      if (opcode == Opcode::ref_func) {
        FuncIndex function;
        CAIRN_CHECK(check_ref_func(function));
        if (is_live_) sink.ref_func(function);
        return true;
      }
      return call(opcode, sink);
    case Immediate::type_table:
      return call(opcode, sink);

    case Immediate::select_types: {
      ValType type = ValType::i32;
      CAIRN_CHECK(check_select_typed(type));
      if (is_live_) sink.select(type);
      return true;
    }

    case Immediate::table:
    case Immediate::table_table:
    case Immediate::elem:
    case Immediate::elem_table:
      return table(opcode, sink);

    case Immediate::memory:
    case Immediate::memory_memory:
    case Immediate::data:
    case Immediate::data_memory:
      return memory(opcode, sink);

    case Immediate::heap_type:
    case Immediate::cast_label:
      return cast(opcode, sink);

    case Immediate::type:
      if (opcode == Opcode::call_ref || opcode == Opcode::return_call_ref) return call(opcode, sink);
      return aggregate(opcode, sink);
    case Immediate::type_field:
    case Immediate::type_count:
    case Immediate::type_type:
    case Immediate::type_data:
    case Immediate::type_elem:
      return aggregate(opcode, sink);

    case Immediate::zero_byte: {
      uint8_t zero = 0;
      CAIRN_CHECK(in_.read_u8(zero));
      if (zero != 0) return malformed("zero byte expected");
      if (is_live_) sink.atomic_fence();
      return true;
    }
  }
  CAIRN_UNREACHABLE();
}

template <class Sink>
bool FunctionValidator::without_immediate(Opcode opcode, Sink& sink) {
  ValType type = ValType::i32;
  switch (opcode) {
    case Opcode::nop:
      return true;
    case Opcode::end:
      return end(sink);
    case Opcode::else_:
      return begin_else(sink);
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
    case Opcode::catch_all:
      return begin_catch(opcode, sink);
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
    default:
      CAIRN_UNREACHABLE();
  }
}

// --- Control.

template <class Sink>
bool FunctionValidator::begin_block(Opcode opcode, Sink& sink) {
  BlockSignature signature;
  CAIRN_CHECK(read_block_signature(signature));
  if (opcode == Opcode::if_) CAIRN_CHECK(pop(ValType::i32));
  CAIRN_CHECK(pop_all(signature.params()));
  const bool is_visible = is_live_;
  switch (opcode) {
    case Opcode::block:
      if (is_visible) sink.block(signature);
      return push_frame(FrameKind::block, signature, is_visible);
    case Opcode::loop:
      if (is_visible) sink.loop(signature);
      return push_frame(FrameKind::loop, signature, is_visible);
    case Opcode::if_:
      if (is_visible) is_live_ = sink.if_(signature) == Reachability::live;
      return push_frame(FrameKind::if_, signature, is_visible);
    case Opcode::try_:
      if (is_visible) sink.try_(signature);
      return push_frame(FrameKind::try_, signature, is_visible);
    default:
      CAIRN_UNREACHABLE();
  }
}

template <class Sink>
bool FunctionValidator::try_table(Sink& sink) {
  BlockSignature signature;
  CAIRN_CHECK(read_block_signature(signature));
  CAIRN_CHECK(read_catch_clauses());
  CAIRN_CHECK(pop_all(signature.params()));
  const bool is_visible = is_live_;
  if (is_visible) sink.try_table(signature, std::span<const CatchClause>(clauses_));
  return push_frame(FrameKind::try_table, signature, is_visible);
}

template <class Sink>
bool FunctionValidator::begin_else(Sink& sink) {
  if (frames_.back().kind != FrameKind::if_) return malformed("misplaced ELSE opcode");
  CAIRN_CHECK(check_block_end());
  restart_frame(FrameKind::else_);
  CAIRN_CHECK(push_all(frames_.back().signature.params()));
  if (!frames_.back().is_visible) return true;
  CAIRN_CHECK(announce(sink));
  is_live_ = sink.else_() == Reachability::live;
  return true;
}

template <class Sink>
bool FunctionValidator::begin_catch(Opcode opcode, Sink& sink) {
  const FrameKind kind = frames_.back().kind;
  TagIndex tag;
  const FuncType* type = nullptr;
  if (opcode == Opcode::catch_) CAIRN_CHECK(read_tag(tag, type));
  if (kind != FrameKind::try_ && kind != FrameKind::catch_) return malformed("misplaced CATCH opcode");
  CAIRN_CHECK(check_block_end());
  restart_frame(opcode == Opcode::catch_ ? FrameKind::catch_ : FrameKind::catch_all);
  if (type != nullptr) CAIRN_CHECK(push_all(type->params));
  if (!frames_.back().is_visible) return true;
  CAIRN_CHECK(announce(sink));
  is_live_ = (type != nullptr ? sink.catch_(tag, *type) : sink.catch_all()) == Reachability::live;
  return true;
}

template <class Sink>
bool FunctionValidator::end(Sink& sink) {
  CAIRN_CHECK(check_block_end());
  const Frame frame = frames_.back();
  if (frame.kind == FrameKind::if_) CAIRN_CHECK(check_if_without_else());
  pop_frame();
  if (frame.is_visible) CAIRN_CHECK(announce(sink));
  if (frames_.empty()) {
    sink.end_function();
    return true;
  }
  if (frame.is_visible) is_live_ = sink.end_block() == Reachability::live;
  return push_all(frame.signature.results());
}

template <class Sink>
bool FunctionValidator::delegate(Sink& sink) {
  uint32_t depth = 0;
  const Frame* target = nullptr;
  CAIRN_CHECK(in_.read_u32(depth));
  if (frames_.back().kind != FrameKind::try_) return malformed("misplaced DELEGATE opcode");
  CAIRN_CHECK(check_block_end());
  const Frame frame = frames_.back();
  pop_frame();
  CAIRN_CHECK(label(depth, target));
  if (frame.is_visible) {
    CAIRN_CHECK(announce(sink));
    is_live_ = sink.delegate(depth) == Reachability::live;
  }
  return push_all(frame.signature.results());
}

template <class Sink>
bool FunctionValidator::branch(Opcode opcode, Sink& sink) {
  uint32_t depth = 0;
  const Frame* target = nullptr;
  CAIRN_CHECK(in_.read_u32(depth));
  switch (opcode) {
    case Opcode::br:
      CAIRN_CHECK(label(depth, target) && pop_all(target->label()));
      if (is_live_) sink.br(depth);
      return ends_here();
    case Opcode::br_if:
      CAIRN_CHECK(label(depth, target) && pop(ValType::i32));
      CAIRN_CHECK(pop_all(target->label()) && push_all(target->label()));
      if (is_live_) is_live_ = sink.br_if(depth) == Reachability::live;
      return true;
    case Opcode::br_on_null:
      CAIRN_CHECK(check_br_on_null(depth));
      if (is_live_) is_live_ = sink.br_on_null(depth) == Reachability::live;
      return true;
    case Opcode::br_on_non_null:
      CAIRN_CHECK(check_br_on_non_null(depth));
      if (is_live_) is_live_ = sink.br_on_non_null(depth) == Reachability::live;
      return true;
    case Opcode::rethrow:
      CAIRN_CHECK(label(depth, target));
      if (target->kind != FrameKind::catch_ && target->kind != FrameKind::catch_all) {
        return invalid("invalid rethrow label");
      }
      if (is_live_) sink.rethrow(depth);
      return ends_here();
    default:
      CAIRN_UNREACHABLE();
  }
}

template <class Sink>
bool FunctionValidator::call(Opcode opcode, Sink& sink) {
  FuncIndex function;
  TypeIndex index;
  TableIndex table_index;
  const FuncType* type = nullptr;
  const SubType* defined = nullptr;
  switch (opcode) {
    case Opcode::call:
      CAIRN_CHECK(read_function(function, type) && check_call(*type));
      if (is_live_) sink.call(function, *type);
      return true;
    case Opcode::call_indirect:
      CAIRN_CHECK(check_indirect_callee(index, table_index, type) && check_call(*type));
      if (is_live_) sink.call_indirect(index, table_index, *type);
      return true;
    case Opcode::call_ref:
      CAIRN_CHECK(read_type(SubType::Kind::func, index, defined));
      CAIRN_CHECK(pop(reference_to(index, Nullability::nullable)) && check_call(defined->func));
      if (is_live_) sink.call_ref(index, defined->func);
      return true;
    case Opcode::return_call:
      CAIRN_CHECK(read_function(function, type) && check_return_call(*type));
      if (is_live_) sink.return_call(function, *type);
      break;
    case Opcode::return_call_indirect:
      CAIRN_CHECK(check_indirect_callee(index, table_index, type) && check_return_call(*type));
      if (is_live_) sink.return_call_indirect(index, table_index, *type);
      break;
    case Opcode::return_call_ref:
      CAIRN_CHECK(read_type(SubType::Kind::func, index, defined));
      CAIRN_CHECK(pop(reference_to(index, Nullability::nullable)) && check_return_call(defined->func));
      if (is_live_) sink.return_call_ref(index, defined->func);
      break;
    default:
      CAIRN_UNREACHABLE();
  }
  return ends_here();
}

// --- Variables and constants.

template <class Sink>
bool FunctionValidator::local_variable(Opcode opcode, Sink& sink) {
  uint32_t index = 0;
  ValType type = ValType::i32;
  CAIRN_CHECK(in_.read_u32(index) && local(index, type));
  switch (opcode) {
    case Opcode::local_get:
      CAIRN_CHECK(check_local_is_set(index) && push(type));
      if (is_live_) sink.local_get(LocalIndex(index));
      return true;
    case Opcode::local_set:
      CAIRN_CHECK(pop(type));
      set_local(index);
      if (is_live_) sink.local_set(LocalIndex(index));
      return true;
    case Opcode::local_tee:
      CAIRN_CHECK(pop(type) && push(type));
      set_local(index);
      if (is_live_) sink.local_tee(LocalIndex(index));
      return true;
    default:
      CAIRN_UNREACHABLE();
  }
}

template <class Sink>
bool FunctionValidator::global_variable(Opcode opcode, Sink& sink) {
  uint32_t index = 0;
  CAIRN_CHECK(in_.read_u32(index));
  if (index >= module_->globals.size()) return unknown("global", index);
  const GlobalType& global = module_->globals[index].type;
  if (opcode == Opcode::global_get) {
    CAIRN_CHECK(push(global.type));
    if (is_live_) sink.global_get(GlobalIndex(index));
    return true;
  }
  if (global.mutability == Mutability::immutable) return invalid("immutable global " + decimal(index));
  CAIRN_CHECK(pop(global.type));
  if (is_live_) sink.global_set(GlobalIndex(index));
  return true;
}

template <class Sink>
bool FunctionValidator::constant(Opcode opcode, Sink& sink) {
  switch (opcode) {
    case Opcode::i32_const: {
      int32_t value = 0;
      CAIRN_CHECK(in_.read_s32(value));
      if (is_live_) sink.constant(ValType::i32, static_cast<uint32_t>(value));
      return true;
    }
    case Opcode::i64_const: {
      int64_t value = 0;
      CAIRN_CHECK(in_.read_s64(value));
      if (is_live_) sink.constant(ValType::i64, static_cast<uint64_t>(value));
      return true;
    }
    case Opcode::f32_const: {
      uint32_t bits = 0;
      CAIRN_CHECK(in_.read_bits32(bits));
      if (is_live_) sink.constant(ValType::f32, bits);
      return true;
    }
    case Opcode::f64_const: {
      uint64_t bits = 0;
      CAIRN_CHECK(in_.read_bits64(bits));
      if (is_live_) sink.constant(ValType::f64, bits);
      return true;
    }
    case Opcode::v128_const: {
      uint64_t low = 0;
      uint64_t high = 0;
      CAIRN_CHECK(in_.read_bits64(low) && in_.read_bits64(high));
      if (is_live_) sink.constant_v128(low, high);
      return true;
    }
    default:
      CAIRN_UNREACHABLE();
  }
}

// --- Tables and memories.

template <class Sink>
bool FunctionValidator::table(Opcode opcode, Sink& sink) {
  TableIndex index;
  TableIndex source;
  ElemIndex elem;
  ValType address = ValType::i32;
  ValType element = ValType::i32;
  ValType segment = ValType::i32;
  switch (opcode) {
    case Opcode::elem_drop:
      CAIRN_CHECK(read_elem(elem, segment));
      if (is_live_) sink.elem_drop(elem);
      return true;
    case Opcode::table_copy:
      CAIRN_CHECK(check_table_copy(index, source));
      if (is_live_) sink.table_copy(index, source);
      return true;
    case Opcode::table_init:
      CAIRN_CHECK(check_table_init(elem, index));
      if (is_live_) sink.table_init(elem, index);
      return true;
    default:
      break;
  }
  CAIRN_CHECK(read_table(index, address, element));
  switch (opcode) {
    case Opcode::table_get:
      CAIRN_CHECK(pop(address) && push(element));
      if (is_live_) sink.table_get(index);
      return true;
    case Opcode::table_set:
      CAIRN_CHECK(pop(element) && pop(address));
      if (is_live_) sink.table_set(index);
      return true;
    case Opcode::table_size:
      CAIRN_CHECK(push(address));
      if (is_live_) sink.table_size(index);
      return true;
    case Opcode::table_grow:
      CAIRN_CHECK(pop(address) && pop(element) && push(address));
      if (is_live_) sink.table_grow(index);
      return true;
    case Opcode::table_fill:
      CAIRN_CHECK(pop(address) && pop(element) && pop(address));
      if (is_live_) sink.table_fill(index);
      return true;
    default:
      CAIRN_UNREACHABLE();
  }
}

template <class Sink>
bool FunctionValidator::memory(Opcode opcode, Sink& sink) {
  MemoryIndex index;
  MemoryIndex source;
  DataIndex data;
  ValType address = ValType::i32;
  switch (opcode) {
    case Opcode::memory_size:
      CAIRN_CHECK(read_memory(index, address) && push(address));
      if (is_live_) sink.memory_size(index);
      return true;
    case Opcode::memory_grow:
      CAIRN_CHECK(read_memory(index, address) && pop(address) && push(address));
      if (is_live_) sink.memory_grow(index);
      return true;
    case Opcode::memory_fill:
      CAIRN_CHECK(read_memory(index, address) && pop(address) && pop(ValType::i32) && pop(address));
      if (is_live_) sink.memory_fill(index);
      return true;
    case Opcode::memory_copy:
      CAIRN_CHECK(check_memory_copy(index, source));
      if (is_live_) sink.memory_copy(index, source);
      return true;
    case Opcode::memory_init:
      CAIRN_CHECK(check_memory_init(data, index));
      if (is_live_) sink.memory_init(data, index);
      return true;
    case Opcode::data_drop:
      CAIRN_CHECK(read_data(data));
      if (is_live_) sink.data_drop(data);
      return true;
    default:
      CAIRN_UNREACHABLE();
  }
}

// --- References and aggregates.

template <class Sink>
bool FunctionValidator::cast(Opcode opcode, Sink& sink) {
  uint32_t depth = 0;
  HeapType heap = HeapType::func;
  ValType target = ValType::i32;
  ValType source = ValType::i32;
  switch (opcode) {
    case Opcode::ref_null:
      CAIRN_CHECK(read_heap_type(in_, type_context(), heap));
      CAIRN_CHECK(push(ValType::reference(Nullability::nullable, heap)));
      if (is_live_) sink.ref_null(heap);
      return true;
    case Opcode::ref_test:
    case Opcode::ref_test_null:
      CAIRN_CHECK(check_cast(opcode, target, source));
      if (is_live_) sink.ref_test(target, source);
      return true;
    case Opcode::ref_cast:
    case Opcode::ref_cast_null:
      CAIRN_CHECK(check_cast(opcode, target, source));
      if (is_live_) sink.ref_cast(target, source);
      return true;
    case Opcode::br_on_cast:
      CAIRN_CHECK(check_br_on_cast(opcode, depth, target, source));
      if (is_live_) is_live_ = sink.br_on_cast(depth, target, source) == Reachability::live;
      return true;
    case Opcode::br_on_cast_fail:
      CAIRN_CHECK(check_br_on_cast(opcode, depth, target, source));
      if (is_live_) is_live_ = sink.br_on_cast_fail(depth, target, source) == Reachability::live;
      return true;
    default:
      CAIRN_UNREACHABLE();
  }
}

template <class Sink>
bool FunctionValidator::aggregate(Opcode opcode, Sink& sink) {
  TypeIndex index;
  TypeIndex source;
  uint32_t number = 0;
  DataIndex data;
  ElemIndex elem;
  switch (opcode) {
    case Opcode::struct_new:
      CAIRN_CHECK(check_struct_new(opcode, index));
      if (is_live_) sink.struct_new(index);
      return true;
    case Opcode::struct_new_default:
      CAIRN_CHECK(check_struct_new(opcode, index));
      if (is_live_) sink.struct_new_default(index);
      return true;
    case Opcode::struct_get:
    case Opcode::struct_get_s:
    case Opcode::struct_get_u:
      CAIRN_CHECK(check_struct_get(opcode, index, number));
      if (is_live_) sink.struct_get(opcode, index, number);
      return true;
    case Opcode::struct_set:
      CAIRN_CHECK(check_struct_set(index, number));
      if (is_live_) sink.struct_set(index, number);
      return true;
    case Opcode::array_new:
      CAIRN_CHECK(check_array_new(opcode, index));
      if (is_live_) sink.array_new(index);
      return true;
    case Opcode::array_new_default:
      CAIRN_CHECK(check_array_new(opcode, index));
      if (is_live_) sink.array_new_default(index);
      return true;
    case Opcode::array_new_fixed:
      CAIRN_CHECK(check_array_new_fixed(index, number));
      if (is_live_) sink.array_new_fixed(index, number);
      return true;
    case Opcode::array_new_data:
      CAIRN_CHECK(check_array_data(opcode, index, data));
      if (is_live_) sink.array_new_data(index, data);
      return true;
    case Opcode::array_init_data:
      CAIRN_CHECK(check_array_data(opcode, index, data));
      if (is_live_) sink.array_init_data(index, data);
      return true;
    case Opcode::array_new_elem:
      CAIRN_CHECK(check_array_elem(opcode, index, elem));
      if (is_live_) sink.array_new_elem(index, elem);
      return true;
    case Opcode::array_init_elem:
      CAIRN_CHECK(check_array_elem(opcode, index, elem));
      if (is_live_) sink.array_init_elem(index, elem);
      return true;
    case Opcode::array_get:
    case Opcode::array_get_s:
    case Opcode::array_get_u:
      CAIRN_CHECK(check_array_get(opcode, index));
      if (is_live_) sink.array_get(opcode, index);
      return true;
    case Opcode::array_set:
      CAIRN_CHECK(check_array_set(opcode, index));
      if (is_live_) sink.array_set(index);
      return true;
    case Opcode::array_fill:
      CAIRN_CHECK(check_array_set(opcode, index));
      if (is_live_) sink.array_fill(index);
      return true;
    case Opcode::array_copy:
      CAIRN_CHECK(check_array_copy(index, source));
      if (is_live_) sink.array_copy(index, source);
      return true;
    default:
      CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::wasm
