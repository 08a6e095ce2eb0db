// The virtio console with its named ports: the program's standard streams and the control port (base/boot_protocol.hpp).
//
// Writing copies into buffers that the device takes; it blocks, halting the CPU, only while all of a port's buffers are with
// the device. Reading blocks until there is a byte or the end. Without a device, output goes nowhere and input is at its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "kernel/devices/virtio/transport.hpp"

namespace cairn::kernel {

enum class Port : uint8_t { standard_input, standard_output, standard_error, control };

namespace console {

// Takes the device over; false when it cannot be used.
bool attach(std::unique_ptr<virtio::Transport> transport);
[[nodiscard]] bool is_attached();

void write(Port port, std::span<const std::byte> bytes);
void write(Port port, std::string_view text);
// Returns how many bytes there were, at least one; 0: the end of the input.
size_t read(std::span<std::byte> out);
// Whether read() would not block.
bool input_ready();
// Bytes that have arrived and were not read yet, as far as is known without asking the device.
size_t readable_bytes();
// Waits until the device has taken everything that was written.
void flush();

}  // namespace console
}  // namespace cairn::kernel
