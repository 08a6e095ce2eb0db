// Marker marks the old generation incrementally. When the marker finds an object, it marks the object and puts it on
// the list of objects to scan; the object is gray until it is scanned. Scanning an object marks the objects that it
// refers to. The marker ignores young objects: a minor collection promotes them, already marked, and they are scanned
// then.
//
// The list has a limit. If it is full, the object is marked all the same, and Block::has_gray is set in its block. Once
// the list is empty, all marked objects of such blocks are scanned again.
#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/heap/committed_table.hpp"
#include "runtime/heap/object.hpp"
#include "runtime/heap/old_space.hpp"

namespace cairn::runtime {

class Marker {
 public:
  // The list holds at most `capacity` entries, which must be at least 2.
  Marker(const ObjectSpace& objects, OldSpace& old, size_t capacity, CommittedTable<uint32_t> list)
      : objects_(objects), old_(old), capacity_(capacity), list_(std::move(list)) {}

  // Marks the object that `reference` names, if the object is old and not marked yet.
  void gray(abi::HeapReference reference) {
    if (!is_object(reference) || reference < old_.begin() || old_.marks().set(reference)) return;
    __builtin_prefetch(&objects_.at(reference));
    if (count_ < room_) [[likely]] {
      list_[count_++] = reference;
    } else {
      push_slow(reference);
    }
  }

  // Scans objects until none is left or about `budget` bytes have been scanned. Returns true if none is left. Calls
  // visit(HeapReference&) for each reference in the objects. `visit` marks the object that the reference names with
  // gray(), or promotes it if it is young.
  template <class Visit>
  bool step(uint64_t budget, Visit&& visit) {
    for (uint64_t done = 0; done < budget;) {
      if (count_ == 0) {
        if (!scan_overflowed(visit)) return true;
        done += kBlockBytes;
        continue;
      }
      const uint32_t entry = list_[--count_];
      if ((entry & 1) != 0) {
        const abi::HeapReference array = list_[--count_];
        done += kObjectCost + scan_slice(array, entry / 2, visit);
      } else {
        done += kObjectCost + scan(entry, visit);
      }
    }
    return false;
  }
  bool step(uint64_t budget) {
    return step(budget, [this](abi::HeapReference& slot) { gray(slot); });
  }
  // Empties the list of objects to scan.
  void clear();

 private:
  static constexpr uint32_t kSliceElements = 1024;  // number of elements of a long array that are scanned at a time
  static constexpr uint64_t kObjectCost = 16;       // cost of visiting an object, in bytes scanned

  bool make_room(size_t count);               // grows the list for `count` entries in all; false if it cannot
  void push_slow(abi::HeapReference object);  // puts the object on the list; overflow() if there is no room
  void push_slice(abi::HeapReference array,
                  uint32_t slice);           // puts part `slice` of an array on the list, or overflow()
  void overflow(abi::HeapReference object);  // sets has_gray in the object's block
  // Returns the address of the next block with has_gray set, and clears has_gray; 0 if there is none.
  uint64_t next_overflowed();

  // Scans an object, or the first part of a long array. Returns the number of bytes scanned.
  template <class Visit>
  uint64_t scan(abi::HeapReference object, Visit&& visit) {
    const uint64_t size = objects_.size_of(object);
    old_.mark_lines(object, size);
    if (!objects_.has_references(object)) return 0;
    if (objects_.at(object).kind == abi::ObjectKind::array) return scan_slice(object, 0, visit);
    objects_.for_each_reference(object, visit);
    return size;
  }

  // Scans part number `slice` of an array of references. Returns the number of bytes scanned.
  template <class Visit>
  uint64_t scan_slice(abi::HeapReference array, uint32_t slice, Visit&& visit) {
    const std::span<abi::HeapReference> elements = objects_.elements_of(array);
    const size_t begin = size_t{slice} * kSliceElements;
    const size_t end = std::min<size_t>(elements.size(), begin + kSliceElements);
    if (end < elements.size()) push_slice(array, slice + 1);
    for (abi::HeapReference& element : elements.subspan(begin, end - begin)) visit(element);
    return (end - begin) * sizeof(abi::HeapReference);
  }

  // Scans the marked objects of one block with has_gray set. Returns false if there is no such block.
  template <class Visit>
  bool scan_overflowed(Visit&& visit) {
    const uint64_t at = next_overflowed();
    if (at == 0) return false;
    if (old_.is_large(static_cast<abi::HeapReference>(at))) {
      scan(static_cast<abi::HeapReference>(at), visit);
    } else {
      old_.marks().for_each(at, at + kBlockBytes,
                            [&](uint64_t object) { scan(static_cast<abi::HeapReference>(object), visit); });
    }
    return true;
  }

  ObjectSpace objects_;
  OldSpace& old_;
  size_t capacity_;
  size_t count_ = 0;
  // The number of entries for which the list has memory, but at most capacity_. When they are used up, push_slow() and
  // push_slice() call make_room().
  size_t room_ = 0;
  // The references of the objects to scan. A long array of which a part has been scanned has a second entry after its
  // reference: twice the number of the next part, plus 1.
  CommittedTable<uint32_t> list_;
  uint64_t overflow_cursor_ = ~uint64_t{0};  // no block below this address has has_gray set
};

}  // namespace cairn::runtime
