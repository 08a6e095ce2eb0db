// A table from 64-bit numbers to pointers that takes memory only near the numbers it contains: a radix tree of branches
// with 64 slots. Growing it copies nothing. It is as high as its greatest number needs; number 0 alone needs no branch.
#pragma once

#include <cstdint>
#include <optional>

#include "wasi/memory_files/account.hpp"

namespace cairn::wasi {

class SparseTable {
 public:
  struct Found {
    uint64_t index;
    void* item;
  };

  SparseTable() = default;
  SparseTable(const SparseTable&) = delete;
  SparseTable& operator=(const SparseTable&) = delete;

  // Returns the item at `index`; null when there is none.
  [[nodiscard]] void* find(uint64_t index) const;
  // Returns the first item at `index` or after it.
  [[nodiscard]] std::optional<Found> next(uint64_t index) const;
  // `item` must not be null, and there must be no item at `index`. A failure changes nothing.
  Errno insert(Account& account, uint64_t index, void* item);
  // Removes and returns the item at `index`, which must exist. Branches that become empty are freed.
  void* remove(Account& account, uint64_t index);

  [[nodiscard]] bool empty() const { return root_ == nullptr; }

 private:
  struct Branch;

  void* root_ = nullptr;  // a Branch, or the item at index 0 when there are no levels
  uint32_t levels_ = 0;   // number of branches on the way to an item
};

}  // namespace cairn::wasi
