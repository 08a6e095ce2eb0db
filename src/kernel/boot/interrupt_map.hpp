// The interrupt controllers that firmware reports: x86-64's I/O APICs, and how the lines of old ISA devices are wired
// to them. Without a report, there is one I/O APIC at its usual address, and ISA's lines are its first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/devices/interrupt.hpp"
#include "kernel/memory/address.hpp"

namespace cairn::kernel {

struct IoApic {
  PhysAddr registers;
  uint32_t first_line = 0;  // the number of its first input among all lines of the machine
};

class InterruptMap {
 public:
  static constexpr size_t kIsaLines = 16;

  constexpr InterruptMap() {
    for (uint32_t i = 0; i < kIsaLines; ++i) isa_lines_[i] = {.number = i, .trigger = Trigger::edge};
  }

  // Adds an I/O APIC if there is room.
  void add(IoApic io_apic) {
    if (count_ != io_apics_.size()) io_apics_[count_++] = io_apic;
  }
  void set_isa_line(size_t number, InterruptLine line) {
    if (number < kIsaLines) isa_lines_[number] = line;
  }

  // The I/O APICs that firmware reports; the usual one if it reports none.
  [[nodiscard]] std::span<const IoApic> io_apics() const {
    return count_ == 0 ? std::span(&kUsual, 1) : std::span(io_apics_).first(count_);
  }
  // Returns the line of ISA's line `number`, which is less than kIsaLines.
  [[nodiscard]] InterruptLine isa_line(size_t number) const { return isa_lines_[number]; }

 private:
  static constexpr IoApic kUsual{{0xfec0'0000}, 0};  // [ich9 10.4]

  std::array<IoApic, 8> io_apics_{};
  size_t count_ = 0;
  std::array<InterruptLine, kIsaLines> isa_lines_{};
};

}  // namespace cairn::kernel
