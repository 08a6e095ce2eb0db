// A list of ranges of RAM: sorted, page-aligned, without overlaps. BootInfo has two of them: `ram` is all RAM that the
// firmware reports, and `memory` is the free RAM, from which reserve() has removed the occupied parts. A list needs no
// heap. Ranges beyond its fixed capacity are left out; the only effect is that their memory is not used.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "kernel/memory/address.hpp"

namespace cairn::kernel {

class MemoryMap {
 public:
  static constexpr size_t kCapacity = 64;

  // Adds RAM, shrunk to whole pages. Ranges are ignored if they are empty, wrap around or reach beyond the physical
  // address 2^52.
  void add_usable(PhysRange range);
  // Removes these bytes, widened to whole pages. Must be called after all calls of add_usable.
  void reserve(PhysRange range);

  // The ranges, ascending and disjoint.
  [[nodiscard]] std::span<const PhysRange> usable() const { return {ranges_.data(), count_}; }
  [[nodiscard]] uint64_t total_bytes() const;
  // The address after the last byte of the last range; 0 if there are no ranges.
  [[nodiscard]] uint64_t highest() const { return count_ == 0 ? 0 : ranges_[count_ - 1].end(); }

 private:
  void insert_at(size_t position, PhysRange range);
  void erase_at(size_t position);

  std::array<PhysRange, kCapacity> ranges_{};
  size_t count_ = 0;
};

}  // namespace cairn::kernel
