#include "runtime/heap/gc_builtins.hpp"

#include <array>
#include <cstring>

#include "runtime/code/activation.hpp"
#include "runtime/storage/segments.hpp"
#include "runtime/store.hpp"

namespace cairn::runtime {

namespace {

using wasm::TrapKind;

InstanceObject& instance_of(abi::VMContext* context) { return *static_cast<InstanceObject*>(context->instance); }
Heap& heap_of(abi::VMContext* context) { return *instance_of(context).store.heap(); }

// Returns the result of an allocation. Raises a trap if the allocation failed because the heap is full.
abi::HeapReference or_trap(abi::VMContext* context, abi::HeapReference object) {
  if (object == abi::kNullReference) raise_trap(*context->store, TrapKind::allocation_failure);
  return object;
}

bool in_bounds(uint64_t start, uint64_t count, uint64_t length) { return start <= length && count <= length - start; }

// A range of an array's elements. It is valid until the next collection.
struct Elements {
  std::byte* data;
  uint32_t size;          // size of one element in bytes
  uint32_t first_offset;  // offset in bytes of the range's first element from the start of the array object
  bool are_references;
};

// Returns the elements [at, at + length) of an array. Traps if the array is null or the range is out of bounds.
Elements elements_of(abi::VMContext* context, abi::HeapReference array, uint32_t at, uint32_t length) {
  if (array == abi::kNullReference) raise_trap(*context->store, TrapKind::null_array_reference);
  Heap& heap = heap_of(context);
  const auto& header = heap.at<abi::VMArray>(array);
  if (!in_bounds(at, length, header.length)) raise_trap(*context->store, TrapKind::out_of_bounds_array_access);
  const abi::VMTypeInfo& type = heap.type_of(array);
  const uint64_t offset = abi::array_data_offset(type.size) + uint64_t{at} * type.size;
  return {heap.base() + array + offset, type.size, static_cast<uint32_t>(offset), type.reference_count != 0};
}

// Returns the bytes of a data segment from `source` on, for `length` elements of `element_size` bytes. Traps if they
// are out of bounds.
const std::byte* segment_bytes(abi::VMContext* context, uint32_t segment, uint32_t source, uint32_t length,
                               uint32_t element_size) {
  const std::span<const std::byte> bytes = data_of(instance_of(context), segment);
  if (!in_bounds(source, uint64_t{length} * element_size, bytes.size())) {
    raise_trap(*context->store, TrapKind::out_of_bounds_memory_access);
  }
  return bytes.data() + source;
}

// Traps if the elements [source, source + length) of an element segment are out of bounds.
void check_elements(abi::VMContext* context, uint32_t segment, uint32_t source, uint32_t length) {
  if (!in_bounds(source, length, elements_size(instance_of(context), segment))) {
    raise_trap(*context->store, TrapKind::out_of_bounds_table_access);
  }
}

// Copies an element segment's values into an array.
void store_elements(abi::VMContext* context, abi::HeapReference array, const Elements& target, uint32_t segment,
                    uint32_t source, uint32_t length) {
  InstanceObject& instance = instance_of(context);
  for (uint32_t i = 0; i < length; ++i) {
    const uint64_t value = element_value(instance, segment, source + i);
    std::memcpy(target.data + uint64_t{i} * target.size, &value, target.size);
  }
  if (target.are_references) heap_of(context).remember_range(array, target.first_offset, length);
}

}  // namespace

abi::HeapReference builtin_gc_allocate(abi::VMContext* context, uint32_t type_id, uint32_t) {
  return or_trap(context, heap_of(context).allocate(type_id));
}

abi::HeapReference builtin_gc_allocate_array(abi::VMContext* context, uint32_t type_id, uint32_t length) {
  return or_trap(context, heap_of(context).allocate_array(type_id, length));
}

void builtin_gc_remember(abi::VMContext* context, abi::HeapReference object, uint32_t offset) {
  heap_of(context).remember(object, offset);
}

abi::HeapReference builtin_gc_new(abi::VMContext* context, uint32_t type_id, uint32_t length) {
  Heap& heap = heap_of(context);
  const bool is_array = context->types[type_id]->kind == abi::ObjectKind::array;
  return or_trap(context, is_array ? heap.allocate_array(type_id, length) : heap.allocate(type_id));
}

void builtin_gc_barrier(abi::VMContext* context, abi::HeapReference object, uint32_t offset, uint32_t index) {
  heap_of(context).remember(object, offset + index * uint32_t{sizeof(abi::HeapReference)});
}

abi::HeapReference builtin_array_new_data(abi::VMContext* context, uint32_t type_id, uint32_t segment, uint32_t source,
                                          uint32_t length) {
  const uint32_t size = context->types[type_id]->size;
  const std::byte* bytes = segment_bytes(context, segment, source, length, size);
  const abi::HeapReference array = or_trap(context, heap_of(context).allocate_array(type_id, length));
  if (length != 0) std::memcpy(elements_of(context, array, 0, length).data, bytes, uint64_t{length} * size);
  return array;
}

abi::HeapReference builtin_array_new_elem(abi::VMContext* context, uint32_t type_id, uint32_t segment, uint32_t source,
                                          uint32_t length) {
  check_elements(context, segment, source, length);
  const abi::HeapReference array = or_trap(context, heap_of(context).allocate_array(type_id, length));
  store_elements(context, array, elements_of(context, array, 0, length), segment, source, length);
  return array;
}

void builtin_array_init_data(abi::VMContext* context, abi::HeapReference array, uint32_t destination, uint32_t segment,
                             uint32_t source, uint32_t length) {
  const Elements target = elements_of(context, array, destination, length);
  const std::byte* bytes = segment_bytes(context, segment, source, length, target.size);
  if (length != 0) std::memcpy(target.data, bytes, uint64_t{length} * target.size);
}

void builtin_array_init_elem(abi::VMContext* context, abi::HeapReference array, uint32_t destination, uint32_t segment,
                             uint32_t source, uint32_t length) {
  const Elements target = elements_of(context, array, destination, length);
  check_elements(context, segment, source, length);
  store_elements(context, array, target, segment, source, length);
}

void builtin_array_copy(abi::VMContext* context, abi::HeapReference to, uint32_t destination, abi::HeapReference from,
                        uint32_t source, uint32_t length) {
  const Elements target = elements_of(context, to, destination, length);
  const Elements origin = elements_of(context, from, source, length);
  if (length == 0) return;
  std::memmove(target.data, origin.data, uint64_t{length} * target.size);
  if (target.are_references) heap_of(context).remember_range(to, target.first_offset, length);
}

void builtin_array_fill(abi::VMContext* context, abi::HeapReference array, uint32_t destination, uint64_t low,
                        uint64_t high, uint32_t length) {
  const Elements target = elements_of(context, array, destination, length);
  const std::array<uint64_t, 2> value = {low, high};
  if (length == 0) return;
  // Each copy doubles the part that is filled.
  const uint64_t bytes = uint64_t{length} * target.size;
  std::memcpy(target.data, value.data(), target.size);
  for (uint64_t filled = target.size; filled < bytes;) {
    const uint64_t step = filled < bytes - filled ? filled : bytes - filled;
    std::memcpy(target.data + filled, target.data, step);
    filled += step;
  }
  if (target.are_references) heap_of(context).remember_range(array, target.first_offset, length);
}

}  // namespace cairn::runtime
