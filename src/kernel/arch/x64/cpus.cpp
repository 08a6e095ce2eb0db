// Sends interrupts to other CPUs through the local APIC, and starts other CPUs.
#include <algorithm>
#include <cstring>
#include <utility>

#include "kernel/boot/boot_info.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/panic.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"
#include "kernel/trap/interrupts_off.hpp"
#include "kernel/trap/start_cpu.hpp"
#include "port/cpu.hpp"

extern "C" {
extern const std::byte cpu_start_code[], cpu_start_code_end[];  // entry.S: runs in real mode
extern const std::byte start_code[], start_code_end[];  // kernel.ld: physical addresses of the code that runs next
}

namespace cairn::kernel {
namespace {

constexpr uint32_t kApicBase = 0x1b;  // the model-specific register IA32_APIC_BASE
constexpr uint64_t kApicEnable = 1 << 11;
constexpr uint32_t kSoftwareEnable = 0x100;  // in the register `spurious`

// Parts of an interrupt command [sdm 3A 12.6.1].
constexpr uint32_t kNonMaskable = 4 << 8, kInit = 5 << 8, kStartUp = 6 << 8, kIsPending = 1 << 12, kAssert = 1 << 14;

// The delay between the reset of a CPU and the start-up command, in nanoseconds [sdm 3A 10.4.4.1].
constexpr uint64_t kAfterInit = 10'000'000;

constinit volatile std::byte* apic = nullptr;
constinit bool are_reset = false;  // whether all other CPUs wait for the start-up command

// Returns the place of a register of this CPU's local APIC.
volatile uint32_t* apic_register(ApicRegister reg) {
  return reinterpret_cast<volatile uint32_t*>(apic + static_cast<uint32_t>(reg));
}

// Sends a command to the CPU whose local APIC has this number. Interrupts are off meanwhile, because their handlers may
// send commands, too.
void send_command(uint64_t apic_id, uint32_t command) {
  const InterruptsOff off;
  while ((read_apic(ApicRegister::command_low) & kIsPending) != 0) machine::relax();
  write_apic(ApicRegister::command_high, static_cast<uint32_t>(apic_id) << 24);
  write_apic(ApicRegister::command_low, command);
}

// Resets all other CPUs, so that they wait for the start-up command. Waits for kAfterInit once for all of them, not
// once for each.
void reset_other_cpus() {
  if (are_reset) return;
  for (const uint64_t id : boot_info().other_cpus.numbers()) send_command(id, kInit | kAssert);
  (void)wait_while(OfferState::made, kAfterInit);
  are_reset = true;
}

}  // namespace

uint32_t read_apic(ApicRegister reg) { return *apic_register(reg); }
void write_apic(ApicRegister reg, uint32_t value) { *apic_register(reg) = value; }

namespace machine {

void accept_interrupts() {
  const uint64_t base = read_msr(kApicBase);
  write_msr(kApicBase, base | kApicEnable);
  if (apic == nullptr) {
    const auto registers = map_device({{base & 0x000f'ffff'ffff'f000}, kPageSize});
    if (!registers) panic("cannot map the local APIC");
    apic = *registers;
  }
  write_apic(ApicRegister::spurious, kSoftwareEnable | kSpuriousVector);
}

void send_interrupt(const Cpu& cpu) { send_command(cpu.hardware_id, kAssert | kCallVector); }

void send_unmaskable_interrupt(const Cpu& cpu) { send_command(cpu.hardware_id, kAssert | kNonMaskable); }

// The tables map the kernel's half, and one to one the code of entry.S, because that code turns translation on. The
// tables and the copy of the real-mode code lie in the start pages below 1 MiB: first the code, then a page for the
// tables of each level.
Result<uint64_t> make_start_tables() {
  const PhysRange pages = boot_info().start_pages;
  if (pages.size == 0) return fail(Error::of(ErrorKind::resource, "there is no free memory below 1 MiB"));
  constexpr size_t kEntries = kPageSize / sizeof(uint64_t);
  const auto table = [&](unsigned level) { return pages.start + (1 + level) * kPageSize; };
  const auto entries = [&](unsigned level) { return kDirectMap.at<uint64_t>(table(level)); };
  // A CPU whose offer was withdrawn may still run the code, so the code is written once.
  static constinit bool is_written = false;
  if (!std::exchange(is_written, true)) {
    std::memset(kDirectMap.at(pages.start), 0, pages.size);
    std::memcpy(kDirectMap.at(pages.start), cpu_start_code, static_cast<size_t>(cpu_start_code_end - cpu_start_code));
    for (const unsigned level : {1, 2, 3}) *entries(level) = PageFormat::table(table(level - 1));
    const auto start = reinterpret_cast<uint64_t>(start_code), end = reinterpret_cast<uint64_t>(start_code_end);
    for (uint64_t page = align_down(start, kPageSize); page < end; page += kPageSize)
      entries(0)[page / kPageSize] = PageFormat::leaf({page}, {.execute = true}, 0) & ~PageFormat::kGlobal;
  }
  const uint64_t* const kernel = kDirectMap.at<uint64_t>(active_page_table().address);
  std::copy(kernel + kEntries / 2, kernel + kEntries, entries(3) + kEntries / 2);
  return table(3).value;
}

Result<void> wake_cpu(const Cpu& cpu) {
  reset_other_cpus();
  const auto page = static_cast<uint32_t>(boot_info().start_pages.start.value / kPageSize);
  send_command(cpu.hardware_id, kStartUp | kAssert | page);
  return {};
}

}  // namespace machine
}  // namespace cairn::kernel
