// The interface to the registers of a virtio 1.x device [virtio 4], which mmio.cpp and pci_transport.cpp implement. It
// is used for setting up the device and for notifications; data go through queues.
#pragma once

#include <cstdint>

#include "kernel/devices/interrupt.hpp"
#include "kernel/memory/address.hpp"

namespace cairn::kernel::virtio {

constexpr uint64_t kVersion1 = uint64_t{1} << 32;  // the feature VIRTIO_F_VERSION_1 [virtio 6]

enum class DeviceType : uint32_t { console = 3, entropy = 4 };

// Where the three parts of a split virtqueue lie [virtio 2.7].
struct QueueAddresses {
  PhysAddr descriptors;
  PhysAddr available;
  PhysAddr used;
};

class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual DeviceType type() const = 0;

  // Writes the device's status [virtio 2.1]; 0 resets the device.
  virtual void set_status(uint8_t status) = 0;
  [[nodiscard]] virtual uint8_t status() const = 0;
  [[nodiscard]] virtual uint64_t device_features() const = 0;
  virtual void set_driver_features(uint64_t features) = 0;

  // The largest size of a queue; 0: there is no such queue.
  [[nodiscard]] virtual uint16_t largest_queue(uint16_t index) const = 0;
  // Tells the device where queue `index` lies, and that it has `size` descriptors.
  virtual void enable_queue(uint16_t index, uint16_t size, const QueueAddresses& addresses) = 0;
  // Tells the device that queue `index` has new buffers.
  virtual void notify(uint16_t index) = 0;

  // Lets the device's interrupts call `handler`; called once, after the queues are enabled. Returns false if the device
  // cannot interrupt. If the result is true, the transport must exist until the machine ends.
  [[nodiscard]] virtual bool connect(InterruptHandler& handler) = 0;

  // Reads 32 bits of the device's own configuration; `offset` is in bytes.
  [[nodiscard]] virtual uint32_t config32(uint32_t offset) const = 0;
};

// Resets the device and negotiates its features: those of `wanted` that the device has, and kVersion1. Sets `granted`
// to the negotiated features. Returns false if the device lacks kVersion1 or refuses the features; its status then says
// that the driver has given up.
bool begin_setup(Transport& transport, uint64_t wanted, uint64_t& granted);
// Tells the device that the driver is ready. Called after the queues are enabled.
void finish_setup(Transport& transport);

}  // namespace cairn::kernel::virtio
