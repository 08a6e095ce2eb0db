// Gives a device that the port has found to its driver.
#pragma once

#include <memory>

#include "kernel/devices/virtio/transport.hpp"

namespace cairn::kernel {

void attach_virtio_device(std::unique_ptr<virtio::Transport> transport);

}  // namespace cairn::kernel
