// The heap of a store's managed objects (heap_layout.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "runtime/heap_layout.hpp"

namespace cairn::runtime {

struct HeapConfig {
  uint64_t limit_bytes = uint64_t{1} << 30;  // address space in all; at most 4 GiB
};

class Heap {
 public:
  // `types` is TypeRegistry::table(); `allocation` is what inline allocation in compiled code works on, and both must outlive
  // the heap.
  static Result<std::unique_ptr<Heap>> create(const HeapConfig& config, const VMTypeInfo* const* types,
                                              VMAllocation& allocation);
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  [[nodiscard]] std::byte* base() const { return base_; }
  template <class T = VMObject>
  [[nodiscard]] T& at(HeapReference reference) const {
    return *reinterpret_cast<T*>(base_ + reference);
  }

  // Of an object that is not a host value.
  [[nodiscard]] const VMTypeInfo& type_of(HeapReference object) const { return *types_[at(object).type_id]; }

  // These may collect. Null when the heap is full.
  // A struct or exception; the kind follows from the type. Fields are undefined until the caller has set them, which it
  // must before the next safepoint.
  HeapReference allocate(uint32_t type_id);
  // An array of zeros or nulls.
  HeapReference allocate_array(uint32_t type_id, uint32_t length);
  HeapReference allocate_host_value(uint64_t value);

  // The host's roots: objects that its handles name by position.
  std::vector<HeapReference>& roots() { return roots_; }

  // The write barrier's slow path: a reference was stored `offset` bytes into the object.
  void remember(HeapReference object, uint32_t offset);
  // The same for `count` consecutive references in an array.
  void remember_range(HeapReference array, uint32_t offset, uint32_t count);

 private:
  Heap(std::span<std::byte> reservation, const VMTypeInfo* const* types, VMAllocation& allocation);
  HeapReference allocate_bytes(uint64_t size);

  std::span<std::byte> reservation_;
  std::byte* base_;
  const VMTypeInfo* const* types_;
  VMAllocation& allocation_;
  std::vector<HeapReference> roots_;
};

}  // namespace cairn::runtime
