// Gives each device that the port has found to its driver.
#pragma once

#include <memory>

#include "kernel/devices/virtio/transport.hpp"

namespace cairn::kernel {

// Takes over the device. If no driver can use the device, logs that (level debug) and destroys `transport`.
void attach_virtio_device(std::unique_ptr<virtio::Transport> transport);

}  // namespace cairn::kernel
