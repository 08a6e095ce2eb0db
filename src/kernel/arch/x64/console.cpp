// Drives the first serial port, a 16550 at I/O port 0x3f8. Output is polled; each byte that is typed interrupts.
#include "kernel/boot/boot_info.hpp"
#include "kernel/machine.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::machine {
namespace {

constexpr uint16_t kPort = 0x3f8;
constexpr uint16_t kInterruptEnable = kPort + 1;  // bit 0: a byte was received
constexpr uint16_t kModemControl = kPort + 4;     // bit 3 lets the port drive its interrupt line
constexpr uint16_t kLineStatus = kPort + 5;       // bit 5: the port can take another byte

void put(char c) {
  // An absent port reads as 0xff, which means ready. A port that hangs costs a bounded wait.
  for (int i = 0; i < 100'000 && (in8(kLineStatus) & 0x20) == 0; ++i) relax();
  out8(kPort, static_cast<uint8_t>(c));
}

// The interrupt is allowed once at a time, so that it need not come again and again until a fiber reads the byte.
class ConsoleInterrupt final : public InterruptHandler {
 public:
  constexpr ConsoleInterrupt() = default;
  InterruptHandler* handler = nullptr;

 private:
  void handle_interrupt() override {
    out8(kInterruptEnable, 0);
    handler->handle_interrupt();
  }
};
constinit ConsoleInterrupt console_interrupt;

}  // namespace

bool connect_console(InterruptHandler& handler) {
  constexpr size_t kIsaLine = 4;  // the line of the first serial port
  if (in8(kLineStatus) == 0xff) return false;
  out8(kInterruptEnable, 0);
  console_interrupt.handler = &handler;
  out8(kModemControl, in8(kModemControl) | 8);
  return connect_line(boot_info().interrupts.isa_line(kIsaLine), console_interrupt);
}

void allow_console_interrupt() { out8(kInterruptEnable, 1); }

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
