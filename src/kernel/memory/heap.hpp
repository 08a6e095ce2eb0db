// The kernel's heap, from which operator new allocates: small objects lie in slabs, larger objects in whole frames.
//
// A slab is 2^order frames, aligned to its size, with a header and objects of one size; if memory is too fragmented, a
// slab is a single frame. FrameSource keeps a note for each frame. The notes of a slab's frames give its size class and
// order, so freeing needs only the address.
//
// Objects above kLargestSmall take contiguous frames; when memory is too fragmented for that, the caller maps pages for
// them (memory.cpp). All heap memory is always mapped: touching it never faults. The heap has no lock of its own.
//
// Each account (account.hpp) has slabs and large blocks of its own. A slab's header names its account; so do the note
// of a large block of one frame, the note of the second frame of a larger one, and the header of a large block that has
// one. So any fiber may free an object.
//
// The objects of an operation (base/operation.hpp) go to slabs and large blocks of its own, too. So all of them can be
// freed at once, or become ordinary memory of the account under which the operation began. Operations of several CPUs
// may run at the same time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/memory/frame_source.hpp"

namespace cairn::kernel {

class HeapOperation;

// The header of a slab.
struct HeapSlab {
  struct FreeObject {
    FreeObject* next;
  };

  HeapSlab* next;  // next slab of this class with a free object
  HeapSlab* previous;
  HeapSlab* next_of_operation;
  HeapSlab* previous_of_operation;
  FreeObject* free;
  HeapOperation* operation;  // null for ordinary objects
  uint32_t used;             // number of objects that are in use
  uint32_t untouched;        // offset of the first object that was never handed out; 0: none left
  uint16_t order;            // the slab has 2^order frames
  AccountNumber account;
};

class Heap {
 public:
  static constexpr size_t kLargestSmall = 2048;
  // The number of bytes in front of a large block that was allocated in an operation.
  static constexpr size_t kBlockHeader = 64;

  // The slabs and large blocks of a running operation.
  using Operation = HeapOperation;

  Heap(DirectMap map, FrameSource& source) : map_(map), source_(source) {}

  // Allocates an object of an account, for an operation unless `operation` is null. Returns null when there is no
  // memory, and when `alignment` is above 4096, or in an operation above 64. Every object is aligned to 16 bytes at
  // least. All calls for one operation name the same account.
  void* allocate(size_t size, size_t alignment, Claim claim, Operation* operation, MemoryAccount& account);
  // Does the same for the system's account.
  void* allocate(size_t size, size_t alignment, Claim claim = Claim::last, Operation* operation = nullptr) {
    return allocate(size, alignment, claim, operation, source_.accounts().system());
  }
  void free(void* pointer);
  // Frees the slabs of an account that hold no object.
  void release_empty_slabs(MemoryAccount& account);

  // Ends the operation; its objects become ordinary ones. Does so for some of them, and returns whether it is to be
  // called again, because there may be others.
  bool keep_portion(Operation& operation);
  // Ends the operation and frees the objects that it has allocated and not freed, in the same way. The caller unmaps
  // mapped blocks: `unmap(block)` is called for each.
  template <class F>
  bool drop_portion(Operation& operation, F&& unmap);
  // adopt_mapped registers a block that the caller has mapped for the operation and returns the address that allocate()
  // would have returned. Before the caller unmaps the block, it calls forget_mapped.
  static void* adopt_mapped(std::byte* block, Operation& operation);
  static void forget_mapped(std::byte* block);

  // The number of bytes that objects in use occupy, and the number of bytes in slabs and large blocks. Neither counts
  // blocks that the caller has mapped.
  [[nodiscard]] uint64_t used() const { return used_; }
  [[nodiscard]] uint64_t footprint() const { return frames_ << kPageBits; }
  // The part of used() that belongs to an account.
  [[nodiscard]] static uint64_t used(const MemoryAccount& account) { return account.object_bytes_; }

 private:
  using Slab = HeapSlab;
  // The header of a large block that was allocated in an operation. A block that outlives the operation keeps its
  // header.
  struct LargeBlock {
    LargeBlock* next;
    LargeBlock* previous;
    uint64_t frames;
    bool is_mapped;
    AccountNumber account;
    Operation* operation;  // null when its operation has ended
  };
  static constexpr size_t kClasses = MemoryAccount::kSlabClasses;
  static constexpr size_t kHeader = 64;  // the number of bytes in front of a slab's first object
  static_assert(sizeof(Slab) <= kHeader && sizeof(LargeBlock) <= kBlockHeader);
  static constexpr unsigned kPortion = 64;           // slabs or blocks that a portion has at most
  static constexpr uint64_t kFewBytes = 256 * 1024;  // a program whose objects have fewer bytes gets small slabs
  static const std::array<uint16_t, kClasses> kSizes;
  static size_t class_of(size_t size);
  size_t class_of(const Slab& slab);
  // The order of a new slab. Programs with few objects get small slabs, so that each class does not cost them much.
  static unsigned order_of(size_t size_class, const MemoryAccount& account) {
    if (!account.is_system() && account.object_bytes_ < kFewBytes) return kSizes[size_class] <= 512 ? 0 : 1;
    return kSizes[size_class] <= 256 ? 2 : 3;
  }

  using Partial = std::array<Slab*, kClasses>;
  friend class HeapOperation;

  void* allocate_small(size_t size_class, Claim claim, Operation* operation, MemoryAccount& account);
  void* allocate_large(size_t size, Claim claim, Operation* operation, MemoryAccount& account);
  Slab* make_slab(size_t size_class, unsigned order, Claim claim, Operation* operation, MemoryAccount& account);
  void free_small(void* pointer, uint32_t note);
  void free_slab(Slab* slab);
  // Frees some of the operation's slabs. Returns whether there may be others.
  bool free_slabs(Operation& operation);
  void free_large(void* block, uint64_t frames, AccountNumber account);

  [[nodiscard]] Partial& partial_of(const Slab& slab);
  void link(size_t size_class, Slab* slab);
  void unlink(size_t size_class, Slab* slab);
  static void unlink_from_operation(Slab* slab);
  static void link_large(LargeBlock* block, Operation& operation);
  static void unlink_large(LargeBlock* block);

  DirectMap map_;
  FrameSource& source_;
  uint64_t frames_ = 0;
  uint64_t used_ = 0;
};

class HeapOperation {
  friend class Heap;

  Heap::Partial partial_{};  // slabs with a free object
  HeapSlab* slabs_ = nullptr;
  Heap::LargeBlock* large_ = nullptr;
};

template <class F>
bool Heap::drop_portion(Operation& operation, F&& unmap) {
  if (free_slabs(operation)) return true;
  for (unsigned i = 0; LargeBlock* const block = operation.large_; ++i) {
    if (i == kPortion) return true;
    unlink_large(block);
    if (block->is_mapped) {
      unmap(reinterpret_cast<std::byte*>(block));
    } else {
      free_large(block, block->frames, block->account);
    }
  }
  operation = {};
  return false;
}

}  // namespace cairn::kernel
