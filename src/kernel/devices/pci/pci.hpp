// Finds PCI functions and sets them up, as far as virtio devices and the search for q35's power management timer need
// it. Configuration is accessed by read_config() and write_config(), which arch/x64/devices.cpp implements.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "kernel/memory/address.hpp"

namespace cairn::kernel::pci {

struct Function {
  uint8_t bus;
  uint8_t device;
  uint8_t function;
};

// These functions read and write a word of 32 bits in a function's 256 bytes of configuration; `offset` is a multiple
// of 4. An absent function reads as all ones.
uint32_t read_config(Function function, uint8_t offset);
void write_config(Function function, uint8_t offset, uint32_t value);

// Calls visit(Function, vendor, device id) on every function of bus 0 and of the buses behind bridges, as the firmware
// has numbered them; a bus may be empty.
template <class F>
void for_each_function(F&& visit) {
  unsigned last = 0;  // the highest bus number that a bridge seen so far leads to
  for (unsigned bus = 0; bus <= last; ++bus) {
    for (uint8_t device = 0; device < 32; ++device) {
      for (uint8_t number = 0; number < 8; ++number) {
        const Function function{static_cast<uint8_t>(bus), device, number};
        const uint32_t id = read_config(function, 0);
        if ((id & 0xffff) == 0xffff) {
          if (number == 0) break;
          continue;
        }
        const uint32_t header = read_config(function, 12) >> 16 & 0xff;
        constexpr uint32_t kBridge = 1, kSeveralFunctions = 0x80;
        if ((header & ~kSeveralFunctions) == kBridge) last = std::max(last, read_config(function, 0x18) >> 16 & 0xff);
        visit(function, static_cast<uint16_t>(id), static_cast<uint16_t>(id >> 16));
        if (number == 0 && (header & kSeveralFunctions) == 0) break;
      }
    }
  }
}

// Returns the address of the memory that base address register `index` (0 to 5) decodes; nothing if the register
// decodes I/O ports or is not set.
std::optional<PhysAddr> base_address(Function function, unsigned index);
// Calls visit(offset, type) on each capability of the function [pci 6.7], where `offset` is that of the capability in
// the configuration.
template <class F>
void for_each_capability(Function function, F&& visit) {
  constexpr uint32_t kHasList = uint32_t{1} << 20;  // a bit of the status, in the upper half of the word at offset 4
  if ((read_config(function, 4) & kHasList) == 0) return;
  auto at = static_cast<uint8_t>(read_config(function, 0x34) & 0xfc);
  // The list may be a circle. It has at most 48 capabilities, of 4 bytes each from offset 0x40 on.
  for (int steps = 0; at >= 0x40 && steps < 48; ++steps) {
    const uint32_t head = read_config(function, at);
    visit(at, static_cast<uint8_t>(head));
    at = static_cast<uint8_t>(head >> 8 & 0xfc);
  }
}

// Lets the function answer to memory accesses and access memory itself.
void enable(Function function);

}  // namespace cairn::kernel::pci
