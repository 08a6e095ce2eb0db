#include "kernel/time/clock.hpp"

#include "kernel/boot/boot_info.hpp"
#include "kernel/machine.hpp"

namespace cairn::kernel {
namespace {

// Nanoseconds per tick as a 32.32 fixed-point number, and its inverse.
constinit uint64_t nanoseconds_per_tick = 0;
constinit uint64_t ticks_per_nanosecond = 0;
constinit uint64_t entry_ticks = 0;
constinit uint64_t wall_clock_at_boot = 0;

uint64_t scale(uint64_t value, uint64_t factor) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(value) * factor >> 32);
}

}  // namespace

void start_clock(const BootInfo& info) {
  const uint64_t rate = machine::start_clock(info);
  entry_ticks = info.entry_ticks;
  nanoseconds_per_tick = static_cast<uint64_t>((static_cast<unsigned __int128>(1'000'000'000) << 32) / rate);
  ticks_per_nanosecond = static_cast<uint64_t>((static_cast<unsigned __int128>(rate) << 32) / 1'000'000'000);
  if (const uint64_t now = machine::wall_clock(); now != 0) set_wall_clock(now);
}

uint64_t nanoseconds_since_boot() { return scale(machine::ticks() - entry_ticks, nanoseconds_per_tick); }

uint64_t wall_clock_nanoseconds() { return wall_clock_at_boot + nanoseconds_since_boot(); }
void set_wall_clock(uint64_t nanoseconds) { wall_clock_at_boot = nanoseconds - nanoseconds_since_boot(); }
bool has_wall_clock() { return wall_clock_at_boot != 0; }

uint64_t ticks_at(uint64_t nanoseconds) {
  return nanoseconds > uint64_t{1} << 62 ? ~uint64_t{0} : entry_ticks + scale(nanoseconds, ticks_per_nanosecond);
}

}  // namespace cairn::kernel
