// Where old objects may refer to young ones: objects that were stored to since the last collection, and cards (512
// bytes) of large arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "runtime/heap/committed_table.hpp"
#include "runtime/heap_layout.hpp"

namespace cairn::runtime {

class RememberedSet {
 public:
  RememberedSet(size_t capacity, CommittedTable<uint32_t> entries)
      : capacity_(capacity), entries_(std::move(entries)) {}

  // False: there is no room, and from now on until it is cleared the set is not complete.
  bool add_object(HeapReference object) { return add(object); }
  bool add_card(uint64_t address) { return add(static_cast<uint32_t>(address) | 1); }

  [[nodiscard]] bool is_complete() const { return is_complete_; }
  [[nodiscard]] std::span<const uint32_t> entries() const { return {entries_.data(), count_}; }
  static bool is_card(uint32_t entry) { return (entry & 1) != 0; }
  static uint32_t card_of(uint32_t entry) { return entry & ~uint32_t{1}; }
  void clear() {
    count_ = 0;
    is_complete_ = true;
  }

 private:
  bool add(uint32_t entry) {
    if (count_ == entries_.size() && (count_ >= capacity_ || !entries_.grow(count_ + 1))) return is_complete_ = false;
    entries_[count_++] = entry;
    return true;
  }

  size_t capacity_;
  CommittedTable<uint32_t> entries_;
  size_t count_ = 0;
  bool is_complete_ = true;
};

}  // namespace cairn::runtime
