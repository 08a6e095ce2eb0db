#include "kernel/devices/virtio/queue.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::virtio {
namespace {

constexpr uint16_t kDeviceWrites = 2;  // a descriptor's flag [virtio 2.7.5]
constexpr uint16_t kNoInterrupt = 1;   // a flag of the available ring [virtio 2.7.6]

}  // namespace

std::optional<Queue> Queue::create(Transport& transport, uint16_t index) {
  const uint16_t size = std::bit_floor(std::min(transport.largest_queue(index), kLargestSize));
  if (size == 0) return std::nullopt;
  Queue queue(transport, index, size);
  // One page holds the descriptors (128 * 16 bytes), another the two rings (4 + 128 * 2 and 4 + 128 * 8 bytes).
  constexpr size_t kUsedOffset = 512;
  const auto frames = frame_source().allocate_contiguous(2);
  if (!frames) return std::nullopt;
  const PhysAddr rings = *frames + kPageSize;
  std::memset(kDirectMap.at(*frames), 0, 2 * kPageSize);
  queue.descriptors_ = kDirectMap.at<volatile Descriptor>(*frames);
  queue.available_ = kDirectMap.at<volatile uint16_t>(rings);
  queue.used_ = kDirectMap.at<volatile uint16_t>(rings + kUsedOffset);
  queue.available_[0] = kNoInterrupt;
  queue.slots_.resize(size);
  for (uint16_t i = size; i-- != 0;) queue.free_.push_back(i);
  transport.enable_queue(index, size, {*frames, rings, rings + kUsedOffset});
  return queue;
}

void Queue::add(std::span<std::byte> buffer, bool device_writes, uint32_t cookie) {
  CAIRN_ASSERT(!free_.empty());
  const uint16_t slot = free_.back();
  free_.pop_back();
  slots_[slot] = {cookie, static_cast<uint32_t>(buffer.size()), true};
  volatile Descriptor& descriptor = descriptors_[slot];
  descriptor.address = kDirectMap.physical(buffer.data()).value;
  descriptor.length = static_cast<uint32_t>(buffer.size());
  descriptor.flags = device_writes ? kDeviceWrites : 0;
  available_[2 + next_available_ % size_] = slot;
  machine::full_barrier();
  available_[1] = ++next_available_;
  machine::full_barrier();
}

// Without the barrier, take() could look before the device sees the flag, so that neither of them would notice a buffer
// that the device uses meanwhile [virtio 2.7.7.2].
void Queue::ask_for_interrupts() {
  available_[0] = 0;
  machine::full_barrier();
}

void Queue::decline_interrupts() { available_[0] = kNoInterrupt; }

std::optional<Queue::Completion> Queue::take() {
  if (broken_ || used_[1] == next_used_) return std::nullopt;
  machine::full_barrier();
  const auto* ring = reinterpret_cast<const volatile uint32_t*>(used_ + 2);
  const uint32_t id = ring[next_used_ % size_ * 2];
  const uint32_t length = ring[next_used_ % size_ * 2 + 1];
  if (id >= size_ || !slots_[id].outstanding || length > slots_[id].length) {
    log_error(Subsystem::devices, "virtio: the device returned buffer ", id, " with ", length,
              " bytes; its queue is not used any more");
    broken_ = true;
    return std::nullopt;
  }
  ++next_used_;
  slots_[id].outstanding = false;
  free_.push_back(static_cast<uint16_t>(id));
  return Completion{slots_[id].cookie, length};
}

}  // namespace cairn::kernel::virtio
