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

// Returns the first interrupt of a device [dt 2.4.1], whose number is that of a line of the interrupt controller for
// devices. Nothing in the trees of machines that Cairn knows says otherwise than that the line is level-triggered.
inline std::optional<InterruptLine> interrupt_line(const DeviceTree::Node& node) {
  const auto cells = node.property("interrupts");
  if (!cells || cells->size() < 4) return std::nullopt;
  return InterruptLine{.number = load_big_endian32(*cells), .trigger = Trigger::level};
}

}  // namespace cairn::kernel
