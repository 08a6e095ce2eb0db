// Writes to the firmware's console and reads from it by the legacy calls 1 (put character) and 2 (get character)
// [sbi 5], which need no driver in the kernel.
#include "kernel/machine.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::machine {

void console_write(std::string_view text) {
  for (char c : text) {
    if (c == '\n') sbi_call(1, 0, '\r');
    sbi_call(1, 0, static_cast<uint8_t>(c));
  }
}

int console_try_read() { return static_cast<int>(sbi_call(2, 0).error); }

}  // namespace cairn::kernel::machine
