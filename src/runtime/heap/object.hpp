// Objects as the collector looks at them: their sizes and the references in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/heap_layout.hpp"

namespace cairn::runtime {

// Flags of VMObject beside kBarrierFlag. Forwarded: the object has moved, and type_id is the reference to where.
inline constexpr uint8_t kForwardedFlag = 2;

constexpr bool is_object(HeapReference reference) { return reference != kNullReference && (reference & 1) == 0; }

constexpr uint64_t array_bytes(uint32_t element_size, uint32_t length) {
  return (array_data_offset(element_size) + uint64_t{element_size} * length + 7) & ~uint64_t{7};
}

// A heap's memory and what its objects' types are.
struct ObjectSpace {
  std::byte* base = nullptr;
  const VMTypeInfo* const* types = nullptr;

  template <class T = VMObject>
  [[nodiscard]] T& at(HeapReference reference) const {
    return *reinterpret_cast<T*>(base + reference);
  }
  // Of an object that is not a host value.
  [[nodiscard]] const VMTypeInfo& type_of(HeapReference object) const { return *types[at(object).type_id]; }

  [[nodiscard]] uint64_t size_of(HeapReference object) const {
    switch (at(object).kind) {
      case ObjectKind::structure:
      case ObjectKind::exception:
        return type_of(object).size;
      case ObjectKind::array:
        return array_bytes(type_of(object).size, at<VMArray>(object).length);
      case ObjectKind::host:
        return sizeof(VMHostValue);
      case ObjectKind::filler:
        break;
    }
    return sizeof(VMObject);
  }
  // The elements of an array of references.
  [[nodiscard]] std::span<HeapReference> elements_of(HeapReference array) const {
    return {&at<HeapReference>(array + array_data_offset(sizeof(HeapReference))), at<VMArray>(array).length};
  }
  // Whether there may be references in it.
  [[nodiscard]] bool has_references(HeapReference object) const {
    return at(object).kind != ObjectKind::host && type_of(object).reference_count != 0;
  }
  // Calls visit(HeapReference&) for each place of a reference, whatever it holds.
  template <class Visit>
  void for_each_reference(HeapReference object, Visit&& visit) const {
    const VMObject& header = at(object);
    if (header.kind == ObjectKind::host) return;
    const VMTypeInfo& type = *types[header.type_id];
    if (header.kind == ObjectKind::array) {
      if (type.reference_count == 0) return;
      for (HeapReference& element : elements_of(object)) visit(element);
      return;
    }
    for (uint32_t i = 0; i < type.reference_count; ++i) visit(at<HeapReference>(object + type.references[i]));
  }
};

}  // namespace cairn::runtime
