// Drives the first serial port, a 16550 at I/O port 0x3f8, by polling it.
#include "kernel/machine.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::machine {
namespace {

constexpr uint16_t kPort = 0x3f8;
constexpr uint16_t kLineStatus = kPort + 5;  // bit 5: the port can take another byte

void put(char c) {
  // An absent port reads as 0xff, which means ready. A port that hangs costs a bounded wait.
  for (int i = 0; i < 100'000 && (in8(kLineStatus) & 0x20) == 0; ++i) relax();
  out8(kPort, static_cast<uint8_t>(c));
}

}  // namespace

void console_write(std::string_view text) {
  for (char c : text) {
    if (c == '\n') put('\r');
    put(c);
  }
}

int console_try_read() {
  const uint8_t status = in8(kLineStatus);
  return status != 0xff && (status & 1) != 0 ? in8(kPort) : -1;
}

}  // namespace cairn::kernel::machine
