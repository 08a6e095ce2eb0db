#include "kernel/entropy/random.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/sync/locked.hpp"
#include "base/sync/mutex.hpp"
#include "kernel/boot/boot_info.hpp"
#include "kernel/devices/device_signal.hpp"
#include "kernel/devices/virtio/queue.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/time/clock.hpp"

namespace cairn::kernel {
namespace {

struct EntropyDevice {
  std::unique_ptr<virtio::Transport> transport;
  virtio::Queue queue;
  std::span<std::byte> buffer;
  DeviceSignal signal{};
};

constexpr size_t kRequest = 64;  // bytes that the device is asked for at once

constexpr size_t kEnough = 16;  // bytes of entropy that must be mixed in before random bytes are given out

struct Source {
  ChaChaGenerator generator;
  size_t seed_bytes = 0;  // bytes of entropy mixed in so far
  EntropyDevice* device = nullptr;

  void add(std::span<const std::byte> entropy) {
    generator.add(entropy);
    seed_bytes += entropy.size();
  }

  // Mixes in the bytes that the device has delivered, and asks for more. Returns false if it has delivered none.
  bool harvest() {
    if (device == nullptr) return false;
    const auto done = device->queue.take();
    if (!done || done->length == 0) return false;
    add(device->buffer.first(done->length));
    std::memset(device->buffer.data(), 0, kRequest);
    request();
    return true;
  }
  // Asks the device to fill the buffer.
  void request() {
    device->queue.add(device->buffer, true, 0);
    device->queue.notify();
  }

  // Mixes in the bytes that the device delivers next. Waits for them, for a second at most. Returns false if there are
  // none.
  bool wait_for_device() {
    if (device == nullptr) return false;
    const uint64_t deadline = nanoseconds_since_boot() + 1'000'000'000;
    device->queue.ask_for_interrupts();
    DeviceWait wait(device->signal, EndsWithTime::no);
    bool has_come = harvest();
    for (; !has_come && nanoseconds_since_boot() < deadline; has_come = harvest()) wait.wait(deadline);
    device->queue.decline_interrupts();
    return has_come;
  }

  // Returns whether enough entropy has been mixed in. If not, first waits for the device.
  bool wait_for_entropy() {
    harvest();
    while (seed_bytes < kEnough && wait_for_device()) {
    }
    return seed_bytes >= kEnough;
  }
};

constinit Locked<Source, Mutex<FiberParker>, LockRank::random> the_source;

}  // namespace

void start_random() {
  std::array<std::byte, 64> seed{};
  const size_t count = machine::hardware_entropy(boot_info(), seed);
  if (count != 0) log_info(Subsystem::entropy, "entropy: ", count, " bytes from ", machine::kEntropySource);
  const uint64_t times[2] = {machine::ticks(), wall_clock_nanoseconds()};
  the_source.with([&](Source& source) {
    source.add(std::span(seed).first(count));
    source.generator.add(std::as_bytes(std::span(times)));
  });
}

bool attach_entropy_device(std::unique_ptr<virtio::Transport> transport) {
  uint64_t features = 0;
  const bool has_device = the_source.with([](Source& source) { return source.device != nullptr; });
  if (has_device || !virtio::begin_setup(*transport, 0, features)) return false;
  const auto frame = frame_source().allocate();
  if (!frame) return false;
  auto queue = virtio::Queue::create(*transport, 0);
  if (!queue) {
    frame_source().free_contiguous(*frame, 1);
    return false;
  }
  auto device = std::make_unique<EntropyDevice>(std::move(transport), *std::move(queue),
                                                std::span(kDirectMap.at(*frame), kRequest));
  if (!device->transport->connect(device->signal)) device->signal.begin_polling();
  virtio::finish_setup(*device->transport);
  the_source.with([&](Source& source) {
    source.device = device.release();
    source.request();
  });
  log_info(Subsystem::entropy, "entropy: from a virtio device");
  return true;
}

bool refresh_random() {
  return the_source.with([](Source& source) {
    source.harvest();
    return source.wait_for_device();
  });
}

bool random_bytes(std::span<std::byte> out) {
  // `out` may be a guest's memory, which is not touched under the lock.
  std::array<std::byte, 256> buffer;
  const std::span<std::byte> random(buffer);
  do {
    const std::span<std::byte> part = random.first(std::min(out.size(), random.size()));
    const bool filled = the_source.with([&](Source& source) {
      if (!source.wait_for_entropy()) return false;
      const uint64_t time = machine::ticks();
      source.generator.add(std::as_bytes(std::span(&time, 1)));
      source.generator.fill(part);
      return true;
    });
    if (!filled) return false;
    std::memcpy(out.data(), part.data(), part.size());
    out = out.subspan(part.size());
  } while (!out.empty());
  std::memset(buffer.data(), 0, buffer.size());
  return true;
}

}  // namespace cairn::kernel
