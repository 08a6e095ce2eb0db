// Reads the boot information from a device tree, before there is a heap.
#pragma once

#include <cstdint>

#include "kernel/boot/boot_info.hpp"
#include "kernel/boot/cpu_list.hpp"
#include "kernel/firmware/device_tree.hpp"

namespace cairn::kernel {

// Fills `info` from /chosen, /memory and the reservations. Returns false if the tree has no root or no free memory. The
// boot bundle is the tree's initial RAM disk; it is ignored if it does not end below the physical address `reach`.
bool read_boot_info(const DeviceTree& tree, uint64_t reach, BootInfo& info);

// Returns the first of the extensions I, M, A, F, D and C (RV64GC) that the tree's first CPU lacks, as a capital
// letter. Returns 0 if the CPU has them all, or if the tree has no CPU.
char missing_extension(const DeviceTree& tree);

// Lists the hart ids of the CPUs that can run the kernel: those that are not disabled and have these extensions.
CpuList usable_harts(const DeviceTree& tree);

}  // namespace cairn::kernel
