// A limit is kept in the running fiber's record. The scheduler ends guest code that runs beyond it.
#include "runtime/time_limit.hpp"

#include "base/assert.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/time/clock.hpp"

namespace cairn::runtime {

TimeLimit::TimeLimit(uint64_t nanoseconds) {
  kernel::Fiber& fiber = kernel::current_fiber();
  CAIRN_ASSERT(fiber.limit_end == kernel::Fiber::kNever);
  fiber.limit_end = kernel::nanoseconds_since_boot() + nanoseconds;
  kernel::reset_timer();
}

TimeLimit::~TimeLimit() {
  kernel::current_fiber().limit_end = kernel::Fiber::kNever;
  kernel::reset_timer();
}

bool TimeLimit::is_over() {
  const uint64_t end = kernel::current_fiber().limit_end;
  return end != kernel::Fiber::kNever && kernel::nanoseconds_since_boot() >= end;
}

}  // namespace cairn::runtime
