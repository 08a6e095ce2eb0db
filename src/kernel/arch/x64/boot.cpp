// From the start information of PVH to BootInfo.
#include "kernel/boot/boot_info.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "port/cpu.hpp"
#include "port/layout.hpp"

namespace cairn::kernel {
namespace {

// [pvh] hvm_start_info and what it points to.
struct StartInfo {
  uint32_t magic;
  uint32_t version;
  uint32_t flags;
  uint32_t module_count;
  uint64_t modules;
  uint64_t command_line;
  uint64_t rsdp;
  uint64_t memory_map;  // from version 1 on
  uint32_t memory_map_entries;
  uint32_t reserved;
};
static_assert(sizeof(StartInfo) == 56);
struct Module {
  uint64_t address;
  uint64_t size;
  uint64_t command_line;
  uint64_t reserved;
};
struct MapEntry {
  uint64_t address;
  uint64_t size;
  uint32_t type;  // 1 = RAM
  uint32_t reserved;
};
constexpr uint32_t kMagic = 0x336ec578;
constexpr uint64_t kReach = uint64_t{4} << 30;  // what the first page tables map

constinit BootInfo first_boot_info;

// An array that the firmware points to; empty when it does not lie in memory that we can see.
template <class T>
std::span<const T> firmware_array(uint64_t address, uint64_t count) {
  if (address == 0 || address >= kReach || count > (kReach - address) / sizeof(T)) return {};
  return {DirectMap(layout::kDirectMap).at<const T>({address}), count};
}

}  // namespace

extern "C" [[noreturn]] void cairn_boot(uint64_t start_info) {
  BootInfo& info = first_boot_info;
  info.entry_ticks = read_tsc();
  info.firmware = "PVH";
  machine::set_up_traps();
  const auto start = firmware_array<StartInfo>(start_info, 1);
  if (start.empty() || start[0].magic != kMagic || start[0].version < 1) {
    write_raw("cairn: no PVH start information with a memory map\n");
    machine::power_off(71);
  }
  const auto map = firmware_array<MapEntry>(start[0].memory_map, start[0].memory_map_entries);
  for (const MapEntry& entry : map) {
    if (entry.type == 1) info.ram.add_usable({{entry.address}, entry.size});
  }
  info.memory = info.ram;
  for (const MapEntry& entry : map) {
    if (entry.type != 1) info.memory.reserve({{entry.address}, entry.size});
  }
  info.memory.reserve({{0}, 1 << 20});  // firmware's data structures: the memory map, the command line, ACPI
  info.memory.reserve(image_range());
  info.memory.reserve({{start_info}, sizeof(StartInfo)});
  info.memory.reserve({{start[0].memory_map}, map.size_bytes()});
  if (const auto text = firmware_array<char>(start[0].command_line, 4096); !text.empty()) {
    const std::string_view all(text.data(), text.size());
    info.command_line = all.substr(0, all.find('\0'));
    info.memory.reserve({{start[0].command_line}, info.command_line.size() + 1});
  }
  if (const auto modules = firmware_array<Module>(start[0].modules, start[0].module_count); !modules.empty()) {
    if (!firmware_array<std::byte>(modules[0].address, modules[0].size).empty()) {
      info.bundle = {{modules[0].address}, modules[0].size};
      info.memory.reserve(info.bundle);
    }
  }
  info.acpi_root = {start[0].rsdp};
  kernel_main(info);
}

}  // namespace cairn::kernel
