// Virtio consoles with named ports: the program's standard streams and the control port (base/boot_protocol.hpp).
//
// Writing copies bytes into buffers and hands them to the device. For the kernel's own output this is all: write()
// blocks only while the device has all buffers of the port. For a program's output, write_through() waits until the
// host has written the bytes, because the program must learn about a failure. Reading blocks until there is a byte, the
// end of input, or a failure on the host. A stream that has failed once fails for ever. If the machine has no console
// device, output goes to the serial port; without a device that has the port, output is dropped. In both cases, input
// is at its end. Buffers for output are allocated by the first attach(), buffers for input when the device names its
// ports; writing and reading need no memory.
//
// Fibers on all CPUs may read and write. A fiber that finds a port in use waits until the other fiber's call is done;
// the waiting fiber's limits do not end this wait. attach() and find_ports() are called while the kernel starts, before
// the other CPUs run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/devices/virtio/transport.hpp"

namespace cairn::kernel {

enum class Port : uint8_t { standard_input, standard_output, standard_error, control };

// The reason why a stream could not be read or written: WASI's error number (wasi/interface/types.hpp).
struct StreamFailure {
  uint16_t wasi_errno;
};

namespace console {

// Takes over a device; returns false when it cannot be used. There may be several devices, and a device may have ports
// that the kernel does not use.
bool attach(std::unique_ptr<virtio::Transport> transport);
// Called when all devices are attached: waits a limited time for the names of their ports.
void find_ports();
// Whether attach() has taken over a device.
[[nodiscard]] bool is_attached();

// Write output as described at the top of this file, without waiting for the host.
void write(Port port, std::span<const std::byte> bytes);
void write(Port port, std::string_view text);
// Returns when the host has written the bytes, or has failed to. Returns the number of bytes written, or the reason why
// none was. When the fiber reaches one of its limits while it waits for the host, returns `intr` at once.
std::expected<size_t, StreamFailure> write_through(Port port, std::span<const std::byte> bytes);
// Reads the bytes that have arrived, as many as `out` takes. Returns their number, at least one; 0 at the end of the
// input. Returns `intr` if the fiber reaches one of its limits first.
std::expected<size_t, StreamFailure> read(std::span<std::byte> out);
// Waits until read() would not block, until `deadline` (nanoseconds since boot) at most, or until the fiber reaches one
// of its limits. Returns whether read() would not block.
bool wait_for_input(std::optional<uint64_t> deadline);
// The number of unread bytes in the buffer that read() takes next; 0 if none has arrived. More bytes may have arrived.
size_t readable_bytes();
// The number of output bytes that were dropped because there was no port, because its device broke the queue, or
// because the fiber that wrote reached one of its limits while it waited for a buffer.
uint64_t dropped_bytes();
// Waits until the devices have taken everything that was written, or the fiber reaches one of its limits. Takes the
// lock of one port after the other.
void flush();

}  // namespace console
}  // namespace cairn::kernel
