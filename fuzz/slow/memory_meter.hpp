// Counts the bytes of heap that are in use, and their maximum. All allocations by C's functions count, which operator
// new uses, too.
#pragma once

#include <cstddef>

namespace cairn::fuzz {

struct MemoryMeter {
  static size_t live();      // bytes in use
  static size_t peak();      // the most bytes in use since reset_peak()
  static void reset_peak();  // sets the peak to live()
};

}  // namespace cairn::fuzz
