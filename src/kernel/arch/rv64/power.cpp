// Ends or restarts the machine by the firmware's system reset, which conveys only whether the status is 0, or by the
// legacy shutdown if the firmware has no system reset.
#include "kernel/machine.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::machine {

namespace {

constexpr uint64_t kSystemReset = 0x53525354;          // "SRST" [sbi 10]
constexpr uint64_t kShutdown = 0, kColdReboot = 1;     // types of a reset
constexpr uint64_t kNoReason = 0, kSystemFailure = 1;  // reasons of a reset

}  // namespace

void power_off(int status) {
  interrupts_off();
  sbi_call(kSystemReset, 0, kShutdown, status == 0 ? kNoReason : kSystemFailure);
  sbi_call(8, 0);  // the legacy shutdown
  halt_forever();
}

void restart() {
  interrupts_off();
  sbi_call(kSystemReset, 0, kColdReboot, kNoReason);
  halt_forever();
}

}  // namespace cairn::kernel::machine
