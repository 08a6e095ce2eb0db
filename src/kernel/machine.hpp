// The functions that generic code needs from the machine: one definition per port, in the files of
// src/kernel/arch/<port>.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "kernel/devices/interrupt.hpp"
#include "kernel/memory/address.hpp"

namespace cairn::kernel {

struct BootInfo;
struct Cpu;

namespace machine {

// console.cpp: the serial port, on RISC-V through the firmware. It is polled, and "\n" becomes "\r\n". It is for the
// log, the serial shell and panics only.
void console_write(std::string_view text);
// Returns a byte that was typed, or -1.
int console_try_read();
// Lets the serial port call `handler` when a byte is typed. Returns false if it cannot interrupt.
[[nodiscard]] bool connect_console(InterruptHandler& handler);
// Allows the next interrupt of the serial port, which connect_console() has connected. Called before console_try_read()
// if its failure leads to a wait. If a byte was typed before the call, the interrupt comes at once.
void allow_console_interrupt();

// power.cpp: switches the machine off. The status reaches the host if the machine can convey it.
[[noreturn]] void power_off(int status);
// Starts the machine anew, from its firmware on.
[[noreturn]] void restart();

// timer.cpp: reads a counter that runs at a constant rate and was started before the kernel was entered.
uint64_t ticks();
// Determines the counter's rate. Called when memory and MMIO can be used. Returns ticks per second (never 0).
uint64_t start_clock(const BootInfo& info);
// Nanoseconds since 1970 from the machine's own clock chip; 0 when it has none.
uint64_t wall_clock();
// Requests an interrupt on this CPU at `deadline` (in ticks). It arrives when interrupts are on; all ones cancels it.
void set_timer(uint64_t deadline);
// Halts this CPU until `deadline` (in ticks) or an earlier interrupt, using the timer. Interrupts are off before and
// after the call.
void wait_until(uint64_t deadline);
// Lets the timer of this CPU interrupt. start_clock() does it for the CPU that calls it.
void start_timer();

// entropy.cpp: entropy from the CPU or the firmware. This constant names the source, for the log.
extern const std::string_view kEntropySource;
// Fills the beginning of `out` with entropy. Returns the number of bytes filled, which may be 0.
size_t hardware_entropy(const BootInfo& info, std::span<std::byte> out);

// devices.cpp: finds the machine's devices and starts the drivers.
void find_devices(const BootInfo& info);

// interrupts.cpp: finds the interrupt controllers, and lets this CPU take their interrupts. Called once, by the CPU
// that boots, when memory and MMIO can be used.
void start_interrupts(const BootInfo& info);
// Lets the line interrupt the CPU that boots, which then calls `handler`. A line is connected once and for good.
// Returns false if no controller has the line, or if too many interrupts are in use. The interrupt may come before the
// function returns.
[[nodiscard]] bool connect_line(InterruptLine line, InterruptHandler& handler);

// trap.cpp: called by each CPU first, with its record. After this call, this_cpu() finds the record, and faults reach
// handle_fault. The CPU enters traps on the kTrapStackCount stacks at `stacks` (kernel/trap/trap_stacks.hpp).
void set_up_traps(Cpu& cpu, std::byte* stacks);

// cpu.cpp: makes this CPU forget the branches that it has executed, so that they do not steer its speculation in the
// code that it executes next. Does nothing on CPUs without an instruction for it.
void forget_branches();

// cpus.cpp: lets this CPU receive interrupts. start_clock() does it for the CPU that calls it.
void accept_interrupts();
// Interrupts another CPU, or this one: handle_cpu_interrupt runs there as soon as its interrupts are on.
void send_interrupt(const Cpu& cpu);
// Interrupts another CPU although its interrupts may be off, so that stop_if_panicking() runs there. Does nothing on
// machines that cannot.
void send_unmaskable_interrupt(const Cpu& cpu);
// Makes page tables for the start of another CPU: they map the kernel's half of the address space, and what entry.S
// needs to turn translation on. Returns what entry.S writes to the register for the tables.
Result<uint64_t> make_start_tables();
// Makes a CPU execute the code in entry.S that takes the offer (kernel/trap/start_cpu.hpp). This may not succeed at
// once, so the function is called again as long as the offer has not been taken. Returns an Error if that CPU cannot be
// started.
Result<void> wake_cpu(const Cpu& cpu);

}  // namespace machine
}  // namespace cairn::kernel
