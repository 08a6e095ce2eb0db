// CodeRegistry finds the code image that contains a program counter. Fault handlers call find(), so it takes no lock
// (INV-9). There are two tables. A writer changes the spare table, makes it the current one, waits until no thread
// reads the old table any more, and then makes the same change there.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/try_vector.hpp"
#include "runtime/guarded.hpp"

namespace cairn::runtime {

class CodeImage;

class CodeRegistry {
 public:
  CodeRegistry() = default;

  // Adds an image. Returns false if there is no memory for the entry.
  [[nodiscard]] bool try_add(const CodeImage& image);
  // Removes an image, which needs no memory. The caller guarantees that no thread runs the image's code.
  void remove(const CodeImage& image);
  // Returns the image that contains `pc`; null if there is none.
  [[nodiscard]] const CodeImage* find(uintptr_t pc) const;

 private:
  struct Table {
    TryVector<const CodeImage*> images;  // sorted by address
    // The number of threads in find() that use this table. A thread counts itself before it checks that the table is
    // current.
    mutable std::atomic<uint32_t> readers = 0;
  };
  struct Writing {};  // without data: its lock lets one writer at a time change the tables
  Table& spare() { return tables_[1 - current_.load(std::memory_order_relaxed)]; }
  void publish();

  Guarded<Writing, LockRank::code_registry> writing_;
  std::array<Table, 2> tables_;
  std::atomic<uint32_t> current_ = 0;
};

}  // namespace cairn::runtime
