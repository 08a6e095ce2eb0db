// The kernels' time limits (runtime/time_limit.hpp). They are kept in the running fiber. The scheduler ends guest code
// that has reached one.
#include "runtime/time_limit.hpp"

#include "base/assert.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/time/clock.hpp"

namespace cairn::runtime {

using kernel::Fiber;

TimeLimit::TimeLimit(const TimeLimits& limits) : limits_(limits) {
  Fiber& fiber = kernel::current_fiber();
  CAIRN_ASSERT(fiber.limit_end == Fiber::kNever && fiber.cpu_limit == Fiber::kNever && !fiber.is_killed);
  thread_.fiber = &fiber;
  const auto end_of = [](uint64_t start, std::optional<uint64_t> length) {
    uint64_t end = Fiber::kNever;
    return !length || __builtin_add_overflow(start, *length, &end) ? Fiber::kNever : end;
  };
  fiber.limit_end = end_of(kernel::nanoseconds_since_boot(), limits.wall);
  fiber.cpu_limit = end_of(kernel::cpu_time(fiber), limits.cpu);
  kernel::reset_timer();
}

TimeLimit::~TimeLimit() {
  Fiber& fiber = kernel::current_fiber();
  fiber.limit_end = fiber.cpu_limit = Fiber::kNever;
  fiber.is_killed = false;
  kernel::reset_timer();
}

void TimeLimit::kill() { kernel::kill(*thread_.fiber); }

std::optional<TimeEnd> TimeLimit::ended() {
  if (!kernel::is_over_limit()) return std::nullopt;
  const Fiber& fiber = kernel::current_fiber();
  if (fiber.is_killed) return TimeEnd::kill;
  if (kernel::current_account().was_exceeded()) return TimeEnd::memory_limit;
  return kernel::nanoseconds_since_boot() >= fiber.limit_end ? TimeEnd::wall_limit : TimeEnd::cpu_limit;
}

}  // namespace cairn::runtime
