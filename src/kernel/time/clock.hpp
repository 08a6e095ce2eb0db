// The kernel's clocks: the time since boot and the time of day. Nanoseconds in 64 bits last for 580 years.
#pragma once

#include <cstdint>

namespace cairn::kernel {

struct BootInfo;

// Starts the clock of the time since boot, and sets the time of day if the machine has a usable clock chip. Called
// once, when memory and MMIO can be used.
void start_clock(const BootInfo& info);
// The time since the kernel was entered. It never goes back, and is 0 before start_clock().
uint64_t nanoseconds_since_boot();
// The time of day in nanoseconds since 1970. It comes from the machine's clock chip or else from the boot bundle, in
// which the host has put its own time. Without either, it begins at 0 when the kernel starts.
uint64_t wall_clock_nanoseconds();
// Sets the time of day, in nanoseconds since 1970.
void set_wall_clock(uint64_t nanoseconds);
// Whether the time of day is known.
bool has_wall_clock();
// The tick counter's first value at or after the given time; all ones when the time is too far away.
uint64_t ticks_at(uint64_t nanoseconds_since_boot);

}  // namespace cairn::kernel
