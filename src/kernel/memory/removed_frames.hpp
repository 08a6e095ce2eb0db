// Frames that were taken out of the page tables, and that other CPUs may still see. They are kept here until all CPUs
// have forgotten them (INV-23). Nothing is written into the frames, because other CPUs may still walk through a removed
// table or write to a removed page.
#pragma once

#include <array>
#include <cstdint>

#include "base/assert.hpp"
#include "kernel/memory/address.hpp"

namespace cairn::kernel {

// The state of a removed frame after give_back(): a page's frames are free, or free and promised again
// (FrameSource::unredeem); a table's frame is free.
enum class RemovedAs : uint8_t { free_page, promised_page, table };

class RemovedFrames {
 public:
  static constexpr unsigned kCapacity = 512;  // number of pages and tables

  [[nodiscard]] bool is_full() const { return count_ == kCapacity; }
  [[nodiscard]] unsigned count() const { return count_; }

  // Adds the 512^level frames of a page, of which `frame` is the first, or the frame of a page table (with level 0).
  void add(PhysAddr frame, unsigned level, RemovedAs removed_as) {
    CAIRN_ASSERT(!is_full());
    entries_[count_++] = frame.value | level << kLevelShift | static_cast<uint64_t>(removed_as);
  }

  // Gives all frames to their source. No CPU may see any of them.
  template <class Frames>
  void give_back(Frames& frames) {
    for (unsigned i = 0; i < count_;) {
      const PhysAddr frame = frame_of(entries_[i]);
      const auto removed_as = static_cast<RemovedAs>(entries_[i] & 3);
      uint64_t count = frames_of(entries_[i++]);
      if (removed_as == RemovedAs::table) {
        frames.free_table(frame);
        continue;
      }
      // Pages that were filled together have consecutive frames, which are given back together.
      while (i < count_ && (entries_[i] & 3) == static_cast<uint64_t>(removed_as) &&
             frame_of(entries_[i]) == frame + count * kPageSize)
        count += frames_of(entries_[i++]);
      if (removed_as == RemovedAs::free_page) {
        frames.free_pages(frame, count);
      } else {
        frames.unredeem(frame, count);
      }
    }
    count_ = 0;
  }

 private:
  static constexpr unsigned kLevelShift = 2;

  static PhysAddr frame_of(uint64_t entry) { return {align_down(entry, kPageSize)}; }
  static uint64_t frames_of(uint64_t entry) { return uint64_t{1} << 9 * (entry >> kLevelShift & 3); }

  // Each entry holds a frame's address; its low bits hold the level of the page and the RemovedAs.
  std::array<uint64_t, kCapacity> entries_{};
  unsigned count_ = 0;
};

}  // namespace cairn::kernel
