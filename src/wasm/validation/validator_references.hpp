// Validates casts, structures and arrays. This is a part of validator.hpp, which includes it.
#pragma once

#include "wasm/validation/validator.hpp"

namespace cairn::wasm {

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
    default: CAIRN_UNREACHABLE();
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
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::wasm
