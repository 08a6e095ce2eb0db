// Ends the kernel after a bug of its own: message, registers, backtrace on the serial port, power off with status 70.
#pragma once

#include <cstdint>
#include <string_view>

namespace cairn::kernel {

struct TrapFrame;

[[noreturn]] void panic(std::string_view message);
// Does the same for code that a trap interrupted.
[[noreturn]] void panic_at(std::string_view message, const TrapFrame& frame);

// Writes one line for each frame, ` #0 0xffffffff80001234 name+0x12`, innermost first.
void write_backtrace(uint64_t pc, uint64_t frame_pointer);

}  // namespace cairn::kernel
