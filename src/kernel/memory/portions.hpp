// Portions of memory. A spin lock is held for one portion at a time, so that other fibers can run in between.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernel/memory/address.hpp"

namespace cairn::kernel {

// The end of a portion of the memory in [from, end), which begins at `from`, when the pages in it are removed: some
// small pages, a large page, or as many blocks without pages as take as long.
template <class Table>
uint64_t end_of_portion(const Table& table, uint64_t from, uint64_t end) {
  constexpr uint64_t kSmallPages = 512 * 1024, kMost = uint64_t{1} << 30;  // bytes
  const auto translation = table.translate({from});
  const bool is_large = translation && translation->level != 0;
  const uint64_t unit = is_large || table.has_no_table({from}) ? kLargePageSize : kSmallPages;
  uint64_t at = align_down(from, unit) + unit;
  while (at < end && !is_large && unit == kLargePageSize && at - from < kMost && table.has_no_table({at}))
    at += kLargePageSize;
  return std::min(at, end);
}

}  // namespace cairn::kernel
