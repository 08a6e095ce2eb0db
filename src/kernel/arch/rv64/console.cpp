// Writes to the firmware's console and reads from it by the legacy calls 1 (put character) and 2 (get character) [sbi
// 5], which need no driver in the kernel. Only the interrupt of the serial port that the firmware uses, a 16550, is the
// kernel's own.
#include "kernel/firmware/boot_tree.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::machine {
namespace {

// The interrupt is allowed once at a time, so that it need not come again and again until a fiber reads the byte.
class ConsoleInterrupt final : public InterruptHandler {
 public:
  constexpr ConsoleInterrupt() = default;
  InterruptHandler* handler = nullptr;
  volatile std::byte* registers = nullptr;

  // Sets the register for allowed interrupts; its bit 0 stands for a byte that was received.
  void allow(uint8_t interrupts) { registers[1] = std::byte{interrupts}; }

 private:
  void handle_interrupt() override {
    allow(0);
    handler->handle_interrupt();
  }
};
constinit ConsoleInterrupt console_interrupt;

}  // namespace

bool connect_console(InterruptHandler& handler) {
  const auto tree = boot_tree(boot_info());
  const auto soc = tree ? tree->root()->child("soc") : std::nullopt;
  for (auto node = soc ? soc->first_child() : std::nullopt; node; node = node->next_sibling()) {
    if (!node->compatible("ns16550a")) continue;
    const auto range = node->reg(*soc);
    const auto line = interrupt_line(*node);
    if (!range || !line || range->size < 8) continue;
    const auto mapped = map_device(*range);
    if (!mapped) return false;
    console_interrupt.registers = *mapped;
    console_interrupt.handler = &handler;
    console_interrupt.allow(0);
    return connect_line(*line, console_interrupt);
  }
  return false;
}

void allow_console_interrupt() { console_interrupt.allow(1); }

void console_write(std::string_view text) {
  for (char c : text) {
    if (c == '\n') sbi_call(1, 0, '\r');
    sbi_call(1, 0, static_cast<uint8_t>(c));
  }
}

int console_try_read() { return static_cast<int>(sbi_call(2, 0).error); }

}  // namespace cairn::kernel::machine
