// A bit for each 8 bytes of a heap, set at the start of objects that marking has reached. The second bit of each word,
// which covers 512 bytes, is a card's in the large arrays of references: set when a reference in the card was stored
// to.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "runtime/heap/committed_table.hpp"
#include "runtime/heap_layout.hpp"

namespace cairn::runtime {

inline constexpr uint32_t kCardBytes = 512;

class MarkBits {
 public:
  // For addresses below `bytes`.
  static Result<MarkBits> create(uint64_t bytes) {
    return MarkBits(CAIRN_TRY(CommittedTable<uint64_t>::create(bytes / kCardBytes)));
  }
  [[nodiscard]] bool grow(uint64_t bytes) { return words_.grow(bytes / kCardBytes); }

  [[nodiscard]] bool is_marked(HeapReference object) const { return (word_of(object) & bit_of(object)) != 0; }
  // Whether it was marked before.
  bool mark(HeapReference object) {
    uint64_t& word = word_of(object);
    const uint64_t bit = bit_of(object);
    const bool was_marked = (word & bit) != 0;
    word |= bit;
    return was_marked;
  }
  // Clears those of [begin, end), multiples of kCardBytes.
  void clear(uint64_t begin, uint64_t end) {
    std::memset(&words_[begin / kCardBytes], 0, (end - begin) / kCardBytes * sizeof(uint64_t));
  }
  // Calls visit(HeapReference) for the marked objects in [begin, end), multiples of kCardBytes, that hold no large
  // array.
  template <class Visit>
  void for_each_marked(uint64_t begin, uint64_t end, Visit&& visit) const {
    for (uint64_t at = begin; at < end; at += kCardBytes) {
      for (uint64_t word = words_[at / kCardBytes]; word != 0; word &= word - 1) {
        visit(static_cast<HeapReference>(at + 8 * static_cast<unsigned>(std::countr_zero(word))));
      }
    }
  }

  // Of the card that the address lies in; whether it was dirty before.
  bool mark_card(uint64_t address) {
    uint64_t& word = words_[address / kCardBytes];
    const bool was_dirty = (word & kCardBit) != 0;
    word |= kCardBit;
    return was_dirty;
  }
  void clear_card(uint64_t address) { words_[address / kCardBytes] &= ~kCardBit; }

 private:
  static constexpr uint64_t kCardBit = 2;
  explicit MarkBits(CommittedTable<uint64_t> words) : words_(std::move(words)) {}
  [[nodiscard]] uint64_t& word_of(HeapReference object) const { return words_[object / kCardBytes]; }
  static uint64_t bit_of(HeapReference object) { return uint64_t{1} << (object / 8 % 64); }

  CommittedTable<uint64_t> words_;
};

}  // namespace cairn::runtime
