// The device tree that the firmware handed over.
#pragma once

#include <optional>

#include "kernel/boot/boot_info.hpp"
#include "kernel/firmware/device_tree.hpp"
#include "kernel/memory/memory.hpp"

namespace cairn::kernel {

// Returns the tree, which has a root node; nothing if there is no such tree.
inline std::optional<DeviceTree> boot_tree(const BootInfo& info) {
  auto tree = DeviceTree::create({kDirectMap.at(info.device_tree.start), info.device_tree.size});
  return tree && tree->root() ? tree : std::nullopt;
}

}  // namespace cairn::kernel
