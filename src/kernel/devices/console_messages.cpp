// Messages of the console's devices, which say which ports there are, and the host's records on the control port.
#include <charconv>
#include <cstring>

#include "kernel/devices/console_state.hpp"
#include "kernel/memory/memory.hpp"

namespace cairn::kernel::console {

std::span<std::byte> allocate_buffer(size_t size) {
  const uint64_t frames = align_up(size, kPageSize) >> kPageBits;
  const auto start = frame_source().allocate_contiguous(frames);
  if (!start) return {};
  return {kDirectMap.at(*start), size};
}

void send_control(Console& c, Device& d, uint32_t port, Event event, uint16_t value) {
  if (!d.control_transmit->has_room()) return;  // the device still has the buffer, so the queue is broken
  const ControlMessage message{port, event, value};
  std::memcpy(d.control_out.data(), &message, sizeof message);
  d.control_transmit->add(d.control_out.first(sizeof message), false, 0);
  d.control_transmit->notify();
  for (QueueWait wait(c.signal, *d.control_transmit, EndsWithTime::no);
       !d.control_transmit->take() && !d.control_transmit->is_broken();)
    wait.wait();
}

namespace {

// Allocates the buffers for input and hands them to the device.
void add_input_buffers(Input& input, std::optional<Queue>& queue) {
  for (size_t i = 0; queue && i < kInputBuffers && queue->has_room(); ++i) {
    const std::span<std::byte> buffer = allocate_buffer(kInputBuffer);
    if (buffer.empty()) break;
    queue->add(buffer, true, static_cast<uint32_t>(input.buffers.size()));
    input.buffers.push_back(buffer);
  }
  if (!queue) return;
  queue->ask_for_interrupts();
  queue->notify();
}

// Allocates the buffers for the host's records and hands them to the device.
void add_record_buffers(HostRecords& records, std::optional<Queue>& queue) {
  const std::span<std::byte> memory = allocate_buffer(kRecordBuffer * kRecordBuffers);
  if (!queue || memory.empty()) return;
  for (uint32_t i = 0; i < kRecordBuffers && queue->has_room(); ++i) {
    records.buffers[i] = memory.subspan(i * kRecordBuffer, kRecordBuffer);
    queue->add(records.buffers[i], true, i);
  }
  queue->ask_for_interrupts();
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

// Handles a record of the host (host_record in base/boot_protocol.hpp). Ignores a record that it does not understand.
void handle_record(Messages& m, std::string_view line) {
  const std::string_view kind = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), kind.size() + 1));
  const auto stream = take_number(line), carried = take_number(line);
  if (!stream || *stream >= kStreams || !carried) return;
  Progress& progress = m.streams[*stream];
  if (kind == host_record::kCarried) progress.carried = *carried;
  if (kind != host_record::kFailed) return;
  progress.carried = *carried;
  progress.failure = StreamFailure{static_cast<uint16_t>(take_number(line).value_or(kInputOutputError))};
}

// Reads the host's records on the control port.
void poll_records(Console& c, Messages& m) {
  if (!c.has(kControlPort) || !c.receive(kControlPort)) return;
  auto& queue = c.receive(kControlPort);
  HostRecords& records = m.records;
  while (auto done = queue->take()) {
    const std::span<std::byte> buffer = records.buffers[done->cookie];
    for (const std::byte byte : buffer.first(done->length)) {
      if (byte != std::byte{'\n'}) {
        // Cuts off a line that is longer than any record.
        if (records.length < kLongestRecord) records.line[records.length++] = static_cast<char>(byte);
        continue;
      }
      handle_record(m, {records.line.data(), records.length});
      records.length = 0;
    }
    queue->add(buffer, true, done->cookie);
    queue->notify();
  }
}

// Handles the device's message that its port `number` has this name.
void bind(Console& c, Messages& m, Device& d, uint32_t number, std::string_view port) {
  const auto* found = std::ranges::find(kNames, port);
  const auto index = static_cast<size_t>(found - kNames);
  // Ignore a second port with the same name and a second name of the same port.
  if (index == kPorts || c.has(index)) return;
  if (std::ranges::any_of(c.homes, [&](const Home& home) { return home.is(d, number); })) return;
  if (index == kInputPort && !d.ports[number].receive) return;
  // The port's lock is not needed: no fiber uses the port before its home is set.
  if (index == kInputPort) add_input_buffers(c.input, d.ports[number].receive);
  if (index == kControlPort) add_record_buffers(m.records, d.ports[number].receive);
  c.homes[index].number = number;
  c.homes[index].device = &d;
  send_control(c, d, number, port_open, 1);
}

// Handles a message of the device [virtio 5.3.6.2]. Ignores a message that it does not understand.
void handle_control(Console& c, Messages& m, Device& d, std::span<const std::byte> bytes) {
  ControlMessage message;
  if (bytes.size() < sizeof message) return;
  std::memcpy(&message, bytes.data(), sizeof message);
  if (message.port >= kMaximumDevicePorts || !d.ports[message.port].transmit) return;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof message,
                              bytes.size() - sizeof message);
  switch (message.event) {
    case port_add: send_control(c, d, message.port, port_ready, 1); break;
    case name: bind(c, m, d, message.port, text.substr(0, text.find('\0'))); break;
    case port_open:
      if (c.homes[kInputPort].is(d, message.port)) m.input_is_closed = message.value == 0;
      break;
    default: break;
  }
}

}  // namespace

void poll(Console& c, Messages& m) {
  for (const auto& device : c.devices) {
    Device& d = *device;
    while (auto done = d.control_receive->take()) {
      const std::span<std::byte> buffer = d.control_buffers[done->cookie];
      std::array<std::byte, kControlBuffer> copy;
      std::memcpy(copy.data(), buffer.data(), done->length);
      d.control_receive->add(buffer, true, done->cookie);
      d.control_receive->notify();
      handle_control(c, m, d, std::span(copy).first(done->length));
    }
  }
  poll_records(c, m);
}
void poll(Console& c) {
  c.messages.with([&](Messages& m) { poll(c, m); });
}

Progress progress_of(Console& c, size_t stream) {
  return c.messages.with([&](Messages& m) {
    poll_records(c, m);
    return m.streams[stream];
  });
}
}  // namespace cairn::kernel::console
