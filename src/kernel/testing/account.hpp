// Counts the resources that a guest must leave as they were.
#pragma once

#include <cstdint>
#include <string>

namespace cairn::kernel {

// Frames that the heap and the address space's records hold are not counted, because these keep some empty frames.
struct Account {
  uint64_t frames, heap_used, committed, filled, promised, reservations, segments;

  static Account now();
  // Returns a text such as "heap bytes +48, frames -1"; empty if nothing has changed.
  [[nodiscard]] std::string difference(const Account& before) const;
};

}  // namespace cairn::kernel
