// Decides whether and when a program that has ended is started again.
//
// The first restart comes after kShortest, and each further one after twice the time of the one before, up to kLongest.
// A run that lasted at least kGoodRun makes the next delay kShortest again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/program_config.hpp"
#include "wasi/supervision/program_end.hpp"

namespace cairn::wasi {

class RestartDelays {
 public:
  // Nanoseconds. docs/manual/systems.md states these numbers.
  static constexpr uint64_t kShortest = 100'000'000;
  static constexpr uint64_t kLongest = 10'000'000'000;
  static constexpr uint64_t kGoodRun = 10'000'000'000;

  explicit RestartDelays(Restart restart) : restart_(restart) {}

  // Returns how long to wait before the next run, or nothing if the program has ended for good. `run` is how many
  // nanoseconds the run that has ended took.
  std::optional<uint64_t> after(EndKind end, uint64_t run) {
    if (restart_ == Restart::never || end == EndKind::hopeless) return std::nullopt;
    if (end == EndKind::killed || end == EndKind::stopped) return std::nullopt;
    if (restart_ == Restart::on_failure && end == EndKind::success) return std::nullopt;
    if (run >= kGoodRun) next_ = kShortest;
    const uint64_t delay = next_;
    next_ = std::min(next_ * 2, kLongest);
    return delay;
  }

 private:
  Restart restart_;
  uint64_t next_ = kShortest;
};

}  // namespace cairn::wasi
