#include "kernel/devices/attach.hpp"

#include "kernel/devices/console.hpp"
#include "kernel/entropy/random.hpp"
#include "kernel/log/log.hpp"

namespace cairn::kernel {

void attach_virtio_device(std::unique_ptr<virtio::Transport> transport) {
  const virtio::DeviceType type = transport->type();
  bool attached = false;
  switch (type) {
    case virtio::DeviceType::console: attached = console::attach(std::move(transport)); break;
    case virtio::DeviceType::entropy: attached = attach_entropy_device(std::move(transport)); break;
  }
  log_debug(Subsystem::devices, "virtio: device of type ", static_cast<uint32_t>(type), attached ? "" : " is not used");
}

}  // namespace cairn::kernel
