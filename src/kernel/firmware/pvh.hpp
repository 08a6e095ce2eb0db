// The start information of PVH [pvh]: where the loader put the memory map, the command line and the boot bundle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/boot/boot_info.hpp"

namespace cairn::kernel {

// Fills `info` from the start information at physical address `start`: RAM, free memory (without the structures
// described here), command line, bundle, ACPI's root. `physical` is the visible memory from address 0 on. A structure
// that is not completely inside it counts as absent. Returns false if there is no start information with a memory map.
bool read_pvh(std::span<const std::byte> physical, uint64_t start, BootInfo& info);

}  // namespace cairn::kernel
