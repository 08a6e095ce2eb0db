// The boot information from a device tree, read before there is a heap.
#pragma once

#include <cstdint>

#include "kernel/boot/boot_info.hpp"
#include "kernel/firmware/device_tree.hpp"

namespace cairn::kernel {

// Reads /chosen, /memory and the reservations; returns false when the tree lacks something essential. A bundle that
// reaches `reach` or beyond is ignored.
bool read_boot_info(const DeviceTree& tree, uint64_t reach, BootInfo& info);

// The first extension of RV64GC that the tree's first CPU does not have, as a capital letter; 0: it has them all, or
// the tree does not say.
char missing_extension(const DeviceTree& tree);

}  // namespace cairn::kernel
