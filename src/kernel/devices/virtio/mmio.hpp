// Virtio over memory-mapped registers, version 2 [virtio 4.2], as QEMU's machines microvm and virt (RISC-V) have it.
#pragma once

#include <memory>
#include <optional>

#include "kernel/devices/virtio/transport.hpp"

namespace cairn::kernel::virtio {

// `line` is the device's interrupt; nothing if it is not known. Returns null if these registers belong to no device, or
// to one of the version before the standard, or if they cannot be mapped.
std::unique_ptr<Transport> find_mmio_device(PhysRange registers, std::optional<InterruptLine> line);

}  // namespace cairn::kernel::virtio
