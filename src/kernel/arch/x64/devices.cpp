// Finds devices: PCI functions (q35), or microvm's virtio slots when there is no PCI.
#include "kernel/boot/boot_info.hpp"
#include "kernel/devices/attach.hpp"
#include "kernel/devices/pci/pci.hpp"
#include "kernel/devices/virtio/mmio.hpp"
#include "kernel/devices/virtio/pci_transport.hpp"
#include "kernel/firmware/mmio_words.hpp"
#include "kernel/machine.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel {
namespace {

// The I/O ports for access to PCI's configuration space.
constexpr uint16_t kAddressPort = 0xcf8, kDataPort = 0xcfc;

// Returns the value for the address port that selects a 32-bit word of a function's configuration.
uint32_t address_of(pci::Function f, uint8_t offset) {
  return uint32_t{1} << 31 | uint32_t{f.bus} << 16 | uint32_t{f.device} << 11 | uint32_t{f.function} << 8 |
         (offset & 0xfc);
}

// Whether the address port exists: if so, it returns the value that was last written to it.
bool has_pci() {
  out32(kAddressPort, address_of({}, 0));
  return in32(kAddressPort) == address_of({}, 0);
}

// microvm's slots (QEMU, hw/i386/microvm.c); those without a device have the identifier 0.
constexpr PhysAddr kSlots{0xfeb0'0000};
constexpr uint64_t kSlotSize = 0x200;
constexpr unsigned kSlotCount = 24;

// Returns the interrupt line of a slot; nothing if it is not known. Without ACPI's tables, words on the command line
// name it. With them, ACPI's bytecode would, which the kernel does not execute. So the numbers are QEMU's: the slots
// have the lines of the second I/O APIC if there is one, otherwise those from 16 on.
std::optional<InterruptLine> line_of_slot(const BootInfo& info, unsigned slot) {
  auto number = line_of_mmio_device(info.command_line, kSlots + slot * kSlotSize);
  if (!number) {
    if (info.acpi_root.value == 0) return std::nullopt;
    const std::span<const IoApic> io_apics = info.interrupts.io_apics();
    number = (io_apics.size() > 1 ? io_apics[1].first_line : 16) + slot;
  }
  return InterruptLine{.number = *number, .trigger = Trigger::level};
}

}  // namespace

namespace pci {

uint32_t read_config(Function function, uint8_t offset) {
  out32(kAddressPort, address_of(function, offset));
  return in32(kDataPort);
}
void write_config(Function function, uint8_t offset, uint32_t value) {
  out32(kAddressPort, address_of(function, offset));
  out32(kDataPort, value);
}

}  // namespace pci

void machine::find_devices(const BootInfo& info) {
  if (has_pci()) {
    pci::for_each_function([](pci::Function function, uint16_t vendor, uint16_t id) {
      if (vendor != virtio::kPciVendor) return;
      if (auto transport = virtio::find_pci_device(function, id)) attach_virtio_device(std::move(transport));
    });
    return;
  }
  for (unsigned i = 0; i < kSlotCount; ++i) {
    auto transport = virtio::find_mmio_device({kSlots + i * kSlotSize, kSlotSize}, line_of_slot(info, i));
    if (transport != nullptr) attach_virtio_device(std::move(transport));
  }
}

}  // namespace cairn::kernel
