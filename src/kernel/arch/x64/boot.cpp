// Fills BootInfo from the start information of PVH.
#include "kernel/boot/boot_info.hpp"
#include "kernel/firmware/pvh.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "port/cpu.hpp"
#include "port/layout.hpp"

namespace cairn::kernel {
namespace {

constexpr uint64_t kReach = uint64_t{4} << 30;  // end of the memory that the first page tables map

constinit BootInfo first_boot_info;

}  // namespace

extern "C" [[noreturn]] void cairn_boot(uint64_t start_info) {
  BootInfo& info = first_boot_info;
  info.entry_ticks = read_tsc();
  info.firmware = "PVH";
  machine::set_up_traps();
  if (!read_pvh({DirectMap(layout::kDirectMap).at({0}), kReach}, start_info, info)) {
    write_raw("cairn: no PVH start information with a memory map\n");
    machine::power_off(71);
  }
  info.memory.reserve({{0}, 1 << 20});  // firmware's data structures: the memory map, the command line, ACPI
  info.memory.reserve(image_range());
  kernel_main(info);
}

}  // namespace cairn::kernel
