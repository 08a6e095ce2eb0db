// How many bytes of heap are in use, and were at most: all that was allocated by C's functions, which operator new
// uses.
#pragma once

#include <cstddef>

namespace cairn::fuzz {

struct MemoryMeter {
  static size_t live();
  static size_t peak();
  static void reset_peak();  // to what is live
};

}  // namespace cairn::fuzz
