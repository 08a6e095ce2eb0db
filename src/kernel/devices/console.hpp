// Virtio consoles with named ports: the program's standard streams and the control port (base/boot_protocol.hpp).
//
// Writing copies into buffers that the device takes. What the kernel itself has to say is then on its way, and write()
// blocks, halting the CPU, only while all of a port's buffers are with the device. A program's output goes through to
// the host's file first, because the program is to know when that fails. Reading blocks until there is a byte, the end,
// or a failure on the host. A stream that has failed once fails for ever. Without a device, output goes nowhere and
// input is at its end. All buffers are allocated by attach(): nothing else here needs memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string_view>

#include "kernel/devices/virtio/transport.hpp"

namespace cairn::kernel {

enum class Port : uint8_t { standard_input, standard_output, standard_error, control };

// Why the host could not read or write a stream: WASI's number (wasi/interface/types.hpp).
struct StreamFailure {
  uint16_t wasi_errno;
};

namespace console {

// Takes a device over; false when it cannot be used. Several may be there, for others than us, too.
bool attach(std::unique_ptr<virtio::Transport> transport);
// When all are attached: waits for their ports' names, a while.
void find_ports();
[[nodiscard]] bool is_attached();

void write(Port port, std::span<const std::byte> bytes);
void write(Port port, std::string_view text);
// Returns when the host has written the bytes where they belong: how many of them, or why it wrote none.
std::expected<size_t, StreamFailure> write_through(Port port, std::span<const std::byte> bytes);
// Returns how many bytes there were, at least one; 0: the end of the input.
std::expected<size_t, StreamFailure> read(std::span<std::byte> out);
// Whether read() would not block.
bool input_ready();
// Bytes that have arrived and were not read yet, as far as is known without asking the device.
size_t readable_bytes();
// Output that found no port, or one whose device broke its queue.
uint64_t dropped_bytes();
// Waits until the device has taken everything that was written.
void flush();

}  // namespace console
}  // namespace cairn::kernel
