// The source of all frames: the allocator with its lock, and the account of promises (INV-17).
//
// A promised frame is one that may be taken later and must be available then: for a committed page that was not touched
// yet, or for a page table that touching it needs. free_frames() never drops below the number of promised frames.
//
// Besides the promised frames there is a reserve (INV-19). Guests' memory and all other allocations that may fail
// (Claim::fallible, promise) do not use it. The kernel's own small objects, whose allocation must not fail, do
// (Claim::last). So a guest that has taken all memory it can get leaves enough for the kernel to continue.
#pragma once

#include <cstdint>
#include <optional>

#include "base/assert.hpp"
#include "base/sync/locked.hpp"
#include "base/sync/spin_lock.hpp"
#include "kernel/memory/frame_allocator.hpp"
#include "kernel/memory/injected_failure.hpp"

namespace cairn::kernel {

// Whether an allocation may fail and leaves the reserve alone (`fallible`), or may take the reserve, too (`last`).
enum class Claim : uint8_t { fallible, last };

class FrameSource {
 public:
  struct State {
    FrameAllocator frames;
    uint64_t promised = 0;
    uint64_t reserve = 0;

    // The number of frames that an allocation with this claim may take.
    [[nodiscard]] uint64_t available(Claim claim) const {
      const uint64_t free = frames.free_frames(), taken = promised + (claim == Claim::fallible ? reserve : 0);
      return free > taken ? free - taken : 0;
    }
  };

  template <class F>
  decltype(auto) with(F&& function) {
    return state_.with(std::forward<F>(function));
  }

  // Allocates a frame for kernel data or a page table. Promised frames are not used.
  std::optional<PhysAddr> allocate() { return allocate_contiguous(1, Claim::last); }
  std::optional<PhysAddr> allocate_contiguous(uint64_t count, Claim claim = Claim::last) {
    return with([&](State& s) -> std::optional<PhysAddr> {
      if (s.available(claim) < count) return std::nullopt;
      return count == 1 ? s.frames.allocate(0) : s.frames.allocate_contiguous(count);
    });
  }
  // Allocates 2^order frames for a slab, aligned to their size, each with this note.
  std::optional<PhysAddr> allocate_block(unsigned order, uint32_t note, Claim claim) {
    return with([&](State& s) -> std::optional<PhysAddr> {
      const uint64_t count = uint64_t{1} << order;
      if (s.available(claim) < count) return std::nullopt;
      const auto block = s.frames.allocate(order);
      for (uint64_t i = 0; block && i < count; ++i) s.frames.set_note(*block + i * kPageSize, note);
      return block;
    });
  }
  void free_contiguous(PhysAddr start, uint64_t count) {
    with([&](State& s) { s.frames.free_contiguous(start, count); });
  }
  void set_note(PhysAddr frame, uint32_t note) {
    with([&](State& s) { s.frames.set_note(frame, note); });
  }
  uint32_t note(PhysAddr frame) {
    return with([&](State& s) { return s.frames.covers(frame) ? s.frames.note(frame) : 0; });
  }

  // Promises `count` frames; returns false if fewer are available.
  [[nodiscard]] bool promise(uint64_t count, Claim claim = Claim::fallible) {
    if (must_fail(claim)) return false;
    return with([&](State& s) {
      if (s.available(claim) < count) return false;
      s.promised += count;
      return true;
    });
  }
  void forget_promise(uint64_t count) {
    with([&](State& s) {
      CAIRN_ASSERT(s.promised >= count);
      s.promised -= count;
    });
  }
  // Takes 2^order of the promised frames. Fails only when memory is too fragmented for this order; never for order 0.
  std::optional<PhysAddr> redeem(unsigned order) {
    return with([&](State& s) {
      CAIRN_ASSERT(s.promised >= uint64_t{1} << order);
      const auto block = s.frames.allocate(order);
      if (block) s.promised -= uint64_t{1} << order;
      return block;
    });
  }
  // The opposite of redeem for a page of this level: its frames are free and promised again.
  void unredeem(PhysAddr page, unsigned level) {
    with([&](State& s) {
      const uint64_t count = uint64_t{1} << (9 * level);
      s.frames.free_contiguous(page, count);
      s.promised += count;
    });
  }
  [[nodiscard]] uint64_t promised() {
    return with([](State& s) { return s.promised; });
  }

  // Whether a test wants this allocation to fail. Allocations that may fail ask this first.
  [[nodiscard]] bool must_fail(Claim claim) { return claim == Claim::fallible && injected_.next(); }
  [[nodiscard]] InjectedFailure& injected_failure() { return injected_; }

  // PageTable calls redeem_table and free_table for its tables, and free for owned pages that are unmapped.
  std::optional<PhysAddr> redeem_table() { return redeem(0); }
  void free_table(PhysAddr frame) { free_contiguous(frame, 1); }
  void free(PhysAddr page, unsigned level) { free_contiguous(page, uint64_t{1} << (9 * level)); }

 private:
  Locked<State, SpinLock, LockRank::frames> state_;
  InjectedFailure injected_;
};

}  // namespace cairn::kernel
