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
    for (unsigned i = 0; i < count_; ++i) {
      const PhysAddr frame{align_down(entries_[i], kPageSize)};
      const unsigned level = static_cast<unsigned>(entries_[i] >> kLevelShift) & 3;
      switch (static_cast<RemovedAs>(entries_[i] & 3)) {
        case RemovedAs::free_page: frames.free(frame, level); break;
        case RemovedAs::promised_page: frames.unredeem(frame, level); break;
        case RemovedAs::table: frames.free_table(frame); break;
      }
    }
    count_ = 0;
  }

 private:
  static constexpr unsigned kLevelShift = 2;

  // Each entry holds a frame's address; its low bits hold the level of the page and the RemovedAs.
  std::array<uint64_t, kCapacity> entries_{};
  unsigned count_ = 0;
};

}  // namespace cairn::kernel
