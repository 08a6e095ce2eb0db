// Which code image a program counter lies in. Looked up by fault handlers, so that look-ups take no lock: there are two
// tables, and a writer changes the one that nobody looks at, makes it the current one, and waits for those who look at
// the other.
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

  // False: there is no memory. Removing needs none.
  [[nodiscard]] bool try_add(const CodeImage& image);
  // The image's code must not be running any more.
  void remove(const CodeImage& image);
  [[nodiscard]] const CodeImage* find(uintptr_t pc) const;

 private:
  struct Table {
    TryVector<const CodeImage*> images;  // sorted by address
    mutable std::atomic<uint32_t> readers =
        0;  // threads in find(), each counted before it makes sure that the table is current
  };
  struct Writing {};
  Table& spare() { return tables_[1 - current_.load(std::memory_order_relaxed)]; }
  void publish();

  Guarded<Writing, LockRank::code_registry> writing_;
  std::array<Table, 2> tables_;
  std::atomic<uint32_t> current_ = 0;
};

}  // namespace cairn::runtime
