// Limits on how long guest code may run. Each platform implements them (platform/time_limit.cpp) and calls
// resolve_interrupt when one has ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cairn::runtime {

enum class LimitedTime : uint8_t { wall, cpu };

// In nanoseconds.
struct TimeLimits {
  std::optional<uint64_t> wall;  // of the clock
  std::optional<uint64_t> cpu;   // that the thread spends on a CPU
};

// Makes limits of two lengths in nanoseconds; 0 means no limit.
inline TimeLimits time_limits(uint64_t wall, uint64_t cpu) {
  return {.wall = wall == 0 ? std::nullopt : std::optional(wall), .cpu = cpu == 0 ? std::nullopt : std::optional(cpu)};
}

// While a TimeLimit exists, guest code of this thread that still runs after one of the limits has ended ends with the
// trap `interrupted`. So does all guest code that starts after that and before the object is destroyed. Host code is
// not interrupted, but waits end early: those of guests for each other, sleeping, and reading and writing streams,
// though not waits for another thread that holds a lock or a stream. A thread has at most one TimeLimit.
class TimeLimit {
 public:
  explicit TimeLimit(const TimeLimits& limits);
  explicit TimeLimit(uint64_t wall_nanoseconds) : TimeLimit(TimeLimits{.wall = wall_nanoseconds, .cpu = {}}) {}
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  // Which limit of this thread has ended, if one has.
  static std::optional<LimitedTime> ended();
  static bool is_over() { return ended().has_value(); }
  // The limit that has ended, for a message: "its limit of 2 s of CPU time".
  [[nodiscard]] std::string describe_ended() const;

 private:
  TimeLimits limits_;
};

}  // namespace cairn::runtime
