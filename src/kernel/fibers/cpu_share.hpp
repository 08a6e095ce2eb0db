// A limit on the CPU time that several fibers use together: so much in each period. What they have used beyond it,
// because they could not be stopped in time, is taken off the next periods.
#pragma once

#include <algorithm>
#include <cstdint>

namespace cairn::kernel {

// Times are nanoseconds since boot and do not decrease from call to call. The scheduler's lock protects the object.
class CpuShare {
 public:
  static constexpr uint64_t kPeriod = 100'000'000;

  // `percent` is the part of one CPU, at least 1; more than 100 are several CPUs.
  explicit CpuShare(uint64_t percent) : budget_(kPeriod / 100 * percent) {}

  // Accounts for CPU time that a fiber has used up to `now`.
  void charge(uint64_t now, uint64_t nanoseconds) {
    begin_period(now);
    used_ += nanoseconds;
  }
  // Returns how much CPU time is left in the period of `now`.
  uint64_t left(uint64_t now) {
    begin_period(now);
    return budget_ - std::min(budget_, used_);
  }
  // Returns when the first period begins in which there is CPU time, if none is left now.
  [[nodiscard]] uint64_t next_start() const { return (period_ + used_ / budget_) * kPeriod; }

 private:
  void begin_period(uint64_t now) {
    const uint64_t begun = now / kPeriod - period_;
    period_ += begun;
    used_ -= std::min(used_, begun > used_ / budget_ ? used_ : begun * budget_);
  }

  uint64_t budget_;      // nanoseconds of CPU time in each period
  uint64_t period_ = 0;  // the number of the current period
  uint64_t used_ = 0;    // CPU time of the current period, and what earlier ones lack
};

}  // namespace cairn::kernel
