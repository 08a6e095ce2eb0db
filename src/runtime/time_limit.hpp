// A limit on how long guest code may run, for programs that run many unknown modules. Each platform implements it
// (platform/time_limit.cpp) and calls resolve_interrupt when the time is over.
#pragma once

#include <cstdint>

namespace cairn::runtime {

// While a TimeLimit exists, guest code of this thread that still runs after `nanoseconds` ends with the trap
// `interrupted`. After the time is over, so does all guest code that starts before the limit is destroyed. Host code is
// not interrupted, but waits of guests for each other end early. A thread has at most one limit. In a kernel,
// interrupts are on while one exists.
class TimeLimit {
 public:
  explicit TimeLimit(uint64_t nanoseconds);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  // Whether this thread has a limit and its time is over.
  static bool is_over();
};

}  // namespace cairn::runtime
