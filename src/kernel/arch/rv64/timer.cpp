// The tick counter is the time CSR. Its comparator (Sstc) or the firmware's timer gives the timer's interrupt. The
// goldfish clock chip gives the time of day.
#include "kernel/boot/boot_info.hpp"
#include "kernel/firmware/boot_tree.hpp"
#include "kernel/firmware/device_tree.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::machine {
namespace {

constinit bool has_comparator = false;
constinit volatile std::byte* clock_chip = nullptr;

}  // namespace

void set_timer(uint64_t deadline) {
  if (has_comparator) {
    asm volatile("csrw 0x14d, %0" : : "r"(deadline) : "memory");  // stimecmp [riscv-priv 12.1]
  } else {
    sbi_call(0x54494d45, 0, deadline);  // "TIME" [sbi 6]
  }
}

namespace {

// Reads 32 bits of the clock chip, whose time is in nanoseconds since 1970 (QEMU, hw/rtc/goldfish_rtc.c).
uint32_t read_chip(size_t offset) { return *reinterpret_cast<volatile uint32_t*>(clock_chip + offset); }

}  // namespace

uint64_t ticks() {
  uint64_t value;
  asm volatile("rdtime %0" : "=r"(value));
  return value;
}

uint64_t start_clock(const BootInfo& info) {
  uint64_t rate = 0;
  if (const auto tree = boot_tree(info)) {
    const auto root = tree->root();
    if (const auto cpus = root->child("cpus")) {
      rate = cpus->number("timebase-frequency").value_or(0);
      if (const auto cpu = cpus->child("cpu")) has_comparator = cpu->text("riscv,isa").contains("_sstc");
    }
    if (const auto soc = root->child("soc")) {
      for (auto node = soc->first_child(); node && clock_chip == nullptr; node = node->next_sibling()) {
        if (!node->compatible("google,goldfish-rtc")) continue;
        const auto range = node->reg(*soc);
        if (!range || range->size < 8) continue;
        if (const auto registers = map_device(*range)) clock_chip = *registers;
      }
    }
  }
  accept_interrupts();
  start_timer();
  return rate == 0 ? 10'000'000 : rate;  // by default, the rate of QEMU's virt machine
}

void start_timer() {
  set_timer(~uint64_t{0});
  CAIRN_CSR_SET(sie, 1 << 5);  // lets the timer interrupt; while sstatus keeps interrupts off, it only ends a wfi
}

void wait_until(uint64_t deadline) {
  if (deadline <= ticks()) return;
  set_timer(deadline);
  asm volatile("wfi" : : : "memory");
  set_timer(~uint64_t{0});
}

uint64_t wall_clock() {
  if (clock_chip == nullptr) return 0;
  const uint64_t low = read_chip(0);  // also latches the high half
  return uint64_t{read_chip(4)} << 32 | low;
}

}  // namespace cairn::kernel::machine
