// By the timer's interrupt. It comes again every millisecond, since it may meet the kernel's code.
#include "runtime/time_limit.hpp"

#include "base/assert.hpp"
#include "kernel/machine.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/trap.hpp"
#include "platform/limit_end.hpp"
#include "port/cpu.hpp"
#include "runtime/platform.hpp"

namespace cairn {
namespace {

constexpr uint64_t kNever = ~uint64_t{0};
constexpr uint64_t kPause = 1'000'000;  // nanoseconds between two attempts

// One CPU's; it moves into the fiber's record when there are several.
constinit uint64_t current_end = kNever;

runtime::FaultResolution handle_timer(const runtime::MachineFault& where) {
  if (current_end == kNever) return {};
  const uint64_t now = kernel::nanoseconds_since_boot();
  const bool is_over = now >= current_end;
  kernel::machine::set_timer(kernel::ticks_at(is_over ? now + kPause : current_end));
  return is_over ? runtime::resolve_interrupt(where) : runtime::FaultResolution{};
}

}  // namespace

namespace runtime {

TimeLimit::TimeLimit(uint64_t nanoseconds) {
  CAIRN_ASSERT(current_end == kNever);
  current_end = kernel::nanoseconds_since_boot() + nanoseconds;
  kernel::set_timer_handler(handle_timer);
  kernel::machine::set_timer(kernel::ticks_at(current_end));
  kernel::machine::interrupts_on();
}

TimeLimit::~TimeLimit() {
  kernel::machine::interrupts_off();
  kernel::machine::set_timer(kNever);
  current_end = kNever;
}

bool TimeLimit::is_over() { return current_end != kNever && kernel::nanoseconds_since_boot() >= current_end; }

}  // namespace runtime

uint64_t platform::limit_end() { return current_end; }

}  // namespace cairn
