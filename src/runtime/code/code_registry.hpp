// Finds the code image that a program counter lies in. Fault handlers look up, so a look-up takes no lock (INV-9).
// There are two tables: a writer changes the spare table, makes it the current one, and waits until no thread reads the
// other table any more.
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

  // Returns false if there is no memory for the entry. remove() needs no memory.
  [[nodiscard]] bool try_add(const CodeImage& image);
  // The caller guarantees that no thread runs the image's code.
  void remove(const CodeImage& image);
  [[nodiscard]] const CodeImage* find(uintptr_t pc) const;

 private:
  struct Table {
    TryVector<const CodeImage*> images;  // sorted by address
    // The number of threads in find(). Each counts itself before it checks that the table is current.
    mutable std::atomic<uint32_t> readers = 0;
  };
  struct Writing {};
  Table& spare() { return tables_[1 - current_.load(std::memory_order_relaxed)]; }
  void publish();

  Guarded<Writing, LockRank::code_registry> writing_;
  std::array<Table, 2> tables_;
  std::atomic<uint32_t> current_ = 0;
};

}  // namespace cairn::runtime
