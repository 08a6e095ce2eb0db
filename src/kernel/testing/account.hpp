// Counts the resources that are in use. The counts must be the same before a guest starts and after it has ended.
#pragma once

#include <cstdint>
#include <string>

namespace cairn::kernel {

// `heap_used`, `committed`, `filled` and `promised` are bytes. `frames` leaves out the frames of the heap and of the
// address space's records, because these keep some empty frames.
struct Account {
  uint64_t frames, heap_used, committed, filled, promised, reservations, segments;

  static Account now();
  // Returns a text such as "heap bytes +48, frames -1"; empty if nothing has changed.
  [[nodiscard]] std::string difference(const Account& before) const;
};

}  // namespace cairn::kernel
