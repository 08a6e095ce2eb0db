// The table of a function's message-signalled interrupts (MSI-X) [pci 6.8.2]. The function interrupts by writing the
// data of an entry to the entry's address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "kernel/devices/interrupt.hpp"
#include "kernel/devices/pci/pci.hpp"

namespace cairn::kernel::pci {

struct Message {
  uint64_t address;
  uint32_t data;
};

// Makes a message that interrupts the CPU that boots, which then calls `handler`. A message exists until the machine
// ends. Returns nothing if too many interrupts are in use. src/kernel/arch/x64/interrupts.cpp defines the function.
std::optional<Message> make_message(InterruptHandler& handler);

class MessageTable {
 public:
  // Masks all entries, and makes the function use the table instead of its interrupt line. Returns nothing if the
  // function has no table, or if the table cannot be mapped.
  static std::optional<MessageTable> create(Function function);

  // Fills and unmasks an entry. Returns false if there is no such entry, or no message for it.
  [[nodiscard]] bool connect(size_t index, InterruptHandler& handler);

 private:
  struct Entry {
    uint32_t address[2];
    uint32_t data;
    uint32_t control;  // bit 0: masked
  };
  MessageTable(volatile Entry* entries, size_t count) : entries_(entries), count_(count) {}

  volatile Entry* entries_;
  size_t count_;
};

}  // namespace cairn::kernel::pci
