#include "kernel/devices/pci/pci.hpp"

namespace cairn::kernel::pci {

std::optional<PhysAddr> base_address(Function function, unsigned index) {
  if (index >= 6) return std::nullopt;
  const auto offset = static_cast<uint8_t>(0x10 + index * 4);
  const uint32_t low = read_config(function, offset);
  if ((low & 1) != 0) return std::nullopt;
  uint64_t address = low & ~uint32_t{15};
  if ((low & 6) == 4) {
    if (index == 5) return std::nullopt;
    address |= uint64_t{read_config(function, static_cast<uint8_t>(offset + 4))} << 32;
  }
  if (address == 0) return std::nullopt;
  return PhysAddr{address};
}

void enable(Function function) {
  constexpr uint32_t kMemory = 2, kBusMaster = 4;  // bits of the command register, at offset 4
  write_config(function, 4, (read_config(function, 4) & 0xffff) | kMemory | kBusMaster);
}

}  // namespace cairn::kernel::pci
