#include "kernel/devices/console.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include "base/boot_protocol.hpp"
#include "base/sync/locked.hpp"
#include "base/sync/mutex.hpp"
#include "kernel/devices/virtio/queue.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/time/clock.hpp"

namespace cairn::kernel::console {
namespace {

using virtio::Queue;

constexpr uint64_t kMultiport = 1 << 1;
constexpr size_t kPorts = 4;
constexpr size_t kStreams = 3;  // the ports before the control port
constexpr size_t kInputPort = static_cast<size_t>(Port::standard_input),
                 kControlPort = static_cast<size_t>(Port::control);
constexpr uint32_t kMaximumDevicePorts = 8;  // the number of a device's ports that are looked at
constexpr size_t kMaximumDevices = 8;
constexpr std::string_view kNames[kPorts] = {port_name::kStdin, port_name::kStdout, port_name::kStderr,
                                             port_name::kControl};
constexpr size_t kInputBuffer = 4096;  // QEMU reads at most 4 KiB at once, and fills one buffer with each read
constexpr size_t kInputBuffers = 64;
constexpr size_t kOutputBuffer = 32 * 1024;
constexpr size_t kControlOutputBuffer = kPageSize;
constexpr size_t kOutputBuffers = 4;
constexpr size_t kControlBuffer = 256;
constexpr size_t kControlBuffers = 16;
constexpr size_t kRecordBuffer = 1024;
constexpr size_t kRecordBuffers = 4;
constexpr size_t kLongestRecord = 64;
// WASI's numbers (wasi/interface/types.hpp).
constexpr uint16_t kInterrupted = 27;       // `intr`: the fiber has reached one of its limits
constexpr uint16_t kInputOutputError = 29;  // `io`: the device has violated the protocol, or gave no reason

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

// Waits for the device: polls often at first, then halts for longer and longer, at most a millisecond.
class Backoff {
 public:
  void wait() {
    if (rounds_++ < 64) return;
    sleep_until(nanoseconds_since_boot() + pause_);
    pause_ = std::min<uint64_t>(pause_ * 2, 1'000'000);
  }

 private:
  unsigned rounds_ = 0;
  uint64_t pause_ = 20'000;
};

struct DevicePort {
  std::optional<Queue> receive;
  std::optional<Queue> transmit;
};

// Output buffers are allocated at the start, so that messages can be written when memory has run out.
struct OutputBuffers {
  std::array<std::span<std::byte>, kOutputBuffers> buffers;
  std::array<uint32_t, kOutputBuffers> free{};
  size_t free_count = 0;
};

// The host's progress with a stream.
struct Progress {
  uint64_t handed = 0;   // bytes that went over the port so far: to the host for output, to the program for input
  uint64_t carried = 0;  // bytes that the host says it has written; for input, the bytes before the failure
  std::optional<StreamFailure> failure;
};

// The lines that the host sends over the control port.
struct HostRecords {
  std::array<std::span<std::byte>, kRecordBuffers> buffers;
  std::array<char, kLongestRecord> line;
  size_t length = 0;
};

struct Input {
  std::vector<std::span<std::byte>> buffers{};
  std::optional<Queue::Completion> current{};  // the buffer that is being read
  size_t position = 0;
  bool closed = false;  // whether the host has closed the input; bytes in the queue are still to be read
};

struct Device {
  std::unique_ptr<virtio::Transport> transport;
  std::optional<Queue> control_receive;
  std::optional<Queue> control_transmit;
  std::array<std::span<std::byte>, kControlBuffers> control_buffers;
  std::span<std::byte> control_out;
  std::array<DevicePort, kMaximumDevicePorts> ports;
};

// The device that has one of the kernel's ports, and the port's number there.
struct Home {
  Device* device = nullptr;
  uint32_t number = 0;
  bool operator==(const Home&) const = default;
};

// All devices, and the state of each of the kernel's ports, whichever device it is on.
struct Console {
  std::vector<std::unique_ptr<Device>> devices;
  std::array<Home, kPorts> homes;
  std::array<OutputBuffers, kPorts> output;
  std::array<Progress, kStreams> streams;
  HostRecords records;
  Input input{.closed = true};  // closed until the host opens it
  // Each is held by the fiber that reads or writes the port, also while that fiber waits for the device.
  std::array<Mutex<FiberParker>, kPorts> busy;

