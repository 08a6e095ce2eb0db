// Interrupts of devices, as drivers see them. machine.hpp has the functions that connect an interrupt to its handler.
#pragma once

#include <cstdint>

namespace cairn::kernel {

// Whether an interrupt is requested by a rising edge of its line, or for as long as the line is high.
enum class Trigger : uint8_t { edge, level };

// An interrupt line of the machine: an input of an interrupt controller. On x86-64 the number is that of ACPI's global
// system interrupt [acpi 5.2.13], on RISC-V that of the controller's source.
struct InterruptLine {
  uint32_t number = 0;
  Trigger trigger = Trigger::level;
};

// What an interrupt calls.
class InterruptHandler {
 public:
  // Called on the CPU that takes the interrupt, with interrupts off, whatever locks the interrupted code holds. So the
  // function takes no lock but the scheduler's (unpark_in_interrupt). If the line is level-triggered, the function
  // makes the device release it.
  virtual void handle_interrupt() = 0;

 protected:
  InterruptHandler() = default;
  ~InterruptHandler() = default;
};

}  // namespace cairn::kernel
