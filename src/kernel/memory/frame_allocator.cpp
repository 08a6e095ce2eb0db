#include "kernel/memory/frame_allocator.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.hpp"

namespace cairn::kernel {
namespace {

// A record with bit 0 set belongs to the first frame of a free block and holds the block's order from bit 2 on. A
// record with bit 0 clear holds the owner's note from bit 2 on, or, inside of a free block, one of the block's links.
constexpr uint32_t kFree = 1;
constexpr uint32_t free_record(unsigned order) { return order << 2 | kFree; }

}  // namespace

uint64_t FrameAllocator::index_of(PhysAddr frame) const {
  CAIRN_ASSERT(covers(frame));
  return (frame.value - first_) >> kPageBits;
}

bool FrameAllocator::initialize(DirectMap map, std::span<const PhysRange> ranges, uint64_t highest) {
  map_ = map;
  if (ranges.empty() || highest <= ranges[0].start.value) return false;
  first_ = ranges[0].start.value;
  record_count_ = (highest - first_) >> kPageBits;
  CAIRN_ASSERT(record_count_ < uint64_t{1} << 31);  // a Link holds an index in 31 bits
  const uint64_t record_bytes = align_up(record_count_ * sizeof(uint32_t), kPageSize);
  for (const PhysRange& home : ranges) {
    if (home.size < record_bytes) continue;
    records_ = map.at<uint32_t>(home.start);
    std::memset(records_, 0, record_bytes);
    for (const PhysRange& range : ranges) {
      if (&range == &home) {
        total_frames_ += record_bytes >> kPageBits;
        add({home.start + record_bytes, home.size - record_bytes});
      } else {
        add(range);
      }
    }
    return true;
  }
  return false;
}

void FrameAllocator::add(PhysRange range) {
  const uint64_t frames = range.size >> kPageBits;
  total_frames_ += frames;
  if (frames != 0) free_contiguous(range.start, frames);
}

FrameAllocator::Links FrameAllocator::links(uint64_t index, unsigned order) const {
  uint32_t* words = order >= 2 ? records_ + index + 1 : map_.at<uint32_t>(frame_at(index));
  return {words, words + 1};
}

void FrameAllocator::push(uint64_t index, unsigned order) {
  const Links own = links(index, order);
  *own.previous = 0;
  *own.next = lists_[order];
  if (*own.next != 0) *links(index_of(*own.next), order).previous = link_to(index);
  lists_[order] = link_to(index);
  records_[index] = free_record(order);
}

void FrameAllocator::unlink(uint64_t index, unsigned order) {
  const Links own = links(index, order);
  (*own.previous != 0 ? *links(index_of(*own.previous), order).next : lists_[order]) = *own.next;
  if (*own.next != 0) *links(index_of(*own.next), order).previous = *own.previous;
  records_[index] = 0;
}

std::optional<PhysAddr> FrameAllocator::allocate(unsigned order) {
  unsigned found = order;
  while (found < kOrders && lists_[found] == 0) ++found;
  if (found >= kOrders) return std::nullopt;
  const uint64_t index = index_of(lists_[found]);
  unlink(index, found);
  while (found > order) {
    --found;
    push(index + (uint64_t{1} << found), found);
  }
  free_frames_ -= uint64_t{1} << order;
  return frame_at(index);
}

std::optional<PhysAddr> FrameAllocator::allocate_contiguous(uint64_t frames) {
  if (frames == 0 || frames > uint64_t{1} << (kOrders - 1)) return std::nullopt;
  const auto order = static_cast<unsigned>(std::bit_width(frames - 1));
  const auto block = allocate(order);
  const uint64_t surplus = (uint64_t{1} << order) - frames;
  if (block && surplus != 0) free_contiguous(*block + (frames << kPageBits), surplus);
  return block;
}

void FrameAllocator::free(PhysAddr block, unsigned order) {
  free_frames_ += uint64_t{1} << order;
  while (order + 1 < kOrders) {
    // The buddy is found by physical address, so that blocks are aligned in physical memory.
    const PhysAddr buddy{block.value ^ (kPageSize << order)};
    if (!covers(buddy) || records_[index_of(buddy)] != free_record(order)) break;
    unlink(index_of(buddy), order);
    block = std::min(block, buddy);
    ++order;
  }
  push(index_of(block), order);
}

void FrameAllocator::free_contiguous(PhysAddr start, uint64_t frames) {
  uint64_t frame = start.value >> kPageBits;
  while (frames != 0) {
    const auto aligned = static_cast<unsigned>(frame == 0 ? kOrders - 1 : std::countr_zero(frame));
    const unsigned order = std::min({aligned, static_cast<unsigned>(std::bit_width(frames) - 1), kOrders - 1});
    free({frame << kPageBits}, order);
    frame += uint64_t{1} << order;
    frames -= uint64_t{1} << order;
  }
}

}  // namespace cairn::kernel
