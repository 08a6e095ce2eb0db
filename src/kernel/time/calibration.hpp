// Measures a counter's rate against another counter whose rate is known. The measuring code may be stopped between any
// two instructions for any time, because an emulator can be descheduled by its host.
//
// A moment is a reading of the reference between two readings of the counter. It is the best of several attempts: the
// one whose two readings of the counter are closest, because their distance bounds the error. A window is the time
// between two moments. Two windows between three moments must give the same rate; otherwise the reference has wrapped
// around in one of them. Windows grow until the errors are small compared with them. The code is portable: tests
// simulate both counters.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>

namespace cairn::kernel {

// restart() restarts the count if the reference needs that. read() returns the count, or nothing when the counter has
// come to its end. The count wraps around after `mask`.
template <class R>
concept ReferenceCounter = requires(R reference) {
  { reference.rate } -> std::convertible_to<uint64_t>;  // per second
  { reference.mask } -> std::convertible_to<uint64_t>;
  { reference.restart() };
  { reference.read() } -> std::same_as<std::optional<uint64_t>>;
};

template <class Ticks, ReferenceCounter Reference>
class Calibration {
 public:
  Calibration(Ticks ticks, Reference& reference) : ticks_(ticks), reference_(reference) {}

  // Returns the ticks per second, within a per cent; nothing if the reference does not count or no measurement was good
  // enough.
  std::optional<uint64_t> run() {
    uint64_t window = std::max<uint64_t>(reference_.rate / 2000, 16);  // half a millisecond
    // A reference that wraps around in less than a second may do so unnoticed, which makes the rate too high. So the
    // lowest of several measurements counts.
    int wanted = reference_.mask / reference_.rate == 0 ? 5 : 1;
    std::optional<uint64_t> lowest;
    for (int attempt = 0; attempt < kAttempts && wanted != 0 && !stuck_; ++attempt) {
      const std::optional<Rate> rate = measure(window);
      if (rate && rate->error_bound <= (attempt < kAttempts / 2 ? kGood : kTolerable)) {
        lowest = std::min(lowest.value_or(rate->per_second), rate->per_second);
        --wanted;
      } else {
        window = std::min(window * 2, std::min(reference_.mask / 4, reference_.rate / 16));
      }
    }
    return lowest;
  }

 private:
  static constexpr int kAttempts = 40;  // measurements
  static constexpr int kReadings = 8;   // attempts for one moment
  static constexpr uint64_t kMillion = 1'000'000;
  static constexpr uint64_t kGood = 4000, kTolerable = 10'000;  // bounds of a rate's error, in millionths
  static constexpr uint64_t kPatience = uint64_t{1} << 31;      // ticks to wait for the end of a window

  struct Moment {
    uint64_t ticks = 0;
    uint64_t count = 0;
    uint64_t width = 0;  // ticks between the two readings
  };
  struct Rate {
    uint64_t per_second;
    uint64_t error_bound;  // millionths
  };

  // Returns the best of several attempts; nothing if the reference has come to its end.
  std::optional<Moment> now() {
    Moment best{.width = ~uint64_t{0}};
    for (int i = 0; i < kReadings; ++i) {
      const uint64_t before = ticks_();
      const std::optional<uint64_t> count = reference_.read();
      const uint64_t width = ticks_() - before;
      if (!count) return std::nullopt;
      if (width < best.width) best = {before + width / 2, *count, width};
    }
    return best;
  }

  // Returns the first moment that is at least `window` counts after `start`.
  std::optional<Moment> after(const Moment& start, uint64_t window) {
    for (uint64_t readings = 0;; ++readings) {
      const std::optional<uint64_t> count = reference_.read();
      if (!count) return std::nullopt;
      if (elapsed(start.count, *count) >= window) return now();
      if (readings > 1000 && ticks_() - start.ticks > kPatience) {
        stuck_ = true;
        return std::nullopt;
      }
    }
  }

  // Measures for about two windows of this many counts. Returns nothing if the windows give different rates, or a
  // moment is missing.
  std::optional<Rate> measure(uint64_t window) {
    reference_.restart();
    const auto start = now();
    const auto first = start ? after(*start, window / 16) : start;  // the first counts may be late
    const auto second = first ? after(*first, window) : first;
    const auto third = second ? after(*second, window) : second;
    if (!third) return std::nullopt;
    const Rate one = rate(*first, *second), other = rate(*second, *third), all = rate(*first, *third);
    const uint64_t difference =
        one.per_second > other.per_second ? one.per_second - other.per_second : other.per_second - one.per_second;
    const uint64_t allowed = one.error_bound + other.error_bound + 1000;
    if (one.per_second == 0 || static_cast<unsigned __int128>(difference) * kMillion >
                                   static_cast<unsigned __int128>(one.per_second) * allowed) {
      return std::nullopt;
    }
    return all;
  }

  Rate rate(const Moment& a, const Moment& b) const {
    const uint64_t counts = std::max<uint64_t>(elapsed(a.count, b.count), 1),
                   ticks = std::max<uint64_t>(b.ticks - a.ticks, 1);
    const auto per_second = static_cast<unsigned __int128>(ticks) * reference_.rate / counts;
    const auto width = static_cast<unsigned __int128>(a.width + b.width) * (kMillion / 2) / ticks;
    return {static_cast<uint64_t>(std::min<unsigned __int128>(per_second, ~uint64_t{0})),
            static_cast<uint64_t>(std::min<unsigned __int128>(width, ~uint64_t{0} / 4)) + kMillion / counts};
  }
  [[nodiscard]] uint64_t elapsed(uint64_t from, uint64_t to) const { return (to - from) & reference_.mask; }

  Ticks ticks_;
  Reference& reference_;
  bool stuck_ = false;
};

// Chooses one of several measurements of a rate, which come in order of trust: the first that another confirms within
// two per cent, or else the first that there is.
constexpr std::optional<uint64_t> choose_rate(std::initializer_list<std::optional<uint64_t>> opinions) {
  for (const auto* one = opinions.begin(); one != opinions.end(); ++one) {
    for (const auto* other = opinions.begin(); *one && other != opinions.end(); ++other) {
      if (other == one || !*other) continue;
      if (std::max(**one, **other) - std::min(**one, **other) <= **one / 50) return *one;
    }
  }
  for (const std::optional<uint64_t>& opinion : opinions) {
    if (opinion) return opinion;
  }
  return std::nullopt;
}

}  // namespace cairn::kernel
