// Ends the machine by the firmware's system reset, which conveys only whether the status is 0, or by the legacy
// shutdown if the firmware has no system reset.
#include "kernel/machine.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::machine {

void power_off(int status) {
  interrupts_off();
  constexpr uint64_t kSystemReset = 0x53525354;       // "SRST" [sbi 10]
  sbi_call(kSystemReset, 0, 0, status == 0 ? 0 : 1);  // a shutdown; reason 0: none, 1: system failure
  sbi_call(8, 0);                                     // the legacy shutdown
  halt_forever();
}

}  // namespace cairn::kernel::machine
