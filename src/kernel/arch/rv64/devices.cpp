// Finds the virtio devices that the device tree lists.
#include "kernel/devices/attach.hpp"
#include "kernel/devices/virtio/mmio.hpp"
#include "kernel/firmware/boot_tree.hpp"
#include "kernel/machine.hpp"

namespace cairn::kernel::machine {

void find_devices(const BootInfo& info) {
  const auto tree = boot_tree(info);
  const auto soc = tree ? tree->root()->child("soc") : std::nullopt;
  if (!soc) return;
  for (auto node = soc->first_child(); node; node = node->next_sibling()) {
    if (!node->compatible("virtio,mmio")) continue;
    const auto range = node->reg(*soc);
    if (!range) continue;
    if (auto transport = virtio::find_mmio_device(*range, interrupt_line(*node)))
      attach_virtio_device(std::move(transport));
  }
}

}  // namespace cairn::kernel::machine
