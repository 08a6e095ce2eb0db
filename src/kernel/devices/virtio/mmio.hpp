// Virtio over memory-mapped registers, version 2 [virtio 4.2]: microvm, RISC-V's virt.
#pragma once

#include <memory>

#include "kernel/devices/virtio/transport.hpp"

namespace cairn::kernel::virtio {

// Null when there is no device behind these registers (or only the version before the standard).
std::unique_ptr<Transport> find_mmio_device(PhysRange registers);

}  // namespace cairn::kernel::virtio