  [[nodiscard]] bool has(size_t port) const { return homes[port].device != nullptr; }
  [[nodiscard]] std::optional<Queue>& receive(size_t port) {
    return homes[port].device->ports[homes[port].number].receive;
  }
  [[nodiscard]] std::optional<Queue>& transmit(size_t port) {
    return homes[port].device->ports[homes[port].number].transmit;
  }
};

constinit Console* console = nullptr;  // made for the first device
constinit uint64_t dropped = 0;        // bytes of output that were dropped

// Allocates memory that a device may access: contiguous, and never freed. Returns an empty span if there is none.
std::span<std::byte> allocate_buffer(size_t size) {
  const uint64_t frames = align_up(size, kPageSize) >> kPageBits;
  const auto start = frame_source().allocate_contiguous(frames);
  if (!start) return {};
  return {kDirectMap.at(*start), size};
}

void send_control(Device& d, uint32_t port, Event event, uint16_t value) {
  if (!d.control_transmit->has_room()) return;  // only a broken queue keeps the buffer
  const ControlMessage message{port, event, value};
  std::memcpy(d.control_out.data(), &message, sizeof message);
  d.control_transmit->add(d.control_out.first(sizeof message), false, 0);
  d.control_transmit->notify();
  for (Backoff backoff; !d.control_transmit->take() && !d.control_transmit->is_broken();) backoff.wait();
}

void add_input_buffers(Console& c) {
  auto& queue = c.receive(kInputPort);
  for (size_t i = 0; queue && i < kInputBuffers && queue->has_room(); ++i) {
    const std::span<std::byte> buffer = allocate_buffer(kInputBuffer);
    if (buffer.empty()) break;
    queue->add(buffer, true, static_cast<uint32_t>(c.input.buffers.size()));
    c.input.buffers.push_back(buffer);
  }
  if (queue) queue->notify();
}

void add_record_buffers(Console& c) {
  auto& queue = c.receive(kControlPort);
  const std::span<std::byte> memory = allocate_buffer(kRecordBuffer * kRecordBuffers);
  if (!queue || memory.empty()) return;
  for (uint32_t i = 0; i < kRecordBuffers && queue->has_room(); ++i) {
    c.records.buffers[i] = memory.subspan(i * kRecordBuffer, kRecordBuffer);
    queue->add(c.records.buffers[i], true, i);
  }
  queue->notify();
}

// Removes the next word of `line` and returns it as a number; returns nothing if it is no number.
std::optional<uint64_t> take_number(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc{} && end == word.data() + word.size() ? std::optional(value) : std::nullopt;
}

void handle_record(Console& c, std::string_view line) {
  const std::string_view kind = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), kind.size() + 1));
  const auto stream = take_number(line), carried = take_number(line);
  if (!stream || *stream >= kStreams || !carried) return;
  Progress& progress = c.streams[*stream];
  if (kind == host_record::kCarried) progress.carried = *carried;
  if (kind != host_record::kFailed) return;
  progress.carried = *carried;
  progress.failure = StreamFailure{static_cast<uint16_t>(take_number(line).value_or(kInputOutputError))};
}

// Reads the host's records on the control port.
void poll_records(Console& c) {
  if (!c.has(kControlPort) || !c.receive(kControlPort)) return;
  auto& queue = c.receive(kControlPort);
  HostRecords& records = c.records;
  while (auto done = queue->take()) {
    const std::span<std::byte> buffer = records.buffers[done->cookie];
    for (const std::byte byte : buffer.first(done->length)) {
      if (byte != std::byte{'\n'}) {
        // A line that is too long is no record.
        if (records.length < kLongestRecord) records.line[records.length++] = static_cast<char>(byte);
        continue;
      }
      handle_record(c, {records.line.data(), records.length});
      records.length = 0;
    }
    queue->add(buffer, true, done->cookie);
    queue->notify();
  }
}

// Handles the device's message that its port `number` has this name.
void bind(Console& c, Device& d, uint32_t number, std::string_view port) {
  const auto* found = std::ranges::find(kNames, port);
  const auto index = static_cast<size_t>(found - kNames);
  // Ignore a second port with the same name and a second name of the same port.
  if (index == kPorts || c.has(index) || std::ranges::contains(c.homes, Home{&d, number})) return;
  if (index == kInputPort && !d.ports[number].receive) return;
  c.homes[index] = {&d, number};
  if (index == kInputPort) add_input_buffers(c);
  if (index == kControlPort) add_record_buffers(c);
  send_control(d, number, port_open, 1);
}

void handle_control(Console& c, Device& d, std::span<const std::byte> bytes) {
  ControlMessage message;
  if (bytes.size() < sizeof message) return;
  std::memcpy(&message, bytes.data(), sizeof message);
  if (message.port >= kMaximumDevicePorts || !d.ports[message.port].transmit) return;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof message,
                              bytes.size() - sizeof message);
  switch (message.event) {
    case port_add: send_control(d, message.port, port_ready, 1); break;
    case name: bind(c, d, message.port, text.substr(0, text.find('\0'))); break;
    case port_open:
      if (c.homes[kInputPort] == Home{&d, message.port}) c.input.closed = message.value == 0;
      break;
    default: break;
  }
}

