// A limit on how long guest code may run, for programs that run many modules that they know nothing about.
#pragma once

#include <cstdint>

namespace cairn::platform {

// While one lives, guest code of this thread that is still running after so many nanoseconds ends with the trap
// `interrupted`, again and again until the limit goes away. What the host does is not interrupted, but waits of guests for
// each other end early. At most one a thread.
class TimeLimit {
 public:
  explicit TimeLimit(uint64_t nanoseconds);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  // Whether this thread has a limit that is over.
  static bool is_over();
};

}  // namespace cairn::platform
