// The first C++ function of the kernel, which entry.S calls. It fills BootInfo from the start information of PVH, and
// enters kernel_main().
#include <algorithm>

#include "kernel/boot/boot_info.hpp"
#include "kernel/firmware/acpi.hpp"
#include "kernel/firmware/pvh.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/trap/cpu.hpp"
#include "port/cpu.hpp"
#include "port/layout.hpp"

extern "C" {
extern const std::byte start_code_end[];  // a physical address (kernel.ld)
extern std::byte trap_stacks[];
}

namespace cairn::kernel {
namespace {

constexpr uint64_t kReach = uint64_t{4} << 30;  // end of the memory that the first page tables map

constinit BootInfo first_boot_info;

// Finds free pages below 1 MiB, where other CPUs start in real mode. Page 0 is left out, because the interrupt vectors
// of real mode lie there.
PhysRange find_start_pages(const MemoryMap& free) {
  for (const PhysRange& range : free.usable()) {
    const PhysRange pages{{std::max(range.start.value, kPageSize)}, kStartPages * kPageSize};
    if (pages.end() <= std::min<uint64_t>(range.end(), 1 << 20)) return pages;
  }
  return {};
}

}  // namespace

extern "C" [[noreturn]] void cairn_boot(uint64_t start_info) {
  BootInfo& info = first_boot_info;
  info.entry_ticks = read_tsc();
  info.firmware = "PVH";
  boot_cpu().first_context.stack = boot_stack();
  machine::set_up_traps(boot_cpu(), trap_stacks);
  const std::span<const std::byte> physical(DirectMap(layout::kDirectMap).at({0}), kReach);
  if (!read_pvh(physical, start_info, info)) {
    write_raw("cairn: no PVH start information with a memory map\n");
    machine::power_off(71);  // exit_status::kSystem (base/boot_protocol.hpp)
  }
  boot_cpu().hardware_id = cpuid(1).ebx >> 24;  // the number of this CPU's local APIC
  // The kernel does not read ACPI's tables later, so it may use the memory in which they lie.
  if (const auto acpi = read_acpi(physical, info.acpi_root.value)) {
    info.other_cpus = acpi->cpus.without(boot_cpu().hardware_id);
    info.interrupts = acpi->interrupts;
  }
  info.start_pages = find_start_pages(info.memory);
  // The firmware's data structures lie in the first megabyte. The code that CPUs run before long mode lies after that
  // megabyte.
  info.memory.reserve({{0}, reinterpret_cast<uint64_t>(start_code_end)});
  info.memory.reserve(image_range());
  kernel_main(info);
}

}  // namespace cairn::kernel
