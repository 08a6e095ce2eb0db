// The console's state: its devices, the device that has each of the kernel's ports, and the host's reports about the
// streams. Only the console's own files include this header.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/boot_protocol.hpp"
#include "base/sync/locked.hpp"
#include "base/sync/mutex.hpp"
#include "kernel/devices/console.hpp"
#include "kernel/devices/device_signal.hpp"
#include "kernel/devices/virtio/queue.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/memory/address.hpp"
#include "kernel/time/clock.hpp"

namespace cairn::kernel::console {

using virtio::Queue;

inline constexpr uint64_t kMultiport = 1 << 1;  // the feature VIRTIO_CONSOLE_F_MULTIPORT [virtio 5.3.3]
inline constexpr size_t kPorts = 4;             // the number of enumerators of Port
inline constexpr size_t kStreams = 3;           // the ports of the standard streams, which come before the control port
inline constexpr size_t kInputPort = static_cast<size_t>(Port::standard_input),
                        kControlPort = static_cast<size_t>(Port::control);
inline constexpr uint32_t kMaximumDevicePorts = 8;  // a device's ports from this number on are ignored
inline constexpr size_t kMaximumDevices = 8;
inline constexpr std::string_view kNames[kPorts] = {port_name::kStdin, port_name::kStdout, port_name::kStderr,
                                                    port_name::kControl};
// A constant whose name ends in Buffer is the size of a buffer in bytes; a constant whose name ends in Buffers is the
// number of such buffers. Each port for output has kOutputBuffers buffers, of kControlOutputBuffer bytes for the
// control port and of kOutputBuffer bytes for the others.
inline constexpr size_t kInputBuffer = 4096;  // QEMU reads at most 4 KiB at once, and fills one buffer with each read
inline constexpr size_t kInputBuffers = 64;
inline constexpr size_t kOutputBuffer = 32 * 1024;
inline constexpr size_t kControlOutputBuffer = kPageSize;
inline constexpr size_t kOutputBuffers = 4;
inline constexpr size_t kControlBuffer = 256;
inline constexpr size_t kControlBuffers = 16;
inline constexpr size_t kRecordBuffer = 1024;
inline constexpr size_t kRecordBuffers = 4;
inline constexpr size_t kLongestRecord = 64;  // bytes
// WASI's numbers (wasi/interface/types.hpp).
inline constexpr uint16_t kInterrupted = 27;       // `intr`: the fiber has reached one of its limits
inline constexpr uint16_t kInputOutputError = 29;  // `io`: the device has violated the protocol, or gave no reason

using PortScope = LockScope<Mutex<FiberParker>>;

// A message of a device's control queues [virtio 5.3.6.2].
struct ControlMessage {
  uint32_t port;
  uint16_t event;
  uint16_t value;
};
enum Event : uint16_t {
  device_ready = 0,
  port_add = 1,
  port_remove = 2,
  port_ready = 3,
  console_port = 4,
  port_open = 6,
  name = 7
};

struct DevicePort {
  std::optional<Queue> receive;
  std::optional<Queue> transmit;
};

// Output buffers are allocated at the start, so that messages can be written when memory has run out.
struct OutputBuffers {
  std::array<std::span<std::byte>, kOutputBuffers> buffers;
  std::array<uint32_t, kOutputBuffers> free{};  // the indexes of the free buffers
  size_t free_count = 0;
};

// What the host has said about a stream.
struct Progress {
  // For output, the number of bytes that the host says it has written. For input, after a failure of the host's, the
  // number of bytes that it read before the failure.
  uint64_t carried = 0;
  std::optional<StreamFailure> failure;
};

// The lines that the host sends over the control port.
struct HostRecords {
  std::array<std::span<std::byte>, kRecordBuffers> buffers;
  std::array<char, kLongestRecord> line;  // the line whose end has not arrived yet
  size_t length = 0;                      // bytes of the line that have arrived
};

struct Input {
  std::vector<std::span<std::byte>> buffers{};
  std::optional<Queue::Completion> current{};  // the buffer that is being read
  size_t position = 0;                         // bytes of the current buffer that have been read
};

// A virtio device, with its two control queues and the queues of its ports.
struct Device {
  std::unique_ptr<virtio::Transport> transport;
  std::optional<Queue> control_receive;
  std::optional<Queue> control_transmit;
  std::array<std::span<std::byte>, kControlBuffers> control_buffers;
  std::span<std::byte> control_out;
  std::array<DevicePort, kMaximumDevicePorts> ports;
};

// The device that has one of the kernel's ports, and the port's number there. It is set once.
struct Home {
  uint32_t number = 0;
  std::atomic<Device*> device{nullptr};  // set after the number

  [[nodiscard]] bool is(const Device& d, uint32_t n) const { return device == &d && number == n; }
};

// The state that messages of the devices and records of the host change.
struct Messages {
  std::array<Progress, kStreams> streams;
  HostRecords records;
  // Whether the host has closed the input, or has not opened it yet. The queue may still hold bytes to read.
  bool input_is_closed = true;
};

// All devices, and the state of each of the kernel's ports, whichever device it is on. Devices are added only while the
// kernel starts.
struct Console {
  std::vector<std::unique_ptr<Device>> devices;
  std::array<Home, kPorts> homes;
  // One lock for each port. The fiber that reads or writes the port holds the lock. A fiber that writes keeps holding
  // the lock while it waits for the device; a fiber that waits for input does not hold the lock.
  std::array<Mutex<FiberParker>, kPorts> busy;
  std::array<OutputBuffers, kPorts> output;
  DeviceSignal signal;                      // raised by all devices
  std::array<uint64_t, kStreams> handed{};  // bytes so far that went to the device (output) or to the program (input)
  Input input;
  // The fiber that reads or sends messages holds the lock.
  Locked<Messages, Mutex<FiberParker>, LockRank::console_messages> messages;

  // Whether one of the devices has the port. receive() and transmit() return the queues of such a port.
  [[nodiscard]] bool has(size_t port) const { return homes[port].device != nullptr; }
  [[nodiscard]] std::optional<Queue>& receive(size_t port) {
    return homes[port].device.load()->ports[homes[port].number].receive;
  }
  [[nodiscard]] std::optional<Queue>& transmit(size_t port) {
    return homes[port].device.load()->ports[homes[port].number].transmit;
  }
};

// Waits until the device has used buffers of a queue, for which it interrupts only during these waits. One fiber at a
// time waits for a queue. The queues for input, for messages and for records interrupt always, so a plain DeviceWait
// does for them.
class QueueWait : public DeviceWait {
 public:
  QueueWait(DeviceSignal& signal, Queue& queue, EndsWithTime ends_with_time)
      : DeviceWait(signal, ends_with_time), queue_(queue) {
    queue.ask_for_interrupts();
  }
  ~QueueWait() { queue_.decline_interrupts(); }

 private:
  Queue& queue_;
};

// The functions below are in console_messages.cpp.

// Allocates memory that a device may access: contiguous, and never freed. Returns an empty span if there is none.
std::span<std::byte> allocate_buffer(size_t size);
// Sends a message to a device, and waits until the device has taken it. The calling fiber holds the lock of
// Console::messages.
void send_control(Console& c, Device& d, uint32_t port, Event event, uint16_t value);
// Reads the messages of the devices, then the host's records. `m` is the data of c.messages; the second function takes
// its lock.
void poll(Console& c, Messages& m);
void poll(Console& c);
// Reads the host's records, and returns what they say of a stream.
Progress progress_of(Console& c, size_t stream);

}  // namespace cairn::kernel::console
