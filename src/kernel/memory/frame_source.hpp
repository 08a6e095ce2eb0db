// The machine's frames for everyone: the allocator behind its lock, and the account of promises.
//
// A committed page is a promise: touching it later must not fail. So committing charges a frame, filling the page pays for
// it, and the charge is refused when free frames do not cover all promises and a reserve for page tables and the kernel's
// heap. Everyone else (allocate) may use the reserve, but never a frame that is promised.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/memory/frame_allocator.hpp"
#include "kernel/sync/spin_lock.hpp"

namespace cairn::kernel {

class FrameSource {
 public:
  struct State {
    FrameAllocator frames;
    uint64_t promised = 0;
    uint64_t reserve = 0;
  };

  template <class F>
  decltype(auto) with(F&& function) {
    return state_.with(std::forward<F>(function));
  }

  // For kernel data and page tables. None rather than touch what is promised.
  std::optional<PhysAddr> allocate() { return allocate_contiguous(1); }
  std::optional<PhysAddr> allocate_contiguous(uint64_t count) {
    return with([&](State& s) -> std::optional<PhysAddr> {
      if (s.frames.free_frames() < s.promised + count) return std::nullopt;
      return count == 1 ? s.frames.allocate(0) : s.frames.allocate_contiguous(count);
    });
  }
  // For a slab: 2^order frames, aligned to their size, each with this note.
  std::optional<PhysAddr> allocate_block(unsigned order, uint32_t note) {
    return with([&](State& s) -> std::optional<PhysAddr> {
      const uint64_t count = uint64_t{1} << order;
      if (s.frames.free_frames() < s.promised + count) return std::nullopt;
      const auto block = s.frames.allocate(order);
      for (uint64_t i = 0; block && i < count; ++i) s.frames.set_note(*block + i * kPageSize, note);
      return block;
    });
  }
  void free_table(PhysAddr frame) { free_contiguous(frame, 1); }
  void free_contiguous(PhysAddr start, uint64_t count) {
    with([&](State& s) { s.frames.free_contiguous(start, count); });
  }
  void set_note(PhysAddr frame, uint32_t note) {
    with([&](State& s) { s.frames.set_note(frame, note); });
  }
  uint32_t note(PhysAddr frame) {
    return with([&](State& s) { return s.frames.covers(frame) ? s.frames.note(frame) : 0; });
  }

  // Promises `count` frames; false: there are not as many.
  [[nodiscard]] bool promise(uint64_t count) {
    return with([&](State& s) {
      const uint64_t free = s.frames.free_frames();
      if (free < s.promised + s.reserve || free - s.promised - s.reserve < count) return false;
      s.promised += count;
      return true;
    });
  }
  void forget_promise(uint64_t count) {
    with([&](State& s) { s.promised -= count; });
  }
  // 2^order of the promised frames. None only when memory is too fragmented for this order; never for order 0.
  std::optional<PhysAddr> redeem(unsigned order) {
    return with([&](State& s) {
      const auto block = s.frames.allocate(order);
      if (block) s.promised -= uint64_t{1} << order;
      return block;
    });
  }
  // Frames of a page that goes away.
  void free(PhysAddr page, unsigned level) {
    freed_ += uint64_t{1} << (9 * level);
    free_contiguous(page, uint64_t{1} << (9 * level));
  }
  // How many frames free(page, level) has given back: who unmaps committed memory learns how much of it was filled.
  [[nodiscard]] uint64_t freed() const { return freed_; }

 private:
  Locked<State> state_;
  uint64_t freed_ = 0;  // written under the address space's lock
};

}  // namespace cairn::kernel
