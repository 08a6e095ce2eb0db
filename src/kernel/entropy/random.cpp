#include "kernel/entropy/random.hpp"

#include <cstring>
#include <optional>

#include "kernel/boot/boot_info.hpp"
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
};

constexpr size_t kRequest = 64;

constexpr size_t kEnough = 16;  // bytes of entropy that must be mixed in before random bytes are given out

constinit ChaChaGenerator generator;
constinit size_t seed_bytes = 0;  // bytes of entropy mixed in so far
constinit EntropyDevice* entropy_device = nullptr;

// Mixes in the bytes that the device has delivered, and asks for more. Returns false if it has delivered none.
bool harvest() {
  if (entropy_device == nullptr) return false;
  const auto done = entropy_device->queue.take();
  if (!done || done->length == 0) return false;
  generator.add(entropy_device->buffer.first(done->length));
  seed_bytes += done->length;
  std::memset(entropy_device->buffer.data(), 0, kRequest);
  entropy_device->queue.add(entropy_device->buffer, true, 0);
  entropy_device->queue.notify();
  return true;
}

}  // namespace

void start_random() {
  std::array<std::byte, 64> seed{};
  const size_t count = machine::hardware_entropy(boot_info(), seed);
  generator.add(std::span(seed).first(count));
  seed_bytes = count;
  if (count != 0) log_info("entropy: ", count, " bytes from ", machine::kEntropySource);
  const uint64_t times[2] = {machine::ticks(), wall_clock_nanoseconds()};
  generator.add(std::as_bytes(std::span(times)));
}

bool attach_entropy_device(std::unique_ptr<virtio::Transport> transport) {
  uint64_t features = 0;
  if (entropy_device != nullptr || !virtio::begin_setup(*transport, 0, features)) return false;
  const auto frame = frame_source().allocate();
  if (!frame) return false;
  auto queue = virtio::Queue::create(*transport, 0);
  if (!queue) {
    frame_source().free_contiguous(*frame, 1);
    return false;
  }
  virtio::finish_setup(*transport);
  entropy_device = new EntropyDevice{std::move(transport), *std::move(queue), {kDirectMap.at(*frame), kRequest}};
  entropy_device->queue.add(entropy_device->buffer, true, 0);
  entropy_device->queue.notify();
  log_info("entropy: from a virtio device");
  return true;
}

bool random_bytes(std::span<std::byte> out) {
  harvest();
  // If no other source has given enough, this waits for the device, but for a second at most.
  const uint64_t deadline = nanoseconds_since_boot() + 1'000'000'000;
  while (seed_bytes < kEnough && entropy_device != nullptr && nanoseconds_since_boot() < deadline) {
    if (!harvest()) sleep_until(nanoseconds_since_boot() + 200'000);
  }
  if (seed_bytes < kEnough) return false;
  const uint64_t time = machine::ticks();
  generator.add(std::as_bytes(std::span(&time, 1)));
  generator.fill(out);
  return true;
}

}  // namespace cairn::kernel
