// ACPI's tables [acpi 5.2]: which CPUs and I/O APICs there are, where the local APICs' registers lie, and where PCI's
// configuration space is mapped. The tables are read in place, and nothing in them is trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "kernel/boot/cpu_list.hpp"
#include "kernel/boot/interrupt_map.hpp"
#include "kernel/memory/address.hpp"

namespace cairn::kernel {

// The memory-mapped configuration space of PCI segment group 0 [pci-firmware 4.1.2].
struct PciConfigSpace {
  PhysAddr start;  // the address of bus 0's configuration space, even if first_bus is not 0
  uint8_t first_bus = 0;
  uint8_t last_bus = 0;
};

struct AcpiInfo {
  CpuList cpus;  // the APIC ids of all CPUs that can be used now
  InterruptMap interrupts;
  PhysAddr local_apic;  // the local APICs' registers; 0: not reported
  std::optional<PciConfigSpace> pci_config;
};

// Reads the tables to which the root pointer (RSDP) at physical address `root` leads. `physical` is the mapped part of
// physical memory, from address 0 on. A table counts as absent if a part of it lies outside of `physical`, if its
// checksum is wrong, or if it has more than 256 KiB. Returns nothing if there is no root pointer, or no root table.
std::optional<AcpiInfo> read_acpi(std::span<const std::byte> physical, uint64_t root);

}  // namespace cairn::kernel
