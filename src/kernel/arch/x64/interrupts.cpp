// Interrupts of devices: lines through the I/O APICs, and messages of PCI functions.
#include <array>
#include <atomic>

#include "kernel/boot/boot_info.hpp"
#include "kernel/devices/pci/message_table.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/trap/cpu.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel {
namespace {

// The registers of an I/O APIC [ich9 13.5]: `kSelect` chooses the register that is read and written at `kWindow`.
constexpr uint32_t kSelect = 0x00, kWindow = 0x10;
constexpr uint32_t kVersion = 1, kFirstEntry = 0x10;  // each input has an entry of two registers
// Parts of the lower register of an entry. The upper one has the number of a local APIC in its upper 8 bits.
constexpr uint32_t kLevel = 1 << 15, kMasked = 1 << 16;

struct Controller {
  volatile std::byte* registers = nullptr;
  uint32_t first_line = 0;
  uint32_t lines = 0;

  [[nodiscard]] uint32_t read(uint32_t index) const {
    *at(kSelect) = index;
    return *at(kWindow);
  }
  void write(uint32_t index, uint32_t value) const {
    *at(kSelect) = index;
    *at(kWindow) = value;
  }

 private:
  [[nodiscard]] volatile uint32_t* at(uint32_t offset) const {
    return reinterpret_cast<volatile uint32_t*>(registers + offset);
  }
};

// Both are changed only while the kernel starts. The CPU that boots reads the handlers when it takes an interrupt.
constinit std::array<Controller, 8> controllers{};
constinit std::array<std::atomic<InterruptHandler*>, kDeviceVectors> handlers{};

// Gives the handler a vector; returns 0 if all are in use.
uint8_t take_vector(InterruptHandler& handler) {
  for (uint8_t i = 0; i < kDeviceVectors; ++i) {
    InterruptHandler* none = nullptr;
    if (handlers[i].compare_exchange_strong(none, &handler)) return static_cast<uint8_t>(kFirstDeviceVector + i);
  }
  return 0;
}

}  // namespace

namespace machine {

void start_interrupts(const BootInfo& info) {
  size_t count = 0;
  for (const IoApic& io_apic : info.interrupts.io_apics()) {
    const auto mapped = map_device({io_apic.registers, kPageSize});
    if (!mapped || count == controllers.size()) continue;
    Controller controller{.registers = *mapped, .first_line = io_apic.first_line};
    const uint32_t version = controller.read(kVersion);
    if (version == 0 || version == ~uint32_t{0}) continue;  // there is nothing at this address
    controller.lines = (version >> 16 & 0xff) + 1;
    for (uint32_t i = 0; i < controller.lines; ++i) controller.write(kFirstEntry + 2 * i, kMasked);
    controllers[count++] = controller;
    log_debug(Subsystem::devices, "interrupts: I/O APIC with the lines ", controller.first_line, " to ",
              controller.first_line + controller.lines - 1);
  }
}

bool connect_line(InterruptLine line, InterruptHandler& handler) {
  for (const Controller& controller : controllers) {
    if (line.number < controller.first_line || line.number - controller.first_line >= controller.lines) continue;
    const uint32_t entry = kFirstEntry + 2 * (line.number - controller.first_line);
    if ((controller.read(entry) & kMasked) == 0) return false;  // another device has the line
    const uint8_t vector = take_vector(handler);
    if (vector == 0) return false;
    controller.write(entry + 1, static_cast<uint32_t>(boot_cpu().hardware_id) << 24);
    controller.write(entry, vector | (line.trigger == Trigger::level ? kLevel : 0));
    return true;
  }
  return false;
}

bool handle_device_vector(uint64_t vector) {
  InterruptHandler* const handler = handlers[vector - kFirstDeviceVector].load();
  if (handler != nullptr) handler->handle_interrupt();
  return handler != nullptr;
}

}  // namespace machine

std::optional<pci::Message> pci::make_message(InterruptHandler& handler) {
  const uint8_t vector = take_vector(handler);
  if (vector == 0) return std::nullopt;
  // The address names the local APIC, the data have the vector; the other bits are 0 for an edge that is delivered to
  // this one CPU [sdm 3A 12.11].
  return Message{.address = 0xfee0'0000 | boot_cpu().hardware_id << 12, .data = vector};
}

}  // namespace cairn::kernel
