// Validates variables, constants, tables and memories. This is a part of validator.hpp, which includes it.
#pragma once

#include "wasm/validation/validator.hpp"

namespace cairn::wasm {

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
    default: CAIRN_UNREACHABLE();
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
    default: CAIRN_UNREACHABLE();
  }
}

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
    default: break;
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
    default: CAIRN_UNREACHABLE();
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
    default: CAIRN_UNREACHABLE();
  }
}

}  // namespace cairn::wasm
