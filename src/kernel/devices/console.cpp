#include "kernel/devices/console.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kernel/devices/console_state.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"

namespace cairn::kernel::console {
namespace {

constinit Console* console = nullptr;         // made for the first device
constinit std::atomic<uint64_t> dropped = 0;  // bytes of output that were dropped

// Takes back the port's output buffers that the device has read.
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
    log_warning(Subsystem::devices, "console: the device has one port only; it is not used");
    return false;
  }
  auto d = std::make_unique<Device>();
  // Queues 0 and 1 belong to port 0, queues 2 and 3 carry control messages, queues 4 and 5 belong to port 1, and so on
  // [virtio 5.3.2].
  const uint32_t ports = std::min(transport->config32(4), kMaximumDevicePorts);  // max_nr_ports [virtio 5.3.4]
  for (uint32_t i = 0; i < ports; ++i) {
    const auto first = static_cast<uint16_t>(i == 0 ? 0 : 2 + 2 * i);
    d->ports[i].receive = Queue::create(*transport, first);
    d->ports[i].transmit = Queue::create(*transport, static_cast<uint16_t>(first + 1));
  }
  d->control_receive = Queue::create(*transport, 2);
  d->control_transmit = Queue::create(*transport, 3);
  const std::span<std::byte> control = allocate_buffer(kControlBuffer * (kControlBuffers + 1));
  if (!d->control_receive || !d->control_transmit || control.empty()) return false;
  if (!transport->connect(console->signal)) console->signal.begin_polling();
  virtio::finish_setup(*transport);
  d->control_out = control.first(kControlBuffer);
  for (uint32_t i = 0; i < kControlBuffers && d->control_receive->has_room(); ++i) {
    d->control_buffers[i] = control.subspan((i + 1) * kControlBuffer, kControlBuffer);
    d->control_receive->add(d->control_buffers[i], true, i);
  }
  d->control_receive->ask_for_interrupts();
  d->control_receive->notify();
  d->transport = std::move(transport);
  console->devices.push_back(std::move(d));
  console->messages.with([](Messages&) { send_control(*console, *console->devices.back(), 0, device_ready, 1); });
  return true;
}

void find_ports() {
  if (console == nullptr || console->devices.empty()) return;
  Console& c = *console;
  const uint64_t deadline = nanoseconds_since_boot() + 200'000'000;  // 200 ms from now
  const auto is_complete = [&] {
    return std::ranges::all_of(c.homes, [](const Home& home) { return home.device != nullptr; });
  };
  DeviceWait wait(c.signal, EndsWithTime::no);
  for (poll(c); !is_complete() && nanoseconds_since_boot() < deadline; poll(c)) wait.wait(deadline);
  for (size_t i = 0; i < kPorts; ++i) {
    if (!c.has(i)) log_warning(Subsystem::devices, "console: there is no port ", kNames[i]);
  }
  poll(c);  // handles the device's answers to the message that opened the last port
}

bool is_attached() { return console != nullptr && !console->devices.empty(); }

namespace {

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
    const auto has_room = [&] {
      reclaim(c, index);
      return output.free_count != 0 && queue->has_room();
    };
    if (!has_room()) {
      for (QueueWait wait(c.signal, *queue, EndsWithTime::yes); !has_room(); wait.wait()) {
        if (queue->is_broken() || is_over_limit()) {
          dropped += bytes.size();
          return;
        }
        poll(c);
      }
    }
    const uint32_t number = output.free[--output.free_count];
    const size_t count = std::min(bytes.size(), output.buffers[number].size());
    std::memcpy(output.buffers[number].data(), bytes.data(), count);
    queue->add(output.buffers[number].first(count), false, number);
    queue->notify();
    if (index < kStreams) c.handed[index] += count;
    bytes = bytes.subspan(count);
  }
}

// Writes to the serial port, which is the console of a machine without a virtio console. Returns the number of bytes
// written: fewer than all if the fiber has reached one of its limits.
size_t write_to_serial_port(std::span<const std::byte> bytes) {
  constexpr size_t kPiece = 256;  // bytes; the log and other CPUs get the port between two pieces
  size_t done = 0;
  while (done < bytes.size()) {
    const std::span<const std::byte> piece = bytes.subspan(done).first(std::min(bytes.size() - done, kPiece));
    write_serial({reinterpret_cast<const char*>(piece.data()), piece.size()});
    done += piece.size();
    if (is_over_limit()) break;
  }
  return done;
}

}  // namespace

void write(Port port, std::span<const std::byte> bytes) {
  if (console == nullptr) {
    (void)write_to_serial_port(bytes);
    return;
  }
  const PortScope scope(console->busy[static_cast<size_t>(port)], LockRank::console_port);
  write_held(port, bytes);
}

uint64_t dropped_bytes() { return dropped; }

void write(Port port, std::string_view text) { write(port, std::as_bytes(std::span(text))); }

