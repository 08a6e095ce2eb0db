// A split virtqueue [virtio 2.7] whose buffers are single pieces of physically contiguous memory.
//
// The device is not trusted. An index that is out of range or not outstanding, or a length beyond the buffer, breaks
// the queue. A broken queue delivers nothing more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernel/devices/virtio/transport.hpp"

namespace cairn::kernel::virtio {

class Queue {
 public:
  static constexpr uint16_t kLargestSize = 128;  // the most descriptors of a queue

  // Allocates the rings and enables queue `index` of the device. Returns nothing if there is no such queue or no
  // memory.
  static std::optional<Queue> create(Transport& transport, uint16_t index);

  struct Completion {
    uint32_t cookie;  // the number that the caller gave to add()
    uint32_t length;  // bytes that the device wrote
  };

  // Whether the device has violated the protocol, so that waiting for it is useless.
  [[nodiscard]] bool is_broken() const { return broken_; }
  [[nodiscard]] bool has_room() const { return !free_.empty(); }
  // The number of buffers that the device has.
  [[nodiscard]] size_t outstanding() const { return size_ - free_.size(); }
  // Hands a buffer to the device, which only reads the buffer unless `device_writes` is true. There must be room.
  // take() returns `cookie`, a number of the caller's choice. The device can see the buffer at once, but may not look
  // for it before notify().
  void add(std::span<std::byte> buffer, bool device_writes, uint32_t cookie);
  // Tells the device that there are new buffers.
  void notify() { transport_->notify(index_); }
  // Asks the device to interrupt when it has used a buffer. A buffer that it has used before may come without an
  // interrupt, so the caller calls take() afterwards.
  void ask_for_interrupts();
  // Tells the device that no interrupt is needed, as is so at the start. Some may come nevertheless.
  void decline_interrupts();
  // Takes back a buffer that the device has used; returns nothing if there is none.
  std::optional<Completion> take();

 private:
  struct Descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
  };
  // What the driver knows about the descriptor with the same index.
  struct Slot {
    uint32_t cookie = 0;
    uint32_t length = 0;       // of the buffer, in bytes
    bool outstanding = false;  // whether the device has the buffer
  };
  Queue(Transport& transport, uint16_t index, uint16_t size) : transport_(&transport), index_(index), size_(size) {}

  Transport* transport_;
  uint16_t index_;
  uint16_t size_;
  volatile Descriptor* descriptors_ = nullptr;
  volatile uint16_t* available_ = nullptr;  // flags, index, ring[size]
  volatile uint16_t* used_ = nullptr;       // flags, index, then pairs of 32-bit words: descriptor index, length
  std::vector<Slot> slots_;
  std::vector<uint16_t> free_;  // the indexes of descriptors that the device does not have
  uint16_t next_available_ = 0;
  uint16_t next_used_ = 0;
  bool broken_ = false;
};

}  // namespace cairn::kernel::virtio
