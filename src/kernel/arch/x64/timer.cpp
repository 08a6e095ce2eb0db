// Time: the time-stamp counter tells it, the local APIC's one-shot timer ends a halt, the CMOS clock knows the date.
#include "kernel/boot/boot_info.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/panic.hpp"
#include "port/cpu.hpp"
#include "port/interrupts.hpp"

namespace cairn::kernel::machine {
namespace {

constexpr uint32_t kApicBase = 0x1b;  // model-specific register
constexpr uint32_t kTscDeadline = 0x6e0;
enum ApicRegister : uint32_t { spurious = 0xf0, end = 0xb0, timer = 0x320, initial_count = 0x380, count = 0x390, divide = 0x3e0 };
constexpr uint32_t kMasked = 1 << 16, kDeadlineMode = 2 << 17;
constexpr uint64_t kHypervisorApicRate = 1'000'000'000;  // of QEMU's, KVM's and the other hypervisors' local APIC

constinit volatile std::byte* apic = nullptr;
constinit uint64_t tsc_rate = 0;
constinit uint64_t apic_rate = 0;
constinit bool has_deadline = false;

void write_apic(ApicRegister reg, uint32_t value) { *reinterpret_cast<volatile uint32_t*>(apic + reg) = value; }
uint32_t read_apic(ApicRegister reg) { return *reinterpret_cast<volatile uint32_t*>(apic + reg); }

struct Span {
  uint64_t tsc;
  uint64_t apic;
};

// Counts of both timers while channel 2 of the interval timer (1.193182 MHz) runs down from `count`; zeros when there is
// no such timer.
Span measure_with_interval_timer(uint16_t count) {
  out8(0x61, static_cast<uint8_t>((in8(0x61) & ~2) | 1));  // gate on, speaker off
  out8(0x43, 0xb0);                                        // channel 2, both bytes, interrupt on terminal count
  out8(0x42, static_cast<uint8_t>(count));
  out8(0x42, static_cast<uint8_t>(count >> 8));
  const uint64_t tsc = read_tsc();
  const uint32_t apic_start = read_apic(ApicRegister::count);
  if ((in8(0x61) & 0x20) != 0) return {0, 0};
  for (uint32_t i = 0; (in8(0x61) & 0x20) == 0; ++i) {
    if (i == 10'000'000) return {0, 0};
  }
  return {read_tsc() - tsc, apic_start - read_apic(ApicRegister::count)};
}

// From the CPU itself [sdm 3A 20.7.3] or the hypervisor's timing leaf; 0: it does not say.
uint64_t announced_tsc_rate() {
  if (cpuid(0).eax >= 0x15) {
    const CpuidResult r = cpuid(0x15);
    if (r.eax != 0 && r.ebx != 0 && r.ecx != 0) return uint64_t{r.ecx} * r.ebx / r.eax;
  }
  if ((cpuid(1).ecx >> 31 & 1) != 0 && cpuid(0x4000'0000).eax >= 0x4000'0010) {
    return uint64_t{cpuid(0x4000'0010).eax} * 1000;
  }
  return 0;
}

uint8_t read_cmos(uint8_t index) {
  out8(0x70, index);
  return in8(0x71);
}

uint64_t days_since_1970(uint64_t year, uint64_t month, uint64_t day) {
  // Years that begin in March, so that the leap day comes last.
  const uint64_t y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;
  return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

}  // namespace

uint64_t ticks() { return read_tsc(); }

void end_of_interrupt() { write_apic(ApicRegister::end, 0); }

uint64_t start_clock(const BootInfo&) {
  out8(0x21, 0xff), out8(0xa1, 0xff);  // the old interrupt controllers stay silent
  const uint64_t base = read_msr(kApicBase);
  write_msr(kApicBase, base | 1 << 11);
  const auto registers = map_device({{base & 0x000f'ffff'ffff'f000}, kPageSize});
  if (!registers) panic("cannot map the local APIC");
  apic = *registers;
  write_apic(spurious, 0x100 | kSpuriousVector);
  write_apic(divide, 0xb);  // by 1
  write_apic(timer, kMasked | kTimerVector);
  write_apic(initial_count, ~uint32_t{0});

  const bool hypervisor = (cpuid(1).ecx >> 31 & 1) != 0;
  tsc_rate = announced_tsc_rate();
  if (hypervisor) {
    apic_rate = kHypervisorApicRate;
    if (tsc_rate == 0) {  // compare the two for a millisecond
      const uint32_t start = read_apic(count);
      const uint64_t tsc = read_tsc();
      while (start - read_apic(count) < kHypervisorApicRate / 1000) relax();
      const uint64_t elapsed = read_tsc() - tsc;
      tsc_rate = elapsed * 1000;
    }
  } else {
    const Span span = measure_with_interval_timer(11932);  // 10 ms
    if (span.tsc == 0) panic("no timer to measure the CPU's clock with");
    apic_rate = span.apic * 100;
    if (tsc_rate == 0) tsc_rate = span.tsc * 100;
  }
  write_apic(initial_count, 0);
  has_deadline = (cpuid(1).ecx >> 24 & 1) != 0;
  write_apic(timer, kTimerVector | (has_deadline ? kDeadlineMode : 0));
  return tsc_rate;
}

void set_timer(uint64_t deadline) {
  if (deadline == ~uint64_t{0}) {
    if (has_deadline) {
      write_msr(kTscDeadline, 0);
    } else {
      write_apic(initial_count, 0);
    }
    return;
  }
  if (has_deadline) {
    write_msr(kTscDeadline, deadline);
    return;
  }
  const uint64_t now = read_tsc();
  const uint64_t distance = deadline > now ? deadline - now : 0;
  const auto counts = static_cast<unsigned __int128>(distance) * apic_rate / tsc_rate + 1;
  write_apic(initial_count, counts > 0xffff'ffff ? 0xffff'ffff : static_cast<uint32_t>(counts));
}

void wait_until(uint64_t deadline) {
  if (deadline <= read_tsc()) return;
  set_timer(deadline);
  asm volatile("sti; hlt; cli" : : : "memory");  // the interrupt cannot come between the first two [sdm 2B STI]
  set_timer(~uint64_t{0});
}

uint64_t wall_clock() {
  constexpr uint8_t kUpdating = 0x80;
  uint8_t now[6], again[6];
  constexpr uint8_t kIndexes[6] = {0, 2, 4, 7, 8, 9};
  if (read_cmos(0x0a) == 0xff) return 0;  // nothing there
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if ((read_cmos(0x0a) & kUpdating) != 0) continue;
    for (int i = 0; i < 6; ++i) now[i] = read_cmos(kIndexes[i]);
    for (int i = 0; i < 6; ++i) again[i] = read_cmos(kIndexes[i]);
    bool same = true;
    for (int i = 0; i < 6; ++i) same = same && now[i] == again[i];
    if (!same) continue;
    const uint8_t mode = read_cmos(0x0b);
    uint64_t value[6];
    for (int i = 0; i < 6; ++i) {
      const auto byte = static_cast<uint8_t>(i == 2 ? now[i] & 0x7f : now[i]);
      value[i] = (mode & 4) != 0 ? byte : uint64_t{byte} / 16 * 10 + byte % 16;
    }
    if ((mode & 2) == 0) value[2] = value[2] % 12 + ((now[2] & 0x80) != 0 ? 12 : 0);
    if (value[3] < 1 || value[3] > 31 || value[4] < 1 || value[4] > 12) return 0;
    const uint64_t days = days_since_1970(2000 + value[5], value[4], value[3]);
    return (days * 86400 + value[2] * 3600 + value[1] * 60 + value[0]) * 1'000'000'000;
  }
  return 0;
}

}  // namespace cairn::kernel::machine
