// Fuzzes the virtio console's driver with one or two simulated devices. The input decides what a device does: the sizes
// of its queues, its ports and their names, its control messages, which buffers it returns, and the lengths it states.
//
// The driver must stay inside its buffers, must not assert, and must not wait for ever for a device that has broken its
// queue. It may wait for a device that does not answer at once: devices also answer while the driver sleeps, sometimes
// only after seconds. A device may interrupt at once, twice, later, without a reason or never. If no interrupt is left
// out, the driver must not have waited for the deadline that saves it from a missed one.
#include "kernel/devices/console.cpp"  // NOLINT: the driver's state has to be thrown away after each input

#include <cstdlib>
#include <string>

#include "kernel/devices/console_messages.cpp"  // NOLINT: it uses the state that is thrown away
#include "support/check.hpp"
#include "support/input.hpp"

namespace cairn::kernel {
namespace {

constexpr size_t kMemory = 8 << 20;              // bytes of memory for the driver's queues and buffers
constexpr uint64_t kPatience = 600'000'000'000;  // nanoseconds that the driver may take for one input

struct Machine {
  FrameSource* frames = nullptr;
  fuzz::Input* input = nullptr;
  uint64_t time = 0;
  uint64_t silent_until = 0;  // the time before which the devices do nothing while the driver sleeps
  bool is_reliable = false;   // whether no interrupt is left out
  bool is_busy = false;       // whether the devices act now
};
constinit Machine machine_state;

// A queue, as the driver has set it up.
struct DeviceQueue {
  uint16_t size = 0;
  virtio::QueueAddresses addresses{};
  uint16_t seen = 0;  // the number of entries of the available ring that the device has taken
};

struct Descriptor {
  uint64_t address;
  uint32_t length;
  uint16_t flags;
  uint16_t next;
};

class FakeTransport final : public virtio::Transport {
 public:
  explicit FakeTransport(fuzz::Input& input) : input_(input), queues_(20) {}

  [[nodiscard]] virtio::DeviceType type() const override { return virtio::DeviceType::console; }
  void set_status(uint8_t status) override { status_ = status; }
  [[nodiscard]] uint8_t status() const override { return status_; }
  [[nodiscard]] uint64_t device_features() const override { return virtio::kVersion1 | console::kMultiport; }
  void set_driver_features(uint64_t) override {}
  [[nodiscard]] uint16_t largest_queue(uint16_t index) const override {
    if (index >= queues_.size()) return 0;
    const uint8_t way = input_.byte();
    return way < 200 ? 64 : way < 240 ? uint16_t{2} : static_cast<uint16_t>(way);
  }
  void enable_queue(uint16_t index, uint16_t size, const virtio::QueueAddresses& addresses) override {
    queues_[index] = {size, addresses, 0};
  }
  void notify(uint16_t index) override {
    if (input_.byte() < 240) serve(index);
  }
  [[nodiscard]] bool connect(InterruptHandler& handler) override {
    if (input_.byte() >= 230) return false;
    handler_ = &handler;
    return true;
  }
  [[nodiscard]] uint32_t config32(uint32_t) const override { return input_.byte() % 12; }

  // Lets the device do something on every queue.
  void serve_all() {
    for (uint16_t i = 0; i < queues_.size(); ++i) serve(i);
    if (std::exchange(is_interrupt_late_, false) || (!input_.empty() && input_.byte() >= 250)) interrupt();
  }

 private:
  void interrupt() {
    if (handler_ != nullptr) handler_->handle_interrupt();
  }
  // Interrupts after a buffer was used, in one of several ways.
  void interrupt_somehow() {
    const uint8_t way = input_.empty() ? 0 : input_.byte();
    if (way >= 240 && !machine_state.is_reliable) return;
    if (way >= 200) {
      is_interrupt_late_ = true;
      return;
    }
    interrupt();
    if (way >= 180) interrupt();
  }

  template <class T>
  static volatile T* at(PhysAddr base, size_t index) {
    return kDirectMap.at<volatile T>(base) + index;
  }

