// Timers in the order in which they end: a hierarchical wheel (scheme 7 of Varghese and Lauck, "Hashed and
// Hierarchical Timing Wheels").
//
// Time is counted in granules of 2^14 ns (16 us). Level 0 has a slot for each of the next 64 granules, level 1 a slot
// for each of the next 64 spans of 64 granules, and so on: a timer stands at the level of the highest group of six bits
// in which its end and the present differ. Arming and disarming take a few instructions. A timer moves down one level
// or more each time that the present enters its slot, so at most kLevels times before it ends.
//
// Timers belong to their owners, so nothing here allocates. The wheel has no lock.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/assert.hpp"

namespace cairn::kernel {

class TimerWheel;

// A timer. It must not be armed when it is destroyed.
class Timer {
 public:
  Timer() = default;
  ~Timer() { CAIRN_ASSERT(!is_armed()); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  [[nodiscard]] bool is_armed() const { return next_ != nullptr; }
  // The time at which the timer ends, in nanoseconds.
  [[nodiscard]] uint64_t deadline() const { return deadline_; }

 private:
  friend class TimerWheel;
  uint64_t deadline_ = 0;
  Timer* next_ = nullptr;  // the next timer in the ring of this slot; null: not armed
  Timer* previous_ = nullptr;
  uint8_t level_ = 0;
  uint8_t slot_ = 0;
};

class TimerWheel {
 public:
  static constexpr uint64_t kNever = ~uint64_t{0};
  static constexpr unsigned kGranuleBits = 14;
  // The latest time at which a timer can end, in nanoseconds: 146 years.
  static constexpr uint64_t kFarthest = uint64_t{1} << 62;

  // Arms a timer that is not armed. If the deadline is in the past, the timer ends with the next call of expire(); if
  // the deadline is after kFarthest, it ends at kFarthest.
  void arm(Timer& timer, uint64_t deadline) {
    CAIRN_ASSERT(!timer.is_armed());
    timer.deadline_ = deadline < kFarthest ? deadline : kFarthest;
    insert(timer);
    ++count_;
  }

  // Disarms a timer that is armed in this wheel.
  void disarm(Timer& timer) {
    CAIRN_ASSERT(timer.is_armed());
    unlink(timer);
    --count_;
  }

  // The earliest time, in nanoseconds, at which expire() may have something to do, possibly only moving timers to lower
  // levels. No timer ends before that time, and it is less than a granule after the first deadline. kNever when no
  // timer is armed.
  [[nodiscard]] uint64_t next_event() const {
    const unsigned level = lowest_level();
    return level == kLevels ? kNever : start_of(level, first_slot(level)) << kGranuleBits;
  }

  // Disarms one timer whose deadline has passed at `now`, and returns it; null when there is none. `now` must not be
  // less than in earlier calls. Of timers whose deadlines are a granule or more apart, the earlier one comes first.
  Timer* expire(uint64_t now) {
    const uint64_t granule = now >> kGranuleBits;
    for (;;) {
      const unsigned level = lowest_level();
      if (level == kLevels) break;
      const unsigned slot = first_slot(level);
      const uint64_t start = start_of(level, slot);
      if (start > granule) break;
      present_ = start;
      if (level == 0) {
        Timer& timer = *rings_[level][slot];
        unlink(timer);
        --count_;
        return &timer;
      }
      // The present has entered this slot, so its timers move to lower levels.
      while (Timer* const timer = rings_[level][slot]) {
        unlink(*timer);
        insert(*timer);
      }
    }
    if (present_ < granule) present_ = granule;
    return nullptr;
  }

  // The number of armed timers.
  [[nodiscard]] uint64_t count() const { return count_; }

 private:
  static constexpr unsigned kGroupBits = 6;  // bits of a time in granules that choose the slot of a level
  static constexpr unsigned kSlots = 1 << kGroupBits;
  static constexpr unsigned kLevels = (64 - kGranuleBits + kGroupBits - 1) / kGroupBits;

  // The granule in which the timer ends: the first that begins at its deadline or later.
  static uint64_t end_of(const Timer& timer) {
    return (timer.deadline_ >> kGranuleBits) + ((timer.deadline_ & ((uint64_t{1} << kGranuleBits) - 1)) != 0 ? 1 : 0);
  }

  [[nodiscard]] unsigned lowest_level() const { return static_cast<unsigned>(std::countr_zero(levels_)); }
  [[nodiscard]] unsigned first_slot(unsigned level) const {
    return static_cast<unsigned>(std::countr_zero(occupied_[level]));
  }
  // The granule at which the slot begins. Slots of a level are in the present's span of the level above, and none is
  // earlier than the present.
  [[nodiscard]] uint64_t start_of(unsigned level, unsigned slot) const {
    const unsigned shift = level * kGroupBits;
    const unsigned above = shift + kGroupBits;
    const uint64_t span = above >= 64 ? 0 : present_ >> above << above;
    return span | uint64_t{slot} << shift;
  }

  void insert(Timer& timer) {
    const uint64_t end = end_of(timer) > present_ ? end_of(timer) : present_;
    const unsigned level = (63 - static_cast<unsigned>(std::countl_zero((end ^ present_) | 1))) / kGroupBits;
    const unsigned slot = end >> (level * kGroupBits) & (kSlots - 1);
    timer.level_ = static_cast<uint8_t>(level);
    timer.slot_ = static_cast<uint8_t>(slot);
    Timer*& ring = rings_[level][slot];
    if (ring == nullptr) {
      timer.next_ = timer.previous_ = &timer;
      ring = &timer;
      occupied_[level] |= uint64_t{1} << slot;
      levels_ |= 1U << level;
      return;
    }
    timer.next_ = ring;
    timer.previous_ = ring->previous_;
    timer.previous_->next_ = ring->previous_ = &timer;
  }

  void unlink(Timer& timer) {
    Timer*& ring = rings_[timer.level_][timer.slot_];
    if (timer.next_ == &timer) {
      ring = nullptr;
      occupied_[timer.level_] &= ~(uint64_t{1} << timer.slot_);
      if (occupied_[timer.level_] == 0) levels_ &= ~(1U << timer.level_);
    } else {
      timer.previous_->next_ = timer.next_;
      timer.next_->previous_ = timer.previous_;
      if (ring == &timer) ring = timer.next_;
    }
    timer.next_ = timer.previous_ = nullptr;
  }

  uint64_t present_ = 0;  // the present, in granules: timers that end before it are no longer in the wheel
  uint64_t count_ = 0;
  uint32_t levels_ = 1U << kLevels;           // a bit for each level that has timers, and one above them
  std::array<uint64_t, kLevels> occupied_{};  // a bit for each slot
  std::array<std::array<Timer*, kSlots>, kLevels> rings_{};
};

}  // namespace cairn::kernel
