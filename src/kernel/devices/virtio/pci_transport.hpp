// Virtio over PCI by the modern interface [virtio 4.1], as QEMU's machine q35 has it.
#pragma once

#include <memory>

#include "kernel/devices/pci/pci.hpp"
#include "kernel/devices/virtio/transport.hpp"

namespace cairn::kernel::virtio {

inline constexpr uint16_t kPciVendor = 0x1af4;  // the vendor ID of virtio devices

// Returns the transport of a virtio device; null if the function is no virtio device with the modern interface, or if
// its registers cannot be mapped. The caller has checked that the function's vendor is kPciVendor; `device_id` is the
// function's device ID.
std::unique_ptr<Transport> find_pci_device(pci::Function function, uint16_t device_id);

}  // namespace cairn::kernel::virtio