  void serve(uint16_t index) {
    DeviceQueue& queue = queues_[index];
    while (queue.size != 0 && queue.seen != *at<uint16_t>(queue.addresses.available, 1)) {
      const uint16_t slot = *at<uint16_t>(queue.addresses.available, 2 + queue.seen % queue.size);
      fuzz::check(slot < queue.size, "the driver offers a descriptor that is none");
      const Descriptor descriptor =
          *kDirectMap.at<const Descriptor>(queue.addresses.descriptors + slot * sizeof(Descriptor));
      uint32_t length = 0;
      if ((descriptor.flags & 2) != 0) {
        // The flag VIRTQ_DESC_F_WRITE says that the device writes the buffer: with a control message or with input. Now
        // and then the device does not fill it yet.
        if (input_.empty() || input_.byte() < 40) return;
        length = fill({kDirectMap.at({descriptor.address}), descriptor.length}, index == 2);
      }
      ++queue.seen;
      complete(queue, slot, length);
    }
  }

  uint32_t fill(std::span<std::byte> buffer, bool is_control) {
    std::vector<std::byte> bytes;
    if (is_control) {
      const console::ControlMessage message{input_.byte() % 10u, static_cast<uint16_t>(input_.byte() % 9),
                                            input_.byte()};
      const auto part = std::as_bytes(std::span(&message, 1));
      bytes.assign(part.begin(), part.end());
      if (message.event == console::Event::name && input_.byte() < 200) {
        const auto name = std::as_bytes(std::span(console::kNames[input_.byte() % console::kPorts]));
        bytes.insert(bytes.end(), name.begin(), name.end());
      }
    }
    const auto more = input_.bytes(input_.byte() % 32);
    bytes.insert(bytes.end(), more.begin(), more.end());
    const size_t count = std::min(bytes.size(), buffer.size());
    std::ranges::copy(std::span(bytes).first(count), buffer.begin());
    return static_cast<uint32_t>(count);
  }

  void complete(DeviceQueue& queue, uint16_t slot, uint32_t length) {
    const uint16_t used = *at<uint16_t>(queue.addresses.used, 1);
    const auto ring = queue.addresses.used + 4;
    const uint8_t way = input_.empty() ? 0 : input_.byte();
    *at<uint32_t>(ring, used % queue.size * 2) = way < 250 ? slot : input_.take<uint16_t>();
    *at<uint32_t>(ring, used % queue.size * 2 + 1) = way < 245 ? length : input_.take<uint32_t>();
    *at<uint16_t>(queue.addresses.used, 1) = static_cast<uint16_t>(used + 1);
    if (*at<uint16_t>(queue.addresses.available, 0) == 0) interrupt_somehow();
  }

