// Computes the offsets of fields in managed objects, by the rule of heap_layout.hpp. The compiler and the runtime both
// use it.
#pragma once

#include <cstdint>

#include "abi/heap_layout.hpp"
#include "base/assert.hpp"
#include "wasm/types/types.hpp"

namespace cairn::abi {

// How a value of a type is stored in an object.
struct FieldStorage {
  uint8_t size = 4;           // 1, 2, 4, 8 or 16 bytes
  bool is_reference = false;  // a heap reference of 32 bits; function references do not count
};

// Returns how a value of the type is stored. `is_function(index)` says whether a defined type is a function type.
template <class IsFunction>
constexpr FieldStorage storage_of(wasm::ValType type, IsFunction&& is_function) {
  switch (type.kind()) {
    case wasm::ValType::i32:
    case wasm::ValType::f32: return {4, false};
    case wasm::ValType::i64:
    case wasm::ValType::f64: return {8, false};
    case wasm::ValType::v128: return {16, false};
    case wasm::ValType::ref: break;
    case wasm::ValType::bottom: CAIRN_UNREACHABLE();
  }
  const wasm::HeapType heap = type.heap();
  const bool is_func =
      heap.is_concrete() ? is_function(heap.index()) : heap == wasm::HeapType::func || heap == wasm::HeapType::nofunc;
  return is_func ? FieldStorage{8, false} : FieldStorage{4, true};
}
// Does the same for a field of a struct or the elements of an array, whose type may be packed.
template <class IsFunction>
constexpr FieldStorage storage_of(const wasm::FieldType& field, IsFunction&& is_function) {
  switch (field.packing) {
    case wasm::FieldType::Packing::i8: return {1, false};
    case wasm::FieldType::Packing::i16: return {2, false};
    case wasm::FieldType::Packing::none: break;
  }
  return storage_of(field.type, is_function);
}

// Places fields one after the other. The caller places them in the order in which the type declares them.
class FieldLayout {
 public:
  // Fields of structs begin after VMObject, and those of exceptions at kExceptionPayloadOffset.
  constexpr explicit FieldLayout(uint32_t start = sizeof(VMObject)) : end_(start) {}

  // Places the next field and returns its offset in the object.
  constexpr uint32_t place(FieldStorage storage) {
    const uint32_t alignment = storage.size < 8 ? storage.size : 8;
    const uint32_t offset = (end_ + alignment - 1) & ~(alignment - 1);
    end_ = offset + storage.size;
    return offset;
  }
  // The size in bytes of an object with the fields placed so far, a multiple of 8.
  [[nodiscard]] constexpr uint32_t size() const { return (end_ + 7) & ~uint32_t{7}; }

 private:
  uint32_t end_;
};

}  // namespace cairn::abi
