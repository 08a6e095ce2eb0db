// Objects as the collector sees them: their sizes and the references in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/heap_layout.hpp"

namespace cairn::runtime {

// A flag of VMObject besides kBarrierFlag: the object has moved, and type_id holds the reference to its new place.
inline constexpr uint8_t kForwardedFlag = 2;

// Whether the reference is to an object, so neither null nor an i31.
constexpr bool is_object(abi::HeapReference reference) {
  return reference != abi::kNullReference && (reference & 1) == 0;
}

// Returns the size in bytes of an array object, with its header.
constexpr uint64_t array_bytes(uint32_t element_size, uint32_t length) {
  return (abi::array_data_offset(element_size) + uint64_t{element_size} * length + 7) & ~uint64_t{7};
}

// Gives access to a heap's objects by their references.
struct ObjectSpace {
  std::byte* base = nullptr;                      // the heap's base, from which references count
  const abi::VMTypeInfo* const* types = nullptr;  // descriptions by canonical type id

  template <class T = abi::VMObject>
  [[nodiscard]] T& at(abi::HeapReference reference) const {
    return *reinterpret_cast<T*>(base + reference);
  }
  // Returns the type of an object that is not a host value.
  [[nodiscard]] const abi::VMTypeInfo& type_of(abi::HeapReference object) const { return *types[at(object).type_id]; }

  // Returns the size in bytes of an object, with its header.
  [[nodiscard]] uint64_t size_of(abi::HeapReference object) const {
    switch (at(object).kind) {
      case abi::ObjectKind::structure:
      case abi::ObjectKind::exception: return type_of(object).size;
      case abi::ObjectKind::array: return array_bytes(type_of(object).size, at<abi::VMArray>(object).length);
      case abi::ObjectKind::host: return sizeof(abi::VMHostValue);
      case abi::ObjectKind::filler: break;
    }
    return sizeof(abi::VMObject);
  }
  // Returns the elements of an array of references.
  [[nodiscard]] std::span<abi::HeapReference> elements_of(abi::HeapReference array) const {
    return {&at<abi::HeapReference>(array + abi::array_data_offset(sizeof(abi::HeapReference))),
            at<abi::VMArray>(array).length};
  }
  // Whether the object has fields or elements that can hold heap references.
  [[nodiscard]] bool has_references(abi::HeapReference object) const {
    return at(object).kind != abi::ObjectKind::host && type_of(object).reference_count != 0;
  }
  // Calls visit(HeapReference&) for each field or element that can hold a reference, whatever its value is.
  template <class Visit>
  void for_each_reference(abi::HeapReference object, Visit&& visit) const {
    const abi::VMObject& header = at(object);
    if (header.kind == abi::ObjectKind::host) return;
    const abi::VMTypeInfo& type = *types[header.type_id];
    if (header.kind == abi::ObjectKind::array) {
      if (type.reference_count == 0) return;
      for (abi::HeapReference& element : elements_of(object)) visit(element);
      return;
    }
    for (uint32_t i = 0; i < type.reference_count; ++i) visit(at<abi::HeapReference>(object + type.references[i]));
  }
};

}  // namespace cairn::runtime
