// BootInfo is what the kernel learns from the firmware, in the same form on every machine. The port fills it in before
// there is a heap.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/boot/cpu_list.hpp"
#include "kernel/boot/interrupt_map.hpp"
#include "kernel/memory/memory_map.hpp"

namespace cairn::kernel {

struct BootInfo {
  std::string_view firmware;      // the firmware's name, for the log
  std::string_view command_line;  // lies in reserved memory
  MemoryMap ram;                  // all RAM, occupied or not; the kernel maps it
  MemoryMap memory;               // free RAM: without the firmware, the kernel's image, the bundle
  PhysRange bundle;               // the boot bundle; size 0: there is none
  PhysRange device_tree;          // the device tree (RISC-V only); size 0: there is none
  PhysAddr acpi_root;             // address of ACPI's root pointer, the RSDP (x86-64 only); 0: unknown
  InterruptMap interrupts;        // x86-64 only
  CpuList other_cpus;             // the CPUs that can be used, without the one that the kernel was entered on
  PhysRange start_pages;          // x86-64: pages below 1 MiB with which other CPUs start; size 0: there are none
  uint64_t entry_ticks = 0;       // the tick counter when the kernel was entered
};

// Returns the record that kernel_main() was called with.
const BootInfo& boot_info();

// The first generic function, called by the port's boot.cpp on the boot stack. By then, traps are set up well enough to
// report panics. `info` must exist until the machine ends.
[[noreturn]] void kernel_main(BootInfo& info);

}  // namespace cairn::kernel
