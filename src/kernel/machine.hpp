// What generic code asks of the machine: one definition per port, in the files of src/kernel/arch/<port>.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/memory/address.hpp"

namespace cairn::kernel {

struct BootInfo;

namespace machine {

// console.cpp: the serial port, polled; "\n" becomes "\r\n". For the log, the serial shell and panics only.
void console_write(std::string_view text);
// A byte that was typed, or -1.
int console_try_read();

// power.cpp: ends the machine; the status gets through as far as the machine can carry it.
[[noreturn]] void power_off(int status);

// timer.cpp: a counter that runs at a constant rate from before the kernel was entered.
uint64_t ticks();
// Learns the counter's rate; called once there is memory and MMIO. Returns ticks per second (never 0).
uint64_t start_clock(const BootInfo& info);
// Nanoseconds since 1970 from the machine's own clock chip; 0 when it has none.
uint64_t wall_clock();
// Asks for an interrupt at `deadline` (in ticks), which comes when interrupts are on; all ones: for none.
void set_timer(uint64_t deadline);
// Halts this CPU until `deadline` (in ticks) or an earlier interrupt, with the timer's help. Interrupts are off before
// and after.
void wait_until(uint64_t deadline);

// entropy.cpp: bits from the CPU or firmware (which of them, for the log); returns how many bytes it could fill.
extern const std::string_view kEntropySource;
size_t hardware_entropy(const BootInfo& info, std::span<std::byte> out);

// devices.cpp: finds what the machine has and starts the drivers.
void find_devices(const BootInfo& info);

// trap.cpp: from here on faults reach handle_fault.
void set_up_traps();

}  // namespace machine
}  // namespace cairn::kernel
