// Heap holds a store's managed objects (abi/heap_layout.hpp) and collects garbage.
//
// From its base upwards, the heap's address space holds a guard that is never accessible, the nursery, and the old
// generation. New objects are allocated in the nursery; a minor collection promotes those that are alive (Scavenger).
// When the old generation has grown enough, it is marked in steps between allocations (Marker), and then unmarked
// objects become free memory (OldSpace). When there is no room for an object, the whole heap is collected at once.
//
// The cost of a full collection is proportional to the number of live bytes, so it is worth its cost only if it frees
// enough. If less than a 64th of the live bytes can be allocated after a full collection, the heap counts as full, even
// if the requested object would still fit. This holds for objects of every size.
//
// One thread at a time uses a heap. Collections happen inside allocate*() and collect_*() only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "abi/heap_layout.hpp"
#include "base/result.hpp"
#include "base/try_vector.hpp"
#include "runtime/heap/config.hpp"
#include "runtime/heap/marker.hpp"
#include "runtime/heap/nursery.hpp"
#include "runtime/heap/object.hpp"
#include "runtime/heap/old_space.hpp"
#include "runtime/heap/remembered_set.hpp"
#include "runtime/heap/roots.hpp"
#include "runtime/heap/scavenger.hpp"
#include "runtime/heap/statistics.hpp"

namespace cairn::runtime {

class Heap {
 public:
  // `types` is TypeRegistry::table(). Inline allocation in compiled code uses `allocation`. Both, and everything that
  // `roots` visits, must outlive the heap.
  static Result<std::unique_ptr<Heap>> create(const HeapConfig& config, const abi::VMTypeInfo* const* types,
                                              abi::VMAllocation& allocation, RootSource roots = {});
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  [[nodiscard]] std::byte* base() const { return objects_.base; }
  template <class T = abi::VMObject>
  [[nodiscard]] T& at(abi::HeapReference reference) const {
    return objects_.at<T>(reference);
  }

  // Returns the type of an object that is not a host value.
  [[nodiscard]] const abi::VMTypeInfo& type_of(abi::HeapReference object) const { return objects_.type_of(object); }

  // The allocation functions may collect. They return null when the heap is full. allocate() makes a struct or, for a
  // function type, an exception. The fields are undefined. The caller must set them before the next safepoint, and
  // needs no barrier for these stores.
  abi::HeapReference allocate(uint32_t type_id);
  // Allocates an array of zeros or nulls.
  abi::HeapReference allocate_array(uint32_t type_id, uint32_t length);
  // Allocates an object that holds a number of the host.
  abi::HeapReference allocate_host_value(uint64_t value);

  // The host's roots. A handle of the host is a position in this list.
  TryVector<abi::HeapReference>& roots() { return roots_; }

  // The write barrier: the caller has stored a reference `offset` bytes into the object.
  void remember(abi::HeapReference object, uint32_t offset);
  // Does the same for `count` consecutive references in an array.
  void remember_range(abi::HeapReference array, uint32_t offset, uint32_t count);

  // Called when a trap has ended guest code at an arbitrary instruction, so that the barrier after the last store may
  // not have run. The next collection is a full one, which does not rely on write barriers.
  void distrust_reports() { remembered_.give_up(); }

  // Promotes live objects of the nursery. Begins or advances a marking of the old generation if that is due.
  void collect_minor();
  // Frees all objects that are not reachable.
  void collect_full();
  // Begins a marking as if the old generation had grown enough. The allocations that follow do its work.
  void request_marking();
  [[nodiscard]] bool is_marking() const { return phase_ == Phase::marking; }

  [[nodiscard]] HeapStatistics statistics() const;

 private:
  // In phase `idle` no marking of the old generation is under way. A marking begins by clearing the mark bits.
  enum class Phase : uint8_t { idle, clearing, marking };
  struct Memory;
  class Pause;

  Heap(const HeapConfig& config, Memory memory, const abi::VMTypeInfo* const* types, abi::VMAllocation& allocation,
       RootSource roots);
  // --- heap.cpp: allocation. Sizes are in bytes. If there is no room, the result is null or false.
  abi::HeapReference allocate_bytes(uint64_t size);
  abi::HeapReference allocate_large(uint64_t size);
  abi::HeapReference try_allocate_large(uint64_t size);
  bool refill(uint64_t size);
  bool collect_for_room();
  [[nodiscard]] uint64_t least_room() const;
  [[nodiscard]] uint64_t allocated_bytes() const;
  bool hand_out(uint64_t size);
  // --- collector.cpp: collections.
  void collect_in_stress();

  void advance(uint64_t allocated);
  void begin_marking();
  void start_marking();
  void clear_marks(uint64_t bytes);
  void finish_marking();
  template <IsMarking marking>
  void scavenge(RootChoice choice);
  template <IsMarking marking>
  void scan_remembered();
  template <class Visit>
  void visit_roots(RootChoice choice, Visit&& visit);
  void end_minor();
  void verify(bool all_marked = false);

  HeapConfig config_;
  std::span<std::byte> reservation_;
  ObjectSpace objects_;
  abi::VMAllocation& allocation_;
  RootSource source_;
  TryVector<abi::HeapReference> roots_;
  OldSpace old_;
  Marker marker_;
  Nursery nursery_;
  Scavenger scavenger_;
  RememberedSet remembered_;

  Phase phase_ = Phase::idle;
  uint64_t clear_cursor_ = 0;  // in phase clearing: mark bits below this address are clear
  // In phase marking: whether all roots have been visited, so that only changed roots need another visit.
  bool roots_are_marked_ = false;
  uint64_t mark_at_bytes_;              // marking begins when this many bytes of the old generation are in use
  uint64_t large_since_minor_ = 0;      // bytes of large objects allocated since the last minor collection
  bool stress_is_full_ = false;         // whether the last collection in stress was a full one
  uint64_t allocated_at_shortage_ = 0;  // allocated_bytes() when collect_for_room() was last called
  uint32_t shortages_in_a_row_ = 0;     // calls of collect_for_room() in a row with hardly any allocation in between
  HeapStatistics statistics_;
};

}  // namespace cairn::runtime
