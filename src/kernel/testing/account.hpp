// What a guest must leave as it was.
#pragma once

#include <cstdint>
#include <string>

namespace cairn::kernel {

// Frames are counted without those that the heap and the address space's records hold, which keep some that are empty.
struct Account {
  uint64_t frames, heap_used, committed, filled, promised, reservations, segments;

  static Account now();
  // "heap bytes +48, frames -1"; empty when nothing has changed.
  [[nodiscard]] std::string difference(const Account& before) const;
};

}  // namespace cairn::kernel