// Reads the messages of the devices, then the host's records.
void poll(Console& c) {
  for (const auto& device : c.devices) {
    Device& d = *device;
    while (auto done = d.control_receive->take()) {
      const std::span<std::byte> buffer = d.control_buffers[done->cookie];
      std::array<std::byte, kControlBuffer> copy;
      std::memcpy(copy.data(), buffer.data(), done->length);
      d.control_receive->add(buffer, true, done->cookie);
      d.control_receive->notify();
      handle_control(c, d, std::span(copy).first(done->length));
    }
  }
  poll_records(c);
}

void reclaim(Console& c, size_t port) {
  OutputBuffers& output = c.output[port];
  while (auto done = c.transmit(port)->take()) output.free[output.free_count++] = done->cookie;
}

// Allocates the memory for all output. Returns false if there is not enough.
bool allocate_output(Console& c) {
  for (size_t port = 0; port < kPorts; ++port) {
    if (port == kInputPort) continue;
    OutputBuffers& output = c.output[port];
    const size_t size = port == kControlPort ? kControlOutputBuffer : kOutputBuffer;
    for (std::span<std::byte>& buffer : output.buffers) {
      buffer = allocate_buffer(size);
      if (buffer.empty()) return false;
      output.free[output.free_count] = static_cast<uint32_t>(output.free_count);
      ++output.free_count;
    }
  }
  return true;
}

}  // namespace

bool attach(std::unique_ptr<virtio::Transport> transport) {
  uint64_t features = 0;
  if (console == nullptr) {
    auto made = std::make_unique<Console>();
    if (!allocate_output(*made)) return false;
    console = made.release();
  }
  if (console->devices.size() == kMaximumDevices || !virtio::begin_setup(*transport, kMultiport, features))
    return false;
  if ((features & kMultiport) == 0) {
    log_warning("console: the device has one port only; it is not used");
    return false;
  }
  auto d = std::make_unique<Device>();
  // Queues 0 and 1 belong to port 0, queues 2 and 3 carry control messages, queues 4 and 5 belong to port 1, and so on
  // [virtio 5.3.2].
  const uint32_t ports = std::min(transport->config32(4), kMaximumDevicePorts);
  for (uint32_t i = 0; i < ports; ++i) {
    const auto first = static_cast<uint16_t>(i == 0 ? 0 : 2 + 2 * i);
    d->ports[i].receive = Queue::create(*transport, first);
    d->ports[i].transmit = Queue::create(*transport, static_cast<uint16_t>(first + 1));
  }
  d->control_receive = Queue::create(*transport, 2);
  d->control_transmit = Queue::create(*transport, 3);
  const std::span<std::byte> control = allocate_buffer(kControlBuffer * (kControlBuffers + 1));
  if (!d->control_receive || !d->control_transmit || control.empty()) return false;
  virtio::finish_setup(*transport);
  d->control_out = control.first(kControlBuffer);
  for (uint32_t i = 0; i < kControlBuffers && d->control_receive->has_room(); ++i) {
    d->control_buffers[i] = control.subspan((i + 1) * kControlBuffer, kControlBuffer);
    d->control_receive->add(d->control_buffers[i], true, i);
  }
  d->control_receive->notify();
  d->transport = std::move(transport);
  console->devices.push_back(std::move(d));
  send_control(*console->devices.back(), 0, device_ready, 1);
  return true;
}

void find_ports() {
  if (console == nullptr || console->devices.empty()) return;
  Console& c = *console;
  const uint64_t deadline = nanoseconds_since_boot() + 200'000'000;
  Backoff backoff;
  for (poll(c); std::ranges::contains(c.homes, Home{}) && nanoseconds_since_boot() < deadline; poll(c)) backoff.wait();
  for (size_t i = 0; i < kPorts; ++i) {
    if (!c.has(i)) log_warning("console: there is no port ", kNames[i]);
  }
  poll(c);  // the answers to the last port's opening
}

bool is_attached() { return console != nullptr && !console->devices.empty(); }

namespace {

using PortScope = LockScope<Mutex<FiberParker>>;

// Writes to a port. The calling fiber holds the port's lock.
void write_held(Port port, std::span<const std::byte> bytes) {
  const auto index = static_cast<size_t>(port);
  if (console == nullptr || !console->has(index) || port == Port::standard_input) {
    dropped += bytes.size();
    return;
  }
  Console& c = *console;
  OutputBuffers& output = c.output[index];
  auto& queue = c.transmit(index);
  while (!bytes.empty()) {
    reclaim(c, index);
    for (Backoff backoff; output.free_count == 0 || !queue->has_room(); reclaim(c, index)) {
      if (queue->is_broken()) {
        dropped += bytes.size();
        return;
      }
      poll(c);
      backoff.wait();
    }
    const uint32_t number = output.free[--output.free_count];
    const size_t count = std::min(bytes.size(), output.buffers[number].size());
    std::memcpy(output.buffers[number].data(), bytes.data(), count);
    queue->add(output.buffers[number].first(count), false, number);
    queue->notify();
    if (index < kStreams) c.streams[index].handed += count;
    bytes = bytes.subspan(count);
  }
}

}  // namespace

