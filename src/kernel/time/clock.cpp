#include "kernel/time/clock.hpp"

#include "kernel/boot/boot_info.hpp"
#include "kernel/machine.hpp"
#include "kernel/time/tick_rate.hpp"

namespace cairn::kernel {
namespace {

constinit TickRate tick_rate;
constinit uint64_t entry_ticks = 0;
constinit uint64_t wall_clock_at_boot = 0;

}  // namespace

void start_clock(const BootInfo& info) {
  const uint64_t rate = machine::start_clock(info);
  entry_ticks = info.entry_ticks;
  tick_rate = TickRate(rate);
  if (const uint64_t now = machine::wall_clock(); now != 0) set_wall_clock(now);
}

uint64_t nanoseconds_since_boot() { return tick_rate.nanoseconds(machine::ticks() - entry_ticks); }

uint64_t wall_clock_nanoseconds() { return wall_clock_at_boot + nanoseconds_since_boot(); }
void set_wall_clock(uint64_t nanoseconds) { wall_clock_at_boot = nanoseconds - nanoseconds_since_boot(); }
bool has_wall_clock() { return wall_clock_at_boot != 0; }

uint64_t ticks_at(uint64_t nanoseconds) {
  uint64_t ticks;
  return __builtin_add_overflow(entry_ticks, tick_rate.ticks(nanoseconds), &ticks) ? ~uint64_t{0} : ticks;
}

}  // namespace cairn::kernel
