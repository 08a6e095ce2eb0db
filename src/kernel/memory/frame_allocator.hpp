// Physical memory in frames of 4 KiB: a buddy allocator with a record of 32 bits for each frame.
//
// Free blocks of 2^order frames, aligned to their size, are in one list for each order. The record of a free
// block's first frame holds the block's order. The owner of an allocated block may keep a small number in the record of
// each frame. The heap does so, and can therefore free memory by its address alone.
//
// The links of a free block lie in the records of its second and third frame, so the allocator does not touch free
// memory. This matters in a virtual machine, whose host provides memory only at the first touch, 2 MiB at a time.
// Blocks of one and two frames have too few records; their links lie in the first frame.
//
// This class has no lock; FrameSource (frame_source.hpp) adds one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "kernel/memory/address.hpp"

namespace cairn::kernel {

class FrameAllocator {
 public:
  static constexpr unsigned kOrders = 19;  // the largest block has 1 GiB

  // The ranges are ascending, disjoint, page-aligned, and mapped by `map`. Records are put into the first range that
  // has room for them; they cover [start of the first range, `highest`). Returns false if no range is large enough.
  bool initialize(DirectMap map, std::span<const PhysRange> ranges, uint64_t highest);
  // Adds memory that the records cover and `map` maps.
  void add(PhysRange range);

  // Allocates a block of 2^order frames, contents unspecified.
  std::optional<PhysAddr> allocate(unsigned order);
  // Allocates `frames` contiguous frames, not rounded up to a power of two.
  std::optional<PhysAddr> allocate_contiguous(uint64_t frames);
  void free(PhysAddr block, unsigned order);
  void free_contiguous(PhysAddr start, uint64_t frames);

  [[nodiscard]] uint64_t free_frames() const { return free_frames_; }
  // The number of all frames: free ones, allocated ones, and those of the records.
  [[nodiscard]] uint64_t total_frames() const { return total_frames_; }
  [[nodiscard]] uint64_t record_frames() const {
    return align_up(record_count_ * sizeof(uint32_t), kPageSize) >> kPageBits;
  }

  // The owner of an allocated block may note a number of 30 bits for each of its frames.
  void set_note(PhysAddr frame, uint32_t note) { records_[index_of(frame)] = note << 2; }
  [[nodiscard]] uint32_t note(PhysAddr frame) const { return records_[index_of(frame)] >> 2; }
  [[nodiscard]] bool covers(PhysAddr frame) const {
    return frame.value >= first_ && (frame.value - first_) >> kPageBits < record_count_;
  }
  [[nodiscard]] const DirectMap& map() const { return map_; }

 private:
  // A free block: 2 * (index of its first frame + 1), or 0 for none. Bit 0 is clear, because a record with bit 0 set
  // is that of a free block's first frame.
  using Link = uint32_t;
  struct Links {
    Link* next;
    Link* previous;
  };
  static constexpr Link link_to(uint64_t index) { return static_cast<Link>((index + 1) << 1); }
  static constexpr uint64_t index_of(Link link) { return (link >> 1) - 1; }
  [[nodiscard]] Links links(uint64_t index, unsigned order) const;
  [[nodiscard]] uint64_t index_of(PhysAddr frame) const;
  [[nodiscard]] PhysAddr frame_at(uint64_t index) const { return {first_ + (index << kPageBits)}; }
  void push(uint64_t index, unsigned order);
  void unlink(uint64_t index, unsigned order);

  DirectMap map_{0};
  uint64_t first_ = 0;  // physical address of record 0
  uint64_t record_count_ = 0;
  uint32_t* records_ = nullptr;
  std::array<Link, kOrders> lists_{};  // the first free block of each order
  uint64_t free_frames_ = 0;
  uint64_t total_frames_ = 0;
};

}  // namespace cairn::kernel