void write(Port port, std::span<const std::byte> bytes) {
  if (console == nullptr) {
    dropped += bytes.size();
    return;
  }
  const PortScope scope(console->busy[static_cast<size_t>(port)], LockRank::console_port);
  write_held(port, bytes);
}

uint64_t dropped_bytes() { return dropped; }

void write(Port port, std::string_view text) { write(port, std::as_bytes(std::span(text))); }

std::expected<size_t, StreamFailure> write_through(Port port, std::span<const std::byte> bytes) {
  const auto index = static_cast<size_t>(port);
  if (console == nullptr || !console->has(index)) return bytes.size();
  Console& c = *console;
  const PortScope scope(c.busy[index], LockRank::console_port);
  Progress& stream = c.streams[index];
  const uint64_t start = stream.handed;
  poll_records(c);
  for (size_t done = 0; done < bytes.size() && !stream.failure;) {
    const std::span<const std::byte> piece = bytes.subspan(done).first(std::min(bytes.size() - done, kOutputBuffer));
    done += piece.size();
    write_held(port, piece);
    const auto is_over = [&] { return stream.failure || stream.carried >= stream.handed; };
    for (Backoff backoff; !is_over(); poll(c)) {
      if (is_over_limit()) return std::unexpected(StreamFailure{kInterrupted});
      if (c.transmit(index)->is_broken()) stream.failure = StreamFailure{kInputOutputError};
      reclaim(c, index);
      backoff.wait();
    }
    if (stream.handed != start + done) stream.failure = StreamFailure{kInputOutputError};
  }
  const uint64_t carried = std::min(stream.carried, stream.handed);
  if (carried <= start && stream.failure) return std::unexpected(*stream.failure);
  return static_cast<size_t>(carried - start);
}

bool input_ready() {
  if (console == nullptr || !console->has(kInputPort)) return true;
  Console& c = *console;
  Input& input = c.input;
  if (input.current) return true;
  // Messages are read before data: the host sends all data before the message that it has closed the input.
  poll(c);
  const bool closed = input.closed;
  auto& queue = c.receive(kInputPort);
  while (auto done = queue->take()) {
    if (done->length != 0) {
      input.current = done;
      input.position = 0;
      return true;
    }
    queue->add(input.buffers[done->cookie], true, done->cookie);
  }
  const Progress& stream = c.streams[kInputPort];
  return closed || queue->is_broken() || (stream.failure && stream.handed >= stream.carried);
}

size_t readable_bytes() {
  if (console == nullptr || !input_ready() || !console->input.current) return 0;
  return console->input.current->length - console->input.position;
}

std::expected<size_t, StreamFailure> read(std::span<std::byte> out) {
  if (out.empty()) return 0;
  if (console == nullptr) return 0;
  Console& c = *console;
  const PortScope scope(c.busy[kInputPort], LockRank::console_port);
  Input& input = c.input;
  for (Backoff backoff; !input_ready(); backoff.wait()) {
    if (is_over_limit()) return std::unexpected(StreamFailure{kInterrupted});
  }
  size_t total = 0;
  // Read as many bytes as have arrived.
  while (total < out.size() && input_ready() && input.current) {
    const std::span<std::byte> buffer = input.buffers[input.current->cookie].first(input.current->length);
    const size_t count = std::min(out.size() - total, buffer.size() - input.position);
    std::memcpy(out.data() + total, buffer.data() + input.position, count);
    total += count;
    c.streams[kInputPort].handed += count;
    input.position += count;
    if (input.position == buffer.size()) {
      auto& queue = c.receive(kInputPort);
      queue->add(input.buffers[input.current->cookie], true, input.current->cookie);
      input.current.reset();
      queue->notify();
    }
  }
  if (total == 0 && c.streams[kInputPort].failure) return std::unexpected(*c.streams[kInputPort].failure);
  return total;
}

void flush() {
  for (size_t i = 0; console != nullptr && i < kPorts; ++i) {
    if (!console->has(i) || i == kInputPort) continue;
    auto& queue = console->transmit(i);
    for (Backoff backoff; queue->outstanding() != 0 && !queue->is_broken(); reclaim(*console, i)) backoff.wait();
  }
}

}  // namespace cairn::kernel::console
