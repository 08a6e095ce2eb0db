// The tick counter is the time-stamp counter (TSC). The local APIC's timer gives the timer's interrupt. The CMOS clock
// gives the time of day.
#include <optional>

#include "base/boot_protocol.hpp"
#include "kernel/boot/boot_info.hpp"
#include "kernel/devices/pci/pci.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/time/calibration.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::machine {
namespace {

constexpr uint32_t kTscDeadline = 0x6e0;                        // the model-specific register IA32_TSC_DEADLINE
constexpr uint32_t kMasked = 1 << 16, kDeadlineMode = 2 << 17;  // fields of the timer's local vector table entry
constexpr uint32_t kDivideByOne = 0xb;                          // the timer counts at the full rate
constexpr uint64_t kHypervisorApicRate = 1'000'000'000;         // counts per second of QEMU's and KVM's local APIC

constinit uint64_t tsc_rate = 0;
constinit uint64_t apic_rate = 0;
constinit bool has_deadline = false;

// The local APIC's timer as a reference that is assumed to run at `rate`.
struct ApicReference {
  uint64_t rate = kHypervisorApicRate;
  uint64_t mask = 0xffff'ffff;
  static void restart() { write_apic(ApicRegister::initial_count, ~uint32_t{0}); }
  static std::optional<uint64_t> read() {
    const uint32_t left = read_apic(ApicRegister::count);
    return left == 0 ? std::nullopt : std::optional<uint64_t>(~left);  // the timer stops at zero
  }
};

// ACPI's power management timer [acpi 4.8.3.3].
struct PowerTimerReference {
  uint16_t port;
  uint64_t rate = 3'579'545;
  uint64_t mask = 0xff'ffff;
  static void restart() {}
  [[nodiscard]] std::optional<uint64_t> read() const { return in32(port) & mask; }
};

// Channel 2 of the old interval timer, whose gate is a bit of port 0x61.
struct IntervalTimerReference {
  uint64_t rate = 1'193'182;
  uint64_t mask = 0xffff;
  static void restart() {
    out8(0x61, static_cast<uint8_t>((in8(0x61) & ~2) | 1));  // gate on, speaker off
    out8(0x43, 0xb4);                                        // channel 2, both bytes, counts down again and again
    out8(0x42, 0);
    out8(0x42, 0);
  }
  static std::optional<uint64_t> read() {
    out8(0x43, 0x80);  // latches the count
    const uint32_t low = in8(0x42);
    return 0xffff & ~(low | uint32_t{in8(0x42)} << 8);
  }
};

// Finds the power management timer of q35's chipset by the base address that the firmware has given the chipset's power
// management registers [ich9 13.1.13].
std::optional<PowerTimerReference> find_power_timer() {
  constexpr pci::Function kBridge{0, 31, 0};
  constexpr uint32_t kIch9 = 0x2918'8086;
  if (pci::read_config(kBridge, 0) != kIch9 || (pci::read_config(kBridge, 0x44) & 0x80) == 0) return std::nullopt;
  const auto base = static_cast<uint16_t>(pci::read_config(kBridge, 0x40) & 0xff80);
  if (base == 0) return std::nullopt;
  return PowerTimerReference{static_cast<uint16_t>(base + 8)};
}

// Detects a virtual machine. QEMU identifies itself by its configuration device even if the CPU does not report a
// hypervisor.
bool is_virtual_machine() {
  if ((cpuid(1).ecx >> 31 & 1) != 0) return true;
  out16(0x510, 0);
  for (const char c : {'Q', 'E', 'M', 'U'}) {
    if (in8(0x511) != static_cast<uint8_t>(c)) return false;
  }
  return true;
}

// Measures the TSC's rate, in ticks per second, against a reference.
template <class Reference>
std::optional<uint64_t> tsc_rate_by(Reference reference) {
  return Calibration(read_tsc, reference).run();
}

// Returns the TSC's rate as the CPU [sdm 3A 20.7.3] or the hypervisor's timing leaf states it, if either does.
std::optional<uint64_t> announced_tsc_rate() {
  if (cpuid(0).eax >= 0x15) {
    const CpuidResult r = cpuid(0x15);
    if (r.eax != 0 && r.ebx != 0 && r.ecx != 0) return uint64_t{r.ecx} * r.ebx / r.eax;
  }
  if ((cpuid(1).ecx >> 31 & 1) != 0 && cpuid(0x4000'0000).eax >= 0x4000'0010) {
    if (const uint32_t kilohertz = cpuid(0x4000'0010).eax; kilohertz != 0) return uint64_t{kilohertz} * 1000;
  }
  return std::nullopt;
}

[[noreturn]] void refuse_to_start() {
  write_raw("cairn: this machine has no clock whose rate is known\n");
  power_off(exit_status::kSystem);
}

// Reads a register of the CMOS clock.
uint8_t read_cmos(uint8_t index) {
  out8(0x70, index);
  return in8(0x71);
}

// Returns the days from January 1, 1970, to a date. Months and days count from 1.
uint64_t days_since_1970(uint64_t year, uint64_t month, uint64_t day) {
  // Counts in years that begin in March, so that the leap day comes last. There are 719468 days from March 1 of year 0
  // to 1970.
  const uint64_t y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;
  return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

}  // namespace

uint64_t ticks() { return read_tsc(); }

uint64_t start_clock(const BootInfo&) {
  out8(0x21, 0xff), out8(0xa1, 0xff);  // masks all interrupts of the two old interrupt controllers (8259)
  accept_interrupts();
  write_apic(ApicRegister::divide, kDivideByOne);
  write_apic(ApicRegister::timer, kMasked | kTimerVector);
  write_apic(ApicRegister::initial_count, ~uint32_t{0});

  // The APIC's rate is known only in virtual machines. Elsewhere it is computed from the TSC's rate, which other timers
  // measure.
  const std::optional<uint64_t> by_apic = tsc_rate_by(ApicReference{});
  const auto power_timer = find_power_timer();
  const auto by_power_timer = power_timer ? tsc_rate_by(*power_timer) : std::nullopt;
  const auto by_virtual_apic = is_virtual_machine() ? by_apic : std::nullopt;
  const auto announced = announced_tsc_rate();
  const bool is_known = by_power_timer || by_virtual_apic;
  const auto by_interval_timer = is_known ? std::nullopt : tsc_rate_by(IntervalTimerReference{});
  const auto chosen = choose_rate({by_power_timer, by_virtual_apic, announced, by_interval_timer});
  has_deadline = (cpuid(1).ecx >> 24 & 1) != 0;
  if (!chosen || (!by_apic && !has_deadline)) refuse_to_start();
  tsc_rate = *chosen;
  apic_rate =
      by_apic ? static_cast<uint64_t>(static_cast<unsigned __int128>(tsc_rate) * kHypervisorApicRate / *by_apic) : 0;
  log_debug(Subsystem::clock, "clock: TSC ", tsc_rate, " Hz (by the power management timer ",
            by_power_timer.value_or(0), ", APIC ", by_virtual_apic.value_or(0), ", CPU ", announced.value_or(0),
            ", interval timer ", by_interval_timer.value_or(0), "), APIC ", apic_rate, " Hz");
  start_timer();
  return tsc_rate;
}

void start_timer() {
  write_apic(ApicRegister::divide, kDivideByOne);
  write_apic(ApicRegister::initial_count, 0);
  write_apic(ApicRegister::timer, kTimerVector | (has_deadline ? kDeadlineMode : 0));
}

void set_timer(uint64_t deadline) {
  if (deadline == ~uint64_t{0}) {
    if (has_deadline) {
      write_msr(kTscDeadline, 0);
    } else {
      write_apic(ApicRegister::initial_count, 0);
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
  write_apic(ApicRegister::initial_count, counts > 0xffff'ffff ? 0xffff'ffff : static_cast<uint32_t>(counts));
}

void wait_until(uint64_t deadline) {
  if (deadline <= read_tsc()) return;
  set_timer(deadline);
  asm volatile("sti; hlt; cli" : : : "memory");  // the interrupt cannot come between the first two [sdm 2B STI]
  set_timer(~uint64_t{0});
}

uint64_t wall_clock() {
  constexpr uint8_t kUpdating = 0x80;  // in register 0x0a: the clock changes its registers now
  uint8_t now[6], again[6];
  constexpr uint8_t kIndexes[6] = {0, 2, 4, 7, 8, 9};  // seconds, minutes, hours, day, month, year
  if (read_cmos(0x0a) == 0xff) return 0;               // there is no CMOS clock
  // The clock may change its registers while they are read, so they are read twice until both readings are the same.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if ((read_cmos(0x0a) & kUpdating) != 0) continue;
    for (int i = 0; i < 6; ++i) now[i] = read_cmos(kIndexes[i]);
    for (int i = 0; i < 6; ++i) again[i] = read_cmos(kIndexes[i]);
    bool same = true;
    for (int i = 0; i < 6; ++i) same = same && now[i] == again[i];
    if (!same) continue;
    const uint8_t mode = read_cmos(0x0b);  // bit 2: binary, otherwise BCD; bit 1: 24 hours, otherwise 12
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
