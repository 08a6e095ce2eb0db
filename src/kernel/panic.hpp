// Ends the kernel after a bug of its own: writes a message and a backtrace to the serial port, then powers off with
// status 70.
#pragma once

#include <cstdint>
#include <string_view>

namespace cairn::kernel {

struct TrapFrame;

[[noreturn]] void panic(std::string_view message);
// Does the same, and also writes the backtraces of the other CPUs.
[[noreturn]] void panic_with_all_cpus(std::string_view message);
// Stops this CPU for good if another one reports a panic. Called where other CPUs' interrupts are handled, with the
// interrupted place, and while waiting for a spin lock.
void stop_if_panicking(uint64_t pc, uint64_t frame_pointer);

// Panics because of code that a trap has interrupted: like panic(), but also writes that code's registers, and the
// backtrace is that code's.
[[noreturn]] void panic_at(std::string_view message, const TrapFrame& frame);

// Sets whether the reports of panics have no registers, and only the innermost calls; at first they have all.
void set_short_backtraces(bool are_short);

// Writes one line for each frame, `  #0 0xffffffff80001234 name+0x12`, the innermost frame first.
void write_backtrace(uint64_t pc, uint64_t frame_pointer);

}  // namespace cairn::kernel
