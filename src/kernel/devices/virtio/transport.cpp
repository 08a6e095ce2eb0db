#include "kernel/devices/virtio/transport.hpp"

namespace cairn::kernel::virtio {
namespace {

constexpr uint8_t kAcknowledge = 1, kDriver = 2, kDriverOk = 4, kFeaturesOk = 8, kFailed = 128;  // [virtio 2.1]

}  // namespace

bool begin_setup(Transport& transport, uint64_t wanted, uint64_t& granted) {
  transport.set_status(0);
  transport.set_status(kAcknowledge);
  transport.set_status(kAcknowledge | kDriver);
  const uint64_t offered = transport.device_features();
  granted = offered & (wanted | kVersion1);
  transport.set_driver_features(granted);
  transport.set_status(kAcknowledge | kDriver | kFeaturesOk);
  if ((offered & kVersion1) != 0 && (transport.status() & kFeaturesOk) != 0) return true;
  // The driver must not clear a bit of the status [virtio 2.1.1].
  transport.set_status(transport.status() | kFailed);
  return false;
}

void finish_setup(Transport& transport) { transport.set_status(kAcknowledge | kDriver | kFeaturesOk | kDriverOk); }

}  // namespace cairn::kernel::virtio
