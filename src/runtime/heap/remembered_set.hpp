// RememberedSet holds the old objects that may refer to young objects, because such a reference was stored into them
// since the last collection. For a long array, the set holds only the cards (parts of 64 bytes) into which such a
// reference was stored.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "runtime/heap/address_bits.hpp"
#include "runtime/heap/committed_table.hpp"
#include "runtime/heap/object.hpp"

namespace cairn::runtime {

// The cards that lie completely within the elements of an array. The number of a card is its address / kCardBytes.
// Elements before the first card count as part of the first card, and elements after the last card as part of the last.
struct ArrayCards {
  uint64_t begin, first, last, end;  // begin, end: addresses of the elements; first, last: numbers of cards

  ArrayCards(const ObjectSpace& objects, abi::HeapReference array)
      : begin(array + abi::array_data_offset(sizeof(abi::HeapReference))),
        first((begin + kCardBytes - 1) / kCardBytes),
        end(begin + uint64_t{objects.at<abi::VMArray>(array).length} * sizeof(abi::HeapReference)) {
    last = end / kCardBytes - 1;
  }
  [[nodiscard]] uint64_t card_of(uint64_t address) const { return std::clamp(address / kCardBytes, first, last); }
  [[nodiscard]] uint64_t begin_of(uint64_t card) const { return card == first ? begin : card * kCardBytes; }
  [[nodiscard]] uint64_t end_of(uint64_t card) const { return card == last ? end : (card + 1) * kCardBytes; }
};

class RememberedSet {
 public:
  // Arrays with at least this many references have cards.
  static constexpr uint32_t kElementsForCards = 128;

  RememberedSet(size_t capacity, CommittedTable<uint32_t> entries)
      : capacity_(capacity), entries_(std::move(entries)) {}

  // The add functions return false if there is no room. Then the set is incomplete until it is cleared.
  bool add_object(abi::HeapReference object) {
    if (!make_room(1)) return is_complete_ = false;
    entries_[count_++] = object;
    return true;
  }
  bool add_card(abi::HeapReference array, uint64_t card) {
    if (!make_room(2)) return is_complete_ = false;
    entries_[count_++] = array | 1;
    entries_[count_++] = static_cast<uint32_t>(card * kCardBytes);
    return true;
  }
  [[nodiscard]] bool is_complete() const { return is_complete_; }
  // Makes the set incomplete until it is cleared.
  void give_up() { is_complete_ = false; }

  // Calls visit_object(object) or visit_card(array, card) for each entry. The objects and cards lie all over the heap,
  // so those of later entries are prefetched.
  template <class VisitObject, class VisitCard>
  void for_each(const std::byte* base, VisitObject&& visit_object, VisitCard&& visit_card) const {
    constexpr size_t kAhead = 16;
    for (size_t i = 0; i < count_; ++i) {
      const uint32_t entry = entries_[i];
      if (i + kAhead < count_) __builtin_prefetch(base + entries_[i + kAhead]);
      if ((entry & 1) == 0) {
        visit_object(abi::HeapReference{entry});
      } else {
        visit_card(abi::HeapReference{entry & ~uint32_t{1}}, entries_[++i] / kCardBytes);
      }
    }
  }
  void clear() {
    count_ = 0;
    is_complete_ = true;
  }

 private:
  bool make_room(size_t entries) {
    return count_ + entries <= entries_.size() || (count_ + entries <= capacity_ && entries_.grow(count_ + entries));
  }

  size_t capacity_;  // largest number of words
  // An object has one word, its reference, which is even. A card has two: the array's reference plus 1, and the card's
  // address. So every word is an address in the heap, or such an address plus 1.
  CommittedTable<uint32_t> entries_;
  size_t count_ = 0;  // number of words in use
  bool is_complete_ = true;
};

}  // namespace cairn::runtime
