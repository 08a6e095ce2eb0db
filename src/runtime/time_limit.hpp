// A limit on how long guest code may run, for programs that run many modules that they know nothing about. Each
// platform implements it (platform/time_limit.cpp), and calls resolve_interrupt when the time is over.
#pragma once

#include <cstdint>

namespace cairn::runtime {

// While one lives, guest code of this thread that is still running after so many nanoseconds ends with the trap
// `interrupted`, again and again until the limit goes away. What the host does is not interrupted, but waits of guests
// for each other end early. At most one a thread. In a kernel interrupts are on meanwhile.
class TimeLimit {
 public:
  explicit TimeLimit(uint64_t nanoseconds);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  // Whether this thread has a limit that is over.
  static bool is_over();
};

}  // namespace cairn::runtime
