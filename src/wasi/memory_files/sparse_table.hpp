// A table from 64-bit numbers to pointers that takes memory only near the numbers that are in it: a radix tree of
// branches with 64 slots. Growing it copies nothing. It is as high as its greatest number needs; number 0 alone needs
// no branch.
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

  // Null when there is none.
  [[nodiscard]] void* find(uint64_t index) const;
  // The first at `index` or behind it.
  [[nodiscard]] std::optional<Found> next(uint64_t index) const;
  // `item` is not null, and nothing is at `index`. After a failure the table is as it was.
  Errno insert(Account& account, uint64_t index, void* item);
  // Gives back what was at `index`: there is something. Branches that become empty are released.
  void* remove(Account& account, uint64_t index);

  [[nodiscard]] bool empty() const { return root_ == nullptr; }

 private:
  struct Branch;

  void* root_ = nullptr;  // a Branch; the item at 0 when there are no levels
  uint32_t levels_ = 0;   // branches on the way to an item
};

}  // namespace cairn::wasi
