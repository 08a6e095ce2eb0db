#include "kernel/firmware/pvh.hpp"

#include "kernel/firmware/physical_memory.hpp"

namespace cairn::kernel {
namespace {

// The start information, and the records that it points to [pvh].
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
constexpr uint32_t kRam = 1;
constexpr size_t kLongestCommandLine = 4096;

}  // namespace

bool read_pvh(std::span<const std::byte> physical, uint64_t address, BootInfo& info) {
  const PhysicalMemory memory(physical);
  const auto start_bytes = memory.array<StartInfo>(address, 1);
  if (start_bytes.empty()) return false;
  const auto start = PhysicalMemory::record<StartInfo>(start_bytes, 0);
  if (start.magic != kMagic || start.version < 1) return false;
  const auto map = memory.array<MapEntry>(start.memory_map, start.memory_map_entries);
  const uint64_t entries = map.size() / sizeof(MapEntry);
  for (uint64_t i = 0; i < entries; ++i) {
    const auto entry = PhysicalMemory::record<MapEntry>(map, i);
    if (entry.type == kRam) info.ram.add_usable({{entry.address}, entry.size});
  }
  info.memory = info.ram;
  for (uint64_t i = 0; i < entries; ++i) {
    const auto entry = PhysicalMemory::record<MapEntry>(map, i);
    if (entry.type != kRam) info.memory.reserve({{entry.address}, entry.size});
  }
  info.memory.reserve({{address}, sizeof(StartInfo)});
  info.memory.reserve({{start.memory_map}, map.size()});
  if (const auto text = memory.array<char>(start.command_line, kLongestCommandLine); !text.empty()) {
    const std::string_view all(reinterpret_cast<const char*>(text.data()), text.size());
    info.command_line = all.substr(0, all.find('\0'));
    info.memory.reserve({{start.command_line}, info.command_line.size() + 1});
  }
  if (const auto modules = memory.array<Module>(start.modules, start.module_count); !modules.empty()) {
    const auto bundle = PhysicalMemory::record<Module>(modules, 0);
    if (!memory.array<std::byte>(bundle.address, bundle.size).empty()) {
      info.bundle = {{bundle.address}, bundle.size};
      info.memory.reserve(info.bundle);
    }
  }
  info.acpi_root = {start.rsdp};
  return true;
}

}  // namespace cairn::kernel
