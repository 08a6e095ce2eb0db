// The words by which QEMU's machine microvm lists its virtio devices on the kernel's command line:
// `virtio_mmio.device=512@0xfeb00e00:12` is a device with 512 bytes of registers at that address, and line 12 as its
// interrupt (QEMU, hw/i386/microvm.c; the format is Linux's, Documentation/admin-guide/kernel-parameters.txt).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kernel/memory/address.hpp"

namespace cairn::kernel {

// Returns the number of the interrupt line of the device whose registers are at this address. Returns nothing if no
// word names the device, or if the word is malformed.
std::optional<uint32_t> line_of_mmio_device(std::string_view command_line, PhysAddr registers);

}  // namespace cairn::kernel