  fuzz::Input& input_;
  std::vector<DeviceQueue> queues_;
  uint8_t status_ = 0;
  InterruptHandler* handler_ = nullptr;
  bool is_interrupt_late_ = false;  // whether an interrupt comes when the device acts next
};

std::vector<FakeTransport*> transports;  // the transports of all attached devices

void serve_all() {
  machine_state.is_busy = true;
  for (FakeTransport* transport : transports) transport->serve_all();
  machine_state.is_busy = false;
}

void use_console(fuzz::Input& input) {
  std::array<std::byte, 300> buffer{};
  for (int steps = 0; steps < 40 && !input.empty(); ++steps) {
    switch (input.byte() % 7) {
      case 0: console::write(Port::standard_output, std::span(buffer).first(input.byte())); break;
      case 1: console::write(static_cast<Port>(1 + input.byte() % 3), "text"); break;
      case 2:
        if (console::wait_for_input(nanoseconds_since_boot()))
          (void)console::read(std::span(buffer).first(input.byte()));
        break;
      case 3: (void)console::readable_bytes(); break;
      case 4: console::flush(); break;
      case 5: {
        // write_through() waits for a record of the host's, which the input need not contain. So the effect of a record
        // is entered before the write: the host has written all 7 bytes, or the stream has failed.
        console::console->messages.with([&](console::Messages& messages) {
          console::Progress& stream = messages.streams[1];
          const uint64_t wanted = console::console->handed[1] + 7;
          stream.carried = input.byte() % 2 == 0 ? wanted : stream.carried;
          if (stream.carried < wanted) stream.failure = StreamFailure{input.byte()};
        });
        if (const auto done = console::write_through(Port::standard_output, std::span(buffer).first(7))) {
          fuzz::check(*done <= 7, "more was written than there is");
        }
        break;
      }
      default: serve_all(); break;
    }
  }
  console::flush();
}

}  // namespace

FrameSource& frame_source() { return *machine_state.frames; }
LogLevels& log_levels() {
  static constinit LogLevels levels;
  return levels;
}
void write_log(Subsystem, LogLevel, std::string_view) {}
void write_serial(std::string_view) {}
LogLine& LogLine::operator<<(std::string_view) { return *this; }
LogLine& LogLine::append_decimal(uint64_t) { return *this; }

// The devices act between any two steps of the driver's. The driver reads the time in between, so they act there.
uint64_t nanoseconds_since_boot() {
  Machine& m = machine_state;
  if (!m.is_busy && m.time >= m.silent_until && !m.input->empty() && m.input->byte() < 40) serve_all();
  return m.time += 1000;
}
// Lets the devices act while the driver waits. Returns whether an interrupt has ended the wait before `deadline`.
static bool wait_until(uint64_t deadline, const std::atomic<uint32_t>& word, uint32_t value) {
  Machine& m = machine_state;
  constexpr uint64_t kStep = 50'000'000;  // nanoseconds
  while (m.time < deadline) {
    m.time = std::min(deadline, m.time + kStep);
    fuzz::check(m.time < kPatience, "the driver waits for ever");
    if (m.time < m.silent_until) continue;
    serve_all();
    if (word != value) return true;
    // Now and then the devices are silent for up to four seconds. After ten seconds they always answer.
    const uint8_t way = m.input->byte();
    if (way >= 240 && m.time < 10'000'000'000) m.silent_until = m.time + (way - 239u) * uint64_t{250'000'000};
  }
  return false;
}

// There is one fiber, so no lock is ever waited for, and it has no limits.
runtime::ParkResult park(const std::atomic<uint32_t>&, std::optional<uint64_t>, EndsWithTime) {
  fuzz::check(false, "the driver waits for a lock that it holds");
  return runtime::ParkResult::deadlocked;
}
runtime::ParkResult park_while(const std::atomic<uint32_t>& word, uint32_t value, std::optional<uint64_t> deadline,
                               EndsWithTime) {
  fuzz::check(deadline.has_value(), "the driver waits without a deadline");
  if (word != value || wait_until(*deadline, word, value)) return runtime::ParkResult::unparked;
  return runtime::ParkResult::timed_out;
}
void unpark_in_interrupt(const std::atomic<uint32_t>&) {}
void yield_if_due() {}
void unpark(const std::atomic<uint32_t>&) {}
bool is_over_limit() { return false; }

}  // namespace cairn::kernel

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn;
  using namespace cairn::kernel;
  alignas(kPageSize) static std::byte memory[kMemory];
  fuzz::Input input(data, size);
  FrameSource frames;
  const PhysRange range{kDirectMap.physical(memory), kMemory};
  fuzz::check(frames.initialize(kDirectMap, std::span(&range, 1), range.end()), "no frames");
  machine_state = {.frames = &frames, .input = &input, .is_reliable = size != 0 && data[size - 1] % 2 == 0};
  const uint64_t missed = device_interrupts().missed;
  const size_t wanted = size != 0 && data[size - 1] >= 128 ? 2 : 1;
  std::vector<std::unique_ptr<FakeTransport>> unattached;
  for (size_t i = 0; i < wanted; ++i) {
    unattached.push_back(std::make_unique<FakeTransport>(input));
    transports.push_back(unattached.back().get());
    if (!console::attach(std::move(unattached.back()))) transports.pop_back();
  }
  console::find_ports();
  if (!transports.empty()) use_console(input);
  fuzz::check(!machine_state.is_reliable || device_interrupts().missed == missed, "the driver slept over an interrupt");
  delete console::console;
  console::console = nullptr;
  transports.clear();
  return 0;
}
