// The kernel's heap, under operator new: small objects in slabs by size class, larger ones in whole frames.
//
// A slab is 2^order frames, aligned to its size, with a header and objects of one size; where memory is too fragmented for
// that it is a single frame. The note of each of its frames says class and order, so freeing needs the address only. Objects
// above kLargestSmall take contiguous frames; when memory is too fragmented for that, the caller maps them instead
// (memory.cpp). All heap memory is always mapped: touching it never faults. Not locked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/memory/frame_source.hpp"

namespace cairn::kernel {

class Heap {
 public:
  static constexpr size_t kLargestSmall = 2048;

  Heap(DirectMap map, FrameSource& source) : map_(map), source_(source) {}

  // Null when there is no memory. Alignment: 16 up to 64 as asked for, 4096 for what exceeds kLargestSmall.
  void* allocate(size_t size, size_t alignment, Claim claim = Claim::last);
  void free(void* pointer);

  // Bytes in objects that were handed out, rounded up to what they occupy.
  [[nodiscard]] uint64_t used() const { return used_; }
  // Bytes in slabs and large blocks.
  [[nodiscard]] uint64_t footprint() const { return frames_ << kPageBits; }

 private:
  struct FreeObject {
    FreeObject* next;
  };
  struct Slab {
    Slab* next;
    Slab* previous;
    FreeObject* free;
    uint32_t used;
    uint32_t untouched;  // offset of the first object that was never handed out; 0: none left
    uint32_t order;
  };
  static constexpr size_t kClasses = 24;
  static constexpr size_t kHeader = 64;
  static_assert(sizeof(Slab) <= kHeader);
  static const std::array<uint16_t, kClasses> kSizes;
  static size_t class_of(size_t size);
  static unsigned order_of(size_t size_class) { return kSizes[size_class] <= 256 ? 2 : 3; }

  void* allocate_small(size_t size_class, Claim claim);
  Slab* make_slab(size_t size_class, unsigned order, Claim claim);
  void link(size_t size_class, Slab* slab);
  void unlink(size_t size_class, Slab* slab);

  DirectMap map_;
  FrameSource& source_;
  std::array<Slab*, kClasses> partial_{};  // slabs with a free object
  uint64_t frames_ = 0;
  uint64_t used_ = 0;
};

}  // namespace cairn::kernel
