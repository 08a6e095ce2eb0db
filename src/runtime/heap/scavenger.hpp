// Scavenger promotes the live objects of the nursery: it copies them into the old generation and updates the references
// to them.
//
// Every survivor is promoted at once. After a collection, no old object refers to a young one, and the nursery is
// empty. Copied objects that may hold references are scanned last in, first out, which leaves parents beside their
// children.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#include "runtime/heap/committed_table.hpp"
#include "runtime/heap/marker.hpp"
#include "runtime/heap/object.hpp"
#include "runtime/heap/old_space.hpp"

namespace cairn::runtime {

enum class IsMarking : bool { no, yes };

class Scavenger {
 public:
  // Makes a scavenger for a nursery at [begin, begin + bytes). `list` can grow to list_capacity(bytes) entries.
  Scavenger(const ObjectSpace& objects, OldSpace& old, Marker& marker, uint64_t begin, uint64_t bytes,
            CommittedTable<abi::HeapReference> list)
      : objects_(objects),
        old_(old),
        marker_(marker),
        begin_(static_cast<abi::HeapReference>(begin)),
        bytes_(static_cast<abi::HeapReference>(bytes)),
        list_(std::move(list)) {}
  static constexpr size_t list_capacity(uint64_t bytes) { return bytes / kLeastWithReference; }
  // Makes room in the list for the survivors of `bytes` bytes of objects. Returns false if there is no memory. The
  // caller also reserves room for the survivors in the old generation.
  [[nodiscard]] bool prepare(uint64_t bytes) { return list_.grow(list_capacity(bytes)); }

  [[nodiscard]] bool is_young(abi::HeapReference reference) const {
    return reference - begin_ < bytes_ && (reference & 1) == 0;
  }

  // Visits a place that may hold a reference. If the reference is to a young object, promotes the object and updates
  // the reference. If it is to an old object and marking is under way, grays the object.
  template <IsMarking marking>
  void visit(abi::HeapReference& slot) {
    const abi::HeapReference reference = slot;
    if (is_young(reference)) {
      slot = promote<marking>(reference);
    } else if (marking == IsMarking::yes) {
      marker_.gray(reference);
    }
  }
  // Scans until all promoted objects have been scanned.
  template <IsMarking marking>
  void drain() {
    while (count_ != 0) {
      objects_.for_each_reference(list_[--count_], [this](abi::HeapReference& slot) { visit<marking>(slot); });
    }
  }
  // Returns the number of bytes promoted since the last call.
  uint64_t take_promoted_bytes() { return std::exchange(promoted_, 0); }

 private:
  static constexpr uint64_t kLeastWithReference = 16;  // bytes of the smallest object that holds a reference
  static constexpr uint64_t kForwarded = uint64_t{kForwardedFlag} << 32;

  template <IsMarking marking>
  abi::HeapReference promote(abi::HeapReference from) {
    auto& header = objects_.at<uint64_t>(from);
    if ((header & kForwarded) != 0) return static_cast<abi::HeapReference>(header);
    const uint64_t size = objects_.size_of(from);
    const abi::HeapReference to = old_.allocate(size);
    copy_words(&objects_.at<uint64_t>(to), &header, size / sizeof(uint64_t));
    objects_.at(to).flags = abi::kBarrierFlag;
    if (objects_.has_references(from)) list_[count_++] = to;
    if (marking == IsMarking::yes) old_.marks().set(to);
    header = kForwarded | to;
    promoted_ += size;
    return to;
  }
  static void copy_words(uint64_t* to, const uint64_t* from, uint64_t count) {
    if (count > 16) {
      std::memcpy(to, from, count * sizeof(uint64_t));
      return;
    }
    for (uint64_t i = 0; i < count; ++i) to[i] = from[i];
  }

  ObjectSpace objects_;
  OldSpace& old_;
  Marker& marker_;
  abi::HeapReference begin_, bytes_;
  CommittedTable<abi::HeapReference> list_;  // the promoted objects that are still to be scanned
  size_t count_ = 0;                         // number of objects in list_
  uint64_t promoted_ = 0;                    // bytes promoted since the last take_promoted_bytes()
};

}  // namespace cairn::runtime
