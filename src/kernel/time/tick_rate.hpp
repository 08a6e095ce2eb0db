// Converts between a counter's ticks and nanoseconds.
#pragma once

#include <cstdint>

namespace cairn::kernel {

class TickRate {
 public:
  constexpr TickRate() = default;
  explicit constexpr TickRate(uint64_t ticks_per_second)
      : nanoseconds_per_tick_(
            static_cast<uint64_t>((static_cast<unsigned __int128>(1'000'000'000) << kFraction) / ticks_per_second)) {}

  // Returns the duration of this many ticks, rounded down.
  [[nodiscard]] constexpr uint64_t nanoseconds(uint64_t ticks) const {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(ticks) * nanoseconds_per_tick_ >> kFraction);
  }
  // The least number of ticks whose nanoseconds() are at least this many; all ones when there is none.
  [[nodiscard]] constexpr uint64_t ticks(uint64_t nanoseconds) const {
    if (nanoseconds_per_tick_ == 0) return ~uint64_t{0};
    const unsigned __int128 scaled = static_cast<unsigned __int128>(nanoseconds) << kFraction;
    const unsigned __int128 ticks = (scaled + nanoseconds_per_tick_ - 1) / nanoseconds_per_tick_;
    return ticks > ~uint64_t{0} ? ~uint64_t{0} : static_cast<uint64_t>(ticks);
  }

 private:
  static constexpr unsigned kFraction = 32;  // bits after the point of the fixed-point number
  uint64_t nanoseconds_per_tick_ = 0;        // 0 before the rate is known
};

}  // namespace cairn::kernel
