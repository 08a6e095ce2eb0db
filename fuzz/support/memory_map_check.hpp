// Checks of memory maps that the kernel has made. What they demand holds whatever the firmware reported.
#pragma once

#include "kernel/memory/memory_map.hpp"
#include "support/check.hpp"

namespace cairn::fuzz {

inline void check_map(const kernel::MemoryMap& map) {
  uint64_t last = 0;
  bool is_first = true;
  for (const kernel::PhysRange& range : map.usable()) {
    check(range.size != 0 && range.size % kernel::kPageSize == 0 && range.start.value % kernel::kPageSize == 0,
          "a range of the memory map is not whole pages");
    check(range.start.value + range.size > range.start.value, "a range of the memory map wraps around");
    check(is_first || range.start.value >= last, "the memory map is not in order");
    last = range.start.value + range.size, is_first = false;
  }
}

// Checks that no part of `taken` is in the map.
inline void check_taken(const kernel::MemoryMap& map, const kernel::PhysRange& taken) {
  for (const kernel::PhysRange& range : map.usable()) {
    check(taken.size == 0 || range.end() <= taken.start.value || range.start.value >= taken.start.value + taken.size,
          "what is taken is still free");
  }
}

}  // namespace cairn::fuzz
