// TimeLimit bounds how long guest code may run. Each platform implements it (platform/time_limit.cpp) and calls
// resolve_interrupt when a limit has ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cairn::runtime {

enum class LimitedTime : uint8_t { wall, cpu };

// The lengths of both limits in nanoseconds; an empty one means no limit.
struct TimeLimits {
  std::optional<uint64_t> wall;  // time of the monotonic clock
  std::optional<uint64_t> cpu;   // time that the thread spends on a CPU
};

// Makes limits from lengths in nanoseconds; 0 means no limit.
inline TimeLimits time_limits(uint64_t wall, uint64_t cpu) {
  return {.wall = wall == 0 ? std::nullopt : std::optional(wall), .cpu = cpu == 0 ? std::nullopt : std::optional(cpu)};
}

// While a TimeLimit exists, guest code of this thread that still runs after one of the limits has ended ends with the
// trap `interrupted`. Guest code that starts after that and before the object is destroyed ends in the same way. Host
// code is not interrupted, but these waits end early: memory.atomic.wait, sleeping, and reading and writing streams.
// Waits for another thread that holds a lock or a stream do not end early. A thread has at most one TimeLimit.
class TimeLimit {
 public:
  explicit TimeLimit(const TimeLimits& limits);
  explicit TimeLimit(uint64_t wall_nanoseconds) : TimeLimit(TimeLimits{.wall = wall_nanoseconds, .cpu = {}}) {}
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  // Returns which limit of this thread has ended; nothing if none has.
  static std::optional<LimitedTime> ended();
  static bool is_over() { return ended().has_value(); }
  // Describes the limit that has ended for a message, for example "its limit of 2 s of CPU time". One must have ended.
  [[nodiscard]] std::string describe_ended() const;

 private:
  TimeLimits limits_;
};

}  // namespace cairn::runtime
