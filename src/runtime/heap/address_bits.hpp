// AddressBits is a bitmap with one bit for each `kUnit` bytes of a heap.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "abi/heap_layout.hpp"
#include "base/result.hpp"
#include "runtime/heap/committed_table.hpp"

namespace cairn::runtime {

template <uint64_t kUnit>
class AddressBits {
 public:
  static constexpr uint64_t kBytesPerWord = 64 * kUnit;

  // Makes a bitmap for addresses below `bytes`. An address is an offset from the heap's base.
  static Result<AddressBits> create(uint64_t bytes) {
    return AddressBits(CAIRN_TRY(CommittedTable<uint64_t>::create(bytes / kBytesPerWord)));
  }
  // Makes the bits of addresses below `bytes` accessible. Returns false if there is no memory.
  [[nodiscard]] bool grow(uint64_t bytes) { return words_.grow((bytes + kBytesPerWord - 1) / kBytesPerWord); }

  [[nodiscard]] bool test(uint64_t address) const { return (word_of(address) & bit_of(address)) != 0; }
  void reset(uint64_t address) { word_of(address) &= ~bit_of(address); }
  // Sets the bit of `address`. Returns whether it was set before.
  bool set(uint64_t address) {
    uint64_t& word = word_of(address);
    const uint64_t bit = bit_of(address);
    const bool was_set = (word & bit) != 0;
    word |= bit;
    return was_set;
  }
  // Clears the bits of [begin, end); both are multiples of kBytesPerWord.
  void clear(uint64_t begin, uint64_t end) {
    std::memset(&words_[begin / kBytesPerWord], 0, (end - begin) / kBytesPerWord * sizeof(uint64_t));
  }
  // Calls visit(address) for each set bit in [begin, end); both are multiples of kBytesPerWord.
  template <class Visit>
  void for_each(uint64_t begin, uint64_t end, Visit&& visit) const {
    for (uint64_t at = begin; at < end; at += kBytesPerWord) {
      for (uint64_t word = words_[at / kBytesPerWord]; word != 0; word &= word - 1) {
        visit(at + kUnit * static_cast<unsigned>(std::countr_zero(word)));
      }
    }
  }

 private:
  explicit AddressBits(CommittedTable<uint64_t> words) : words_(std::move(words)) {}
  [[nodiscard]] uint64_t& word_of(uint64_t address) const { return words_[address / kBytesPerWord]; }
  static uint64_t bit_of(uint64_t address) { return uint64_t{1} << (address / kUnit % 64); }

  CommittedTable<uint64_t> words_;
};

// Bits of objects: the bit of an object's first address is set when marking has reached the object.
using MarkBits = AddressBits<8>;
// Bits of cards, the parts of 64 bytes of long arrays of references: the bit of a card is set while the card is in the
// remembered set.
inline constexpr uint64_t kCardBytes = 64;
using CardBits = AddressBits<kCardBytes>;

}  // namespace cairn::runtime
