#include "kernel/devices/virtio/mmio.hpp"

#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"

namespace cairn::kernel::virtio {
namespace {

// Offsets of the registers [virtio 4.2.2].
enum Register : uint32_t {
  magic = 0x000,
  version = 0x004,
  device_id = 0x008,
  device_features_word = 0x010,
  device_features_select = 0x014,
  driver_features_word = 0x020,
  driver_features_select = 0x024,
  queue_select = 0x030,
  queue_size_max = 0x034,
  queue_size = 0x038,
  queue_ready = 0x044,
  queue_notify = 0x050,
  interrupt_status = 0x060,
  interrupt_acknowledge = 0x064,
  status_register = 0x070,
  queue_descriptors = 0x080,
  queue_available = 0x090,
  queue_used = 0x0a0,
  config = 0x100,
};
constexpr uint32_t kMagic = 0x74726976;  // "virt"

class MmioTransport final : public Transport, private InterruptHandler {
 public:
  MmioTransport(volatile std::byte* registers, std::optional<InterruptLine> line)
      : registers_(registers), line_(line) {}

  [[nodiscard]] DeviceType type() const override { return static_cast<DeviceType>(read(device_id)); }
  void set_status(uint8_t value) override { write(status_register, value); }
  [[nodiscard]] uint8_t status() const override { return static_cast<uint8_t>(read(status_register)); }
  [[nodiscard]] uint64_t device_features() const override {
    write(device_features_select, 1);
    const uint64_t high = read(device_features_word);
    write(device_features_select, 0);
    return high << 32 | read(device_features_word);
  }
  void set_driver_features(uint64_t features) override {
    write(driver_features_select, 1);
    write(driver_features_word, static_cast<uint32_t>(features >> 32));
    write(driver_features_select, 0);
    write(driver_features_word, static_cast<uint32_t>(features));
  }
  [[nodiscard]] uint16_t largest_queue(uint16_t index) const override {
    write(queue_select, index);
    const uint32_t size = read(queue_size_max);
    return static_cast<uint16_t>(size > 32768 ? 32768 : size);
  }
  void enable_queue(uint16_t index, uint16_t size, const QueueAddresses& addresses) override {
    write(queue_select, index);
    write(queue_size, size);
    write_address(queue_descriptors, addresses.descriptors);
    write_address(queue_available, addresses.available);
    write_address(queue_used, addresses.used);
    write(queue_ready, 1);
  }
  void notify(uint16_t index) override { write(queue_notify, index); }
  [[nodiscard]] bool connect(InterruptHandler& handler) override {
    handler_ = &handler;
    return line_ && machine::connect_line(*line_, *this);
  }
  [[nodiscard]] uint32_t config32(uint32_t offset) const override {
    return *reinterpret_cast<const volatile uint32_t*>(registers_ + config + offset);
  }

  [[nodiscard]] uint32_t read(Register reg) const {
    return *reinterpret_cast<const volatile uint32_t*>(registers_ + reg);
  }

 private:
  // The device releases its line when the causes of the interrupt are acknowledged [virtio 4.2.3.3.3]. After that, the
  // fibers look at the queues, so none misses what happened before.
  void handle_interrupt() override {
    write(interrupt_acknowledge, read(interrupt_status));
    handler_->handle_interrupt();
  }

  void write(Register reg, uint32_t value) const { *reinterpret_cast<volatile uint32_t*>(registers_ + reg) = value; }
  void write_address(Register reg, PhysAddr address) const {
    write(reg, static_cast<uint32_t>(address.value));
    write(static_cast<Register>(reg + 4), static_cast<uint32_t>(address.value >> 32));
  }

  volatile std::byte* registers_;
  std::optional<InterruptLine> line_;
  InterruptHandler* handler_ = nullptr;
};

}  // namespace

std::unique_ptr<Transport> find_mmio_device(PhysRange registers, std::optional<InterruptLine> line) {
  if (registers.size < 0x200) return nullptr;
  const auto mapped = map_device(registers);
  if (!mapped) return nullptr;
  auto transport = std::make_unique<MmioTransport>(*mapped, line);
  if (transport->read(magic) != kMagic || transport->read(device_id) == 0) return nullptr;
  if (transport->read(version) != 2) {
    log_warning(Subsystem::devices, "virtio: the device at ", Hex{registers.start.value},
                " speaks the version before the standard only");
    return nullptr;
  }
  return transport;
}

}  // namespace cairn::kernel::virtio
