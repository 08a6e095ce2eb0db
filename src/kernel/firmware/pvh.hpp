// The start information of PVH [pvh]: where the loader put the memory map, the command line and the boot bundle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/boot/boot_info.hpp"

namespace cairn::kernel {

// Fills what the start information at physical address `start` tells: RAM, free memory (without all that is told of
// here), command line, bundle, ACPI's root. `physical` is memory from address 0 on, as far as it can be seen; what lies
// or reaches outside of it is taken for absent. False: there is no start information with a memory map.
bool read_pvh(std::span<const std::byte> physical, uint64_t start, BootInfo& info);

}  // namespace cairn::kernel
