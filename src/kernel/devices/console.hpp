// Virtio consoles with named ports: the program's standard streams and the control port (base/boot_protocol.hpp).
//
// Writing copies bytes into buffers and hands them to the device. For the kernel's own output this is all: write()
// blocks, halting the CPU, only while the device has all buffers of the port. For a program's output, write_through()
// waits until the host has written it, because the program must learn about a failure. Reading blocks until there is a
// byte, the end of input, or a failure on the host. A stream that has failed once fails for ever. Without a device,
// output is dropped and input is at its end. attach() allocates all buffers; nothing else here needs memory.
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

// The reason why the host could not read or write a stream: WASI's error number (wasi/interface/types.hpp).
struct StreamFailure {
  uint16_t wasi_errno;
};

namespace console {

// Takes over a device; returns false when it cannot be used. There may be several devices, also with ports that are not
// the kernel's.
bool attach(std::unique_ptr<virtio::Transport> transport);
// Called when all devices are attached: waits a limited time for the names of their ports.
void find_ports();
[[nodiscard]] bool is_attached();

void write(Port port, std::span<const std::byte> bytes);
void write(Port port, std::string_view text);
// Returns when the host has written the bytes to their file: the number written, or the reason why it wrote none.
std::expected<size_t, StreamFailure> write_through(Port port, std::span<const std::byte> bytes);
// Returns the number of bytes read, at least one; 0 at the end of the input.
std::expected<size_t, StreamFailure> read(std::span<std::byte> out);
// Whether read() would not block.
bool input_ready();
// The number of unread bytes that have arrived, as far as is known without asking the device.
size_t readable_bytes();
// The number of output bytes that were dropped because there was no port or its device broke the queue.
uint64_t dropped_bytes();
// Waits until the device has taken everything that was written.
void flush();

}  // namespace console
}  // namespace cairn::kernel
