#include "kernel/memory/memory_map.hpp"

#include <algorithm>

namespace cairn::kernel {
namespace {
// The end of the largest physical address space that x86-64 allows [sdm 3A 4.1.4]. RAM beyond it is not used.
constexpr uint64_t kPhysicalLimit = uint64_t{1} << 52;
}  // namespace

void MemoryMap::insert_at(size_t position, PhysRange range) {
  if (count_ == kCapacity) return;
  std::move_backward(ranges_.begin() + position, ranges_.begin() + count_, ranges_.begin() + count_ + 1);
  ranges_[position] = range;
  ++count_;
}

void MemoryMap::erase_at(size_t position) {
  std::move(ranges_.begin() + position + 1, ranges_.begin() + count_, ranges_.begin() + position);
  --count_;
}

void MemoryMap::add_usable(PhysRange range) {
  if (range.start.value >= kPhysicalLimit || range.size > kPhysicalLimit - range.start.value) return;
  uint64_t start = align_up(range.start.value, kPageSize);
  uint64_t end = align_down(range.end(), kPageSize);
  if (start >= end) return;
  // The new range absorbs every range that touches it.
  size_t position = 0;
  while (position < count_ && ranges_[position].end() < start) ++position;
  while (position < count_ && ranges_[position].start.value <= end) {
    start = std::min(start, ranges_[position].start.value);
    end = std::max(end, ranges_[position].end());
    erase_at(position);
  }
  insert_at(position, {{start}, end - start});
}

void MemoryMap::reserve(PhysRange range) {
  if (range.size == 0 || range.start.value >= kPhysicalLimit) return;
  const uint64_t start = align_down(range.start.value, kPageSize);
  const uint64_t end =
      align_up(range.start.value + std::min(range.size, kPhysicalLimit - range.start.value), kPageSize);
  for (size_t i = 0; i < count_;) {
    const PhysRange old = ranges_[i];
    if (old.end() <= start || old.start.value >= end) {
      ++i;
      continue;
    }
    erase_at(i);
    if (old.start.value < start) insert_at(i++, {old.start, start - old.start.value});
    if (old.end() > end) insert_at(i++, {{end}, old.end() - end});
  }
}

uint64_t MemoryMap::total_bytes() const {
  uint64_t total = 0;
  for (const PhysRange& range : usable()) total += range.size;
  return total;
}

}  // namespace cairn::kernel
