#include "kernel/devices/virtio/pci_transport.hpp"

#include "kernel/devices/pci/message_table.hpp"
#include "kernel/memory/memory.hpp"

namespace cairn::kernel::virtio {
namespace {

// The common configuration [virtio 4.1.4.3].
struct CommonConfig {
  uint32_t device_feature_select;
  uint32_t device_feature;
  uint32_t driver_feature_select;
  uint32_t driver_feature;
  uint16_t config_vector;
  uint16_t queue_count;
  uint8_t status;
  uint8_t generation;
  uint16_t queue_select;
  uint16_t queue_size;
  uint16_t queue_vector;
  uint16_t queue_enable;
  uint16_t queue_notify_offset;
  uint32_t queue_descriptors[2];
  uint32_t queue_available[2];
  uint32_t queue_used[2];
};
static_assert(sizeof(CommonConfig) == 56);

// One of the structures of registers that the device's capabilities describe, mapped into the address space.
struct Window {
  volatile std::byte* start = nullptr;
  uint32_t size = 0;
};

class PciTransport final : public Transport {
 public:
  PciTransport(DeviceType type, Window common, Window notifications, uint32_t multiplier, Window config,
               std::optional<pci::MessageTable> messages)
      : type_(type),
        common_(reinterpret_cast<volatile CommonConfig*>(common.start)),
        notifications_(notifications),
        multiplier_(multiplier),
        config_(config),
        messages_(messages) {}

  [[nodiscard]] DeviceType type() const override { return type_; }
  void set_status(uint8_t value) override {
    common_->status = value;
    // A reset is done when the status reads as zero [virtio 4.1.4.3.2].
    for (int i = 0; value == 0 && i < 1'000'000 && common_->status != 0; ++i) {
    }
  }
  [[nodiscard]] uint8_t status() const override { return common_->status; }
  [[nodiscard]] uint64_t device_features() const override {
    common_->device_feature_select = 1;
    const uint64_t high = common_->device_feature;
    common_->device_feature_select = 0;
    return high << 32 | common_->device_feature;
  }
  void set_driver_features(uint64_t features) override {
    common_->driver_feature_select = 1;
    common_->driver_feature = static_cast<uint32_t>(features >> 32);
    common_->driver_feature_select = 0;
    common_->driver_feature = static_cast<uint32_t>(features);
  }
  [[nodiscard]] uint16_t largest_queue(uint16_t index) const override {
    if (index >= common_->queue_count) return 0;
    common_->queue_select = index;
    return notify_address(index) == nullptr ? uint16_t{0} : common_->queue_size;
  }
  void enable_queue(uint16_t index, uint16_t size, const QueueAddresses& addresses) override {
    common_->queue_select = index;
    common_->queue_size = size;
    write(common_->queue_descriptors, addresses.descriptors);
    write(common_->queue_available, addresses.available);
    write(common_->queue_used, addresses.used);
    if (messages_) common_->queue_vector = kVector;
    common_->queue_enable = 1;
  }
  void notify(uint16_t index) override {
    if (index >= kCached || notify_cache_[index] == nullptr) {
      common_->queue_select = index;
      volatile uint16_t* address = notify_address(index);
      if (address == nullptr) return;
      if (index < kCached) notify_cache_[index] = address;
      *address = index;
    } else {
      *notify_cache_[index] = index;
    }
  }
  // All queues use one entry of the table. A device that cannot use the entry says so by another value of queue_vector
  // [virtio 4.1.4.3].
  [[nodiscard]] bool connect(InterruptHandler& handler) override {
    if (!messages_) return false;
    for (uint16_t i = 0; i < common_->queue_count; ++i) {
      common_->queue_select = i;
      if (common_->queue_enable != 0 && common_->queue_vector != kVector) return false;
    }
    return messages_->connect(kVector, handler);
  }
  [[nodiscard]] uint32_t config32(uint32_t offset) const override {
    if (config_.size < 4 || offset > config_.size - 4) return 0;
    return *reinterpret_cast<const volatile uint32_t*>(config_.start + offset);
  }

 private:
  static constexpr uint16_t kVector = 0;   // the entry of the table of messages for all queues
  static constexpr uint16_t kCached = 64;  // number of queues whose notification registers are cached

  static void write(volatile uint32_t (&field)[2], PhysAddr address) {
    field[0] = static_cast<uint32_t>(address.value);
    field[1] = static_cast<uint32_t>(address.value >> 32);
  }
  // Returns the register for notifications about the queue that queue_select selects; null if the register would lie
  // outside the window or at an odd offset.
  [[nodiscard]] volatile uint16_t* notify_address(uint16_t) const {
    const uint64_t offset = uint64_t{common_->queue_notify_offset} * multiplier_;
    if (notifications_.size < 2 || offset > notifications_.size - 2 || offset % 2 != 0) return nullptr;
    return reinterpret_cast<volatile uint16_t*>(notifications_.start + offset);
  }

  DeviceType type_;
  volatile CommonConfig* common_;
  Window notifications_;
  uint32_t multiplier_;
  Window config_;
  std::optional<pci::MessageTable> messages_;
  volatile uint16_t* notify_cache_[kCached] = {};
};

// Maps the structure that the capability at this offset of the configuration describes. Returns an empty window if the
// structure cannot be mapped, has fewer than `least` bytes, or has a size or an offset of more than 16 MiB.
Window map_window(pci::Function function, uint8_t capability, size_t least) {
  const uint32_t bar = pci::read_config(function, static_cast<uint8_t>(capability + 4)) & 0xff;
  const uint32_t offset = pci::read_config(function, static_cast<uint8_t>(capability + 8));
  const uint32_t size = pci::read_config(function, static_cast<uint8_t>(capability + 12));
  const auto base = pci::base_address(function, bar);
  if (!base || size < least || size > 16 << 20 || offset > 16 << 20) return {};
  const auto mapped = map_device({*base + offset, size});
  if (!mapped) return {};
  return {*mapped, size};
}

}  // namespace

// The device ID of a modern device is 0x1040 plus the device's type [virtio 4.1.2].
std::unique_ptr<Transport> find_pci_device(pci::Function function, uint16_t device_id) {
  if (device_id < 0x1040 || device_id > 0x107f) {
    // Transitional devices have the modern interface too; their type is the subsystem's device ID [virtio 4.1.2].
    if (device_id < 0x1000 || device_id > 0x103f) return nullptr;
    device_id = static_cast<uint16_t>(0x1040 + (pci::read_config(function, 0x2c) >> 16));
  }
  Window common, notifications, config;
  uint32_t multiplier = 0;
  pci::for_each_capability(function, [&](uint8_t at, uint8_t capability) {
    constexpr uint8_t kVendorSpecific = 9;  // the type of virtio's capabilities
    if (capability != kVendorSpecific) return;
    switch (pci::read_config(function, at) >> 24) {  // the type of the structure [virtio 4.1.4]
      case 1:
        if (common.start == nullptr) common = map_window(function, at, sizeof(CommonConfig));
        break;
      case 2:
        if (notifications.start != nullptr) break;
        notifications = map_window(function, at, 2);
        multiplier = pci::read_config(function, static_cast<uint8_t>(at + 16));
        break;
      case 4:
        if (config.start == nullptr) config = map_window(function, at, 4);
        break;
      default: break;
    }
  });
  if (common.start == nullptr || notifications.start == nullptr) return nullptr;
  pci::enable(function);
  return std::make_unique<PciTransport>(static_cast<DeviceType>(device_id - 0x1040), common, notifications, multiplier,
                                        config, pci::MessageTable::create(function));
}

}  // namespace cairn::kernel::virtio
