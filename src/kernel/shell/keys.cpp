#include "kernel/shell/keys.hpp"

#include "kernel/devices/device_signal.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/machine.hpp"

namespace cairn::kernel {
namespace {

constexpr char kControlC = 3;

// Raised when a key is typed. It is not part of the shell, because the interrupt stays connected for good.
constinit DeviceSignal key_signal;

}  // namespace

Keys::Keys() : interrupts_(machine::connect_console(key_signal)) {
  if (!interrupts_) key_signal.begin_polling(kPause);
}

char Keys::read() {
  if (first_ != end_) return kept_[first_++ % kept_.size()];
  for (DeviceWait wait(key_signal, EndsWithTime::no);; wait.wait()) {
    if (interrupts_) machine::allow_console_interrupt();
    if (const int c = machine::console_try_read(); c >= 0) return static_cast<char>(c);
  }
}

bool Keys::has_interrupt() {
  for (int c; (c = machine::console_try_read()) >= 0;) {
    if (c == kControlC) return true;
    if (end_ - first_ < kept_.size()) kept_[end_++ % kept_.size()] = static_cast<char>(c);
  }
  return false;
}

}  // namespace cairn::kernel
