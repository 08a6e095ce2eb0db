// TimeLimit bounds how long guest code may run, and lets another thread end it. Each platform implements the class
// (platform/time_limit.cpp) and calls resolve_interrupt when the time is over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/limits.hpp"
#include "platform/platform.hpp"

namespace cairn::runtime {

// Why the time of a TimeLimit is over.
enum class TimeEnd : uint8_t {
  wall_limit,
  cpu_limit,
  kill,
  memory_limit,  // an allocation that must not fail has exceeded the limit of the program's memory (kernels only)
};

// The lengths of both limits in nanoseconds; an empty one means no limit.
struct TimeLimits {
  std::optional<uint64_t> wall;  // time of the monotonic clock
  std::optional<uint64_t> cpu;   // time that the thread spends on a CPU
};

// Returns the limits on a program's time.
inline TimeLimits time_limits(const Limits& limits) {
  const auto length = [&](Limit limit) { return limits.is_given(limit) ? std::optional(limits[limit]) : std::nullopt; };
  return {.wall = length(Limit::wall_time), .cpu = length(Limit::cpu_time)};
}

// While a TimeLimit exists, guest code of this thread ends with the trap `interrupted` when one of the limits is
// reached, or when another thread calls kill(). Guest code that starts after that and before the object is destroyed
// ends in the same way. Host code is not interrupted, but these waits end early: memory.atomic.wait, sleeping, and
// reading and writing streams. Waits for another thread that holds a lock or a stream do not end early.
// A thread has at most one TimeLimit.
class TimeLimit {
 public:
  explicit TimeLimit(const TimeLimits& limits);
  explicit TimeLimit(uint64_t wall_nanoseconds) : TimeLimit(TimeLimits{.wall = wall_nanoseconds, .cpu = {}}) {}
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  // Ends the time at once. Other threads call it while the object exists.
  void kill();

  // Returns why the time of the running thread is over; nothing if it is not, or if the thread has no TimeLimit.
  static std::optional<TimeEnd> ended();
  static bool is_over() { return ended().has_value(); }
  // Describes for a message how the time ended, for example "has reached its limit of 2 s of CPU time" or "was killed".
  [[nodiscard]] std::string describe(TimeEnd end) const;
  [[nodiscard]] const TimeLimits& limits() const { return limits_; }

 private:
  TimeLimits limits_;
  platform::LimitedThread thread_;
};

}  // namespace cairn::runtime
