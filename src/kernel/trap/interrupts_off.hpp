// Sections in which this CPU takes no interrupts.
#pragma once

#include "port/cpu.hpp"

namespace cairn::kernel {

// Turns interrupts off, and restores their earlier state when it is destroyed.
class InterruptsOff {
 public:
  InterruptsOff() : were_on_(machine::interrupts_are_on()) { machine::interrupts_off(); }
  ~InterruptsOff() {
    if (were_on_) machine::interrupts_on();
  }
  InterruptsOff(const InterruptsOff&) = delete;
  InterruptsOff& operator=(const InterruptsOff&) = delete;

 private:
  bool were_on_;
};

}  // namespace cairn::kernel
