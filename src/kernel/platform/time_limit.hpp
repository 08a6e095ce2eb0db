// A limit on how long guest code may run, for programs that run many modules that they know nothing about.
#pragma once

#include <cstdint>

namespace cairn::platform {

// While one lives, interrupts are on, and guest code that is still running after so many nanoseconds ends with the trap
// `interrupted`, again and again until the limit goes away. What the kernel does is not interrupted, but waits of guests for
// each other end early. At most one at a time.
class TimeLimit {
 public:
  explicit TimeLimit(uint64_t nanoseconds);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  // Whether there is a limit that is over.
  static bool is_over();
  // When it ends, in nanoseconds since boot; far away when there is none.
  static uint64_t end();
};

}  // namespace cairn::platform
