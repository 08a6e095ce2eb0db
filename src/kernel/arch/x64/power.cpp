// Ends the machine, or starts it anew. power_off() tries QEMU's exit device, then ACPI's S5 on q35, and then a triple
// fault.
#include "kernel/machine.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::machine {

namespace {

// Resets the CPU: it finds no handler for a breakpoint, nor for the faults that follow.
[[noreturn]] void triple_fault() {
  const struct [[gnu::packed]] {
    uint16_t limit = 0;
    uint64_t base = 0;
  } no_table;
  asm volatile("lidt %0; int3" : : "m"(no_table));
  halt_forever();
}

}  // namespace

void power_off(int status) {
  interrupts_off();
  out32(0x501, static_cast<uint32_t>(status));  // isa-debug-exit; nothing happens if there is none
  out16(0x604, 0x2000);                         // PM1a_CNT of q35: SLP_EN, and the sleep type 0 that means S5
  triple_fault();
}

void restart() {
  interrupts_off();
  out8(0xcf9, 0x06);  // the reset control register: a hard reset [ich9 13.7.5]; nothing happens if there is none
  triple_fault();
}

}  // namespace cairn::kernel::machine