std::expected<size_t, StreamFailure> write_through(Port port, std::span<const std::byte> bytes) {
  const auto index = static_cast<size_t>(port);
  if (console == nullptr) return write_to_serial_port(bytes);
  if (!console->has(index)) return bytes.size();
  Console& c = *console;
  const PortScope scope(c.busy[index], LockRank::console_port);
  const uint64_t start = c.handed[index];
  Progress stream = progress_of(c, index);
  // Hands over one piece after the other. Before the next one, waits until the host has reported that it has written
  // all bytes that were handed over so far. A piece is lost if it was dropped or if the device broke the queue.
  for (size_t done = 0; done < bytes.size() && !stream.failure;) {
    const std::span<const std::byte> piece = bytes.subspan(done).first(std::min(bytes.size() - done, kOutputBuffer));
    done += piece.size();
    write_held(port, piece);
    bool is_lost = c.handed[index] != start + done;
    for (QueueWait wait(c.signal, *c.transmit(index), EndsWithTime::yes);; wait.wait()) {
      reclaim(c, index);
      is_lost = is_lost || c.transmit(index)->is_broken();
      poll(c);
      stream = progress_of(c, index);
      if (is_lost || stream.failure || stream.carried >= c.handed[index]) break;
      if (is_over_limit()) return std::unexpected(StreamFailure{kInterrupted});
    }
    if (is_lost && !stream.failure) stream.failure = StreamFailure{kInputOutputError};
  }
  const uint64_t carried = std::min(stream.carried, c.handed[index]);
  if (carried <= start && stream.failure) return std::unexpected(*stream.failure);
  return static_cast<size_t>(carried - start);
}

namespace {

// Whether there are bytes to read, or the input has ended. The calling fiber holds the input port's lock.
bool has_input(Console& c) {
  Input& input = c.input;
  if (input.current) return true;
  // Messages are read before data: the host sends all data before the message that it has closed the input.
  const auto [closed, stream] = c.messages.with([&](Messages& m) {
    poll(c, m);
    return std::pair(m.input_is_closed, m.streams[kInputPort]);
  });
  auto& queue = c.receive(kInputPort);
  while (auto done = queue->take()) {
    if (done->length != 0) {
      input.current = done;
      input.position = 0;
      return true;
    }
    queue->add(input.buffers[done->cookie], true, done->cookie);
  }
  return closed || queue->is_broken() || (stream.failure && c.handed[kInputPort] >= stream.carried);
}

// Reads the bytes that have arrived, as many as `out` takes. The calling fiber holds the input port's lock.
std::expected<size_t, StreamFailure> read_held(Console& c, std::span<std::byte> out) {
  Input& input = c.input;
  size_t total = 0;
  while (total < out.size() && has_input(c) && input.current) {
    const std::span<std::byte> buffer = input.buffers[input.current->cookie].first(input.current->length);
    const size_t count = std::min(out.size() - total, buffer.size() - input.position);
    std::memcpy(out.data() + total, buffer.data() + input.position, count);
    total += count;
    c.handed[kInputPort] += count;
    input.position += count;
    if (input.position == buffer.size()) {
      auto& queue = c.receive(kInputPort);
      queue->add(input.buffers[input.current->cookie], true, input.current->cookie);
      input.current.reset();
      queue->notify();
    }
  }
  if (total != 0) return total;
  const std::optional<StreamFailure> failure = progress_of(c, kInputPort).failure;
  if (failure) return std::unexpected(*failure);
  return 0;
}

}  // namespace

bool wait_for_input(std::optional<uint64_t> deadline) {
  if (console == nullptr || !console->has(kInputPort)) return true;
  for (DeviceWait wait(console->signal, EndsWithTime::yes);; wait.wait(deadline.value_or(Fiber::kNever))) {
    {
      const PortScope scope(console->busy[kInputPort], LockRank::console_port);
      if (has_input(*console)) return true;
    }
    if ((deadline && nanoseconds_since_boot() >= *deadline) || is_over_limit()) return false;
  }
}

size_t readable_bytes() {
  if (console == nullptr || !console->has(kInputPort)) return 0;
  const PortScope scope(console->busy[kInputPort], LockRank::console_port);
  if (!has_input(*console) || !console->input.current) return 0;
  return console->input.current->length - console->input.position;
}

std::expected<size_t, StreamFailure> read(std::span<std::byte> out) {
  if (out.empty() || console == nullptr || !console->has(kInputPort)) return 0;
  for (DeviceWait wait(console->signal, EndsWithTime::yes);; wait.wait()) {
    const PortScope scope(console->busy[kInputPort], LockRank::console_port);
    if (has_input(*console)) return read_held(*console, out);
    if (is_over_limit()) return std::unexpected(StreamFailure{kInterrupted});
  }
}

void flush() {
  for (size_t i = 0; console != nullptr && i < kPorts; ++i) {
    if (!console->has(i) || i == kInputPort) continue;
    const PortScope scope(console->busy[i], LockRank::console_port);  // other fibers may still write
    auto& queue = console->transmit(i);
    const auto is_done = [&] {
      reclaim(*console, i);
      return queue->outstanding() == 0 || queue->is_broken() || is_over_limit();
    };
    if (is_done()) continue;
    for (QueueWait wait(console->signal, *queue, EndsWithTime::yes); !is_done();) wait.wait();
  }
}

}  // namespace cairn::kernel::console
