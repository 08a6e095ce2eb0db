#include "kernel/firmware/acpi.hpp"

#include <algorithm>
#include <string_view>

#include "kernel/firmware/physical_memory.hpp"

namespace cairn::kernel {
namespace {

using Bytes = std::span<const std::byte>;

// Tables that exceed these limits are taken for damaged. The limits bound the time that reading takes.
constexpr uint32_t kLargestTable = 256 * 1024;  // bytes
constexpr size_t kMostTables = 256;

// The root pointer [acpi 5.2.5.3]. Its first 20 bytes are all that revision 0 has.
struct [[gnu::packed]] RootPointer {
  char signature[8];
  uint8_t checksum;
  char oem[6];
  uint8_t revision;
  uint32_t rsdt;
  uint32_t length;
  uint64_t xsdt;
  uint8_t extended_checksum;
  uint8_t reserved[3];
};
constexpr size_t kFirstRootPointer = 20;  // bytes of revision 0
static_assert(sizeof(RootPointer) == 36);

// The header of all other tables [acpi 5.2.6].
struct Header {
  char signature[4];
  uint32_t length;
  uint8_t revision;
  uint8_t checksum;
  char oem[6];
  char oem_table[8];
  uint32_t oem_revision;
  char creator[4];
  uint32_t creator_revision;
};
static_assert(sizeof(Header) == 36);

// Entries of the MADT, the table with the CPUs [acpi 5.2.12].
constexpr size_t kMadtEntries = 44;  // offset of the first entry, in bytes
struct MadtEntry {
  uint8_t type;
  uint8_t length;
};
struct LocalApic {
  static constexpr uint8_t kType = 0;
  MadtEntry entry;
  uint8_t processor;
  uint8_t id;
  uint32_t flags;
};
static_assert(sizeof(LocalApic) == 8);
struct IoApicEntry {
  static constexpr uint8_t kType = 1;
  MadtEntry entry;
  uint8_t id;
  uint8_t reserved;
  uint32_t address;
  uint32_t first_line;
};
static_assert(sizeof(IoApicEntry) == 12);
// How a line of an ISA device is wired, if not to the line with the same number.
struct [[gnu::packed]] SourceOverride {
  static constexpr uint8_t kType = 2;
  MadtEntry entry;
  uint8_t bus;
  uint8_t isa_line;
  uint32_t line;
  uint16_t flags;  // bits 2 and 3: the trigger; 3 means level, and other values mean ISA's usual edge
};
static_assert(sizeof(SourceOverride) == 10);
struct [[gnu::packed]] LocalApicAddress {
  static constexpr uint8_t kType = 5;
  MadtEntry entry;
  uint16_t reserved;
  uint64_t address;
};
static_assert(sizeof(LocalApicAddress) == 12);
struct LocalX2Apic {
  static constexpr uint8_t kType = 9;
  MadtEntry entry;
  uint16_t reserved;
  uint32_t id;
  uint32_t flags;
  uint32_t processor;
};
static_assert(sizeof(LocalX2Apic) == 16);
// The flag of a CPU that exists. Firmware also lists absent CPUs, without this flag. Some of them could be added while
// the system runs ("online capable"), which Cairn does not support.
constexpr uint32_t kEnabled = 1;
constexpr uint32_t kBroadcast = 0xff;  // as an APIC id, it names all CPUs

// Entries of the MCFG, the table with PCI's configuration spaces [pci-firmware 4.1.2].
constexpr size_t kMcfgEntries = 44;  // offset of the first entry, in bytes
struct McfgEntry {
  uint64_t address;
  uint16_t segment;
  uint8_t first_bus;
  uint8_t last_bus;
  uint32_t reserved;
};
static_assert(sizeof(McfgEntry) == 16);

// Checks a table's checksum: the sum of all bytes is 0 modulo 256.
bool sums_to_zero(Bytes bytes) {
  uint8_t sum = 0;
  for (const std::byte byte : bytes) sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(byte));
  return sum == 0;
}

// Returns the record at `offset`, or nothing if it is not completely inside of `bytes`.
template <class T>
std::optional<T> record_at(Bytes bytes, size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  return PhysicalMemory::record<T>(bytes.subspan(offset), 0);
}

// Returns the bytes of the table at `address` if it has this signature and is sound; otherwise an empty span.
Bytes find_table(const PhysicalMemory& memory, uint64_t address, std::string_view signature) {
  const auto header = record_at<Header>(memory.array<Header>(address, 1), 0);
  if (!header || std::string_view(header->signature, 4) != signature) return {};
  if (header->length < sizeof(Header) || header->length > kLargestTable) return {};
  const Bytes table = memory.array<std::byte>(address, header->length);
  return sums_to_zero(table) ? table : Bytes{};
}

// The root table: a list of addresses of 4 bytes (RSDT) or 8 bytes (XSDT).
class RootTable {
 public:
  // Returns the root table to which the root pointer leads. It has no entries if there is no such table.
  static RootTable find(const PhysicalMemory& memory, uint64_t root) {
    const Bytes first = memory.array<std::byte>(root, kFirstRootPointer);
    if (first.empty() || !sums_to_zero(first)) return {};
    RootPointer pointer{};
    std::memcpy(&pointer, first.data(), first.size());
    if (std::string_view(pointer.signature, 8) != "RSD PTR ") return {};
    if (pointer.revision >= 2) {
      const Bytes all = memory.array<RootPointer>(root, 1);
      if (!all.empty() && sums_to_zero(all)) {
        pointer = PhysicalMemory::record<RootPointer>(all, 0);
        if (const Bytes table = find_table(memory, pointer.xsdt, "XSDT"); !table.empty()) return {table, 8};
      }
    }
    return {find_table(memory, pointer.rsdt, "RSDT"), 4};
  }

  [[nodiscard]] bool is_absent() const { return table_.empty(); }

  // Returns the first sound table with this signature, or an empty span.
  [[nodiscard]] Bytes table(const PhysicalMemory& memory, std::string_view signature) const {
    if (is_absent()) return {};
    const Bytes list = table_.subspan(sizeof(Header));
    const size_t count = std::min(list.size() / width_, kMostTables);
    for (size_t i = 0; i < count; ++i) {
      uint64_t address = 0;
      std::memcpy(&address, list.data() + i * width_, width_);
      if (const Bytes found = find_table(memory, address, signature); !found.empty()) return found;
    }
    return {};
  }

 private:
  RootTable() = default;
  RootTable(Bytes table, size_t width) : table_(table), width_(width) {}

  Bytes table_;
  size_t width_ = 4;
};

// Adds the CPU with this APIC id, if the flags of its entry say that it is enabled.
void add_cpu(CpuList& cpus, uint32_t id, uint32_t flags) {
  if ((flags & kEnabled) == 0) return;
  if (id < kBroadcast) {
    cpus.add(id);
  } else {
    cpus.leave_out();  // larger ids need x2APIC's interrupt commands, which the kernel does not use
  }
}

// Reads the CPUs, the I/O APICs and the address of the local APIC.
void read_madt(Bytes table, AcpiInfo& info) {
  info.local_apic = {record_at<uint32_t>(table, sizeof(Header)).value_or(0)};
  size_t offset = kMadtEntries;
  while (const auto entry = record_at<MadtEntry>(table, offset)) {
    if (entry->length < sizeof(MadtEntry)) return;  // the list is damaged, and the next entry cannot be found
    const Bytes bytes = table.subspan(offset, std::min<size_t>(entry->length, table.size() - offset));
    if (entry->type == LocalApic::kType) {
      if (const auto cpu = record_at<LocalApic>(bytes, 0)) add_cpu(info.cpus, cpu->id, cpu->flags);
    } else if (entry->type == LocalX2Apic::kType) {
      if (const auto cpu = record_at<LocalX2Apic>(bytes, 0)) add_cpu(info.cpus, cpu->id, cpu->flags);
    } else if (entry->type == IoApicEntry::kType) {
      if (const auto found = record_at<IoApicEntry>(bytes, 0))
        info.interrupts.add({{found->address}, found->first_line});
    } else if (entry->type == SourceOverride::kType) {
      constexpr uint16_t kTrigger = 3 << 2;
      if (const auto found = record_at<SourceOverride>(bytes, 0)) {
        const Trigger trigger = (found->flags & kTrigger) == kTrigger ? Trigger::level : Trigger::edge;
        info.interrupts.set_isa_line(found->isa_line, {.number = found->line, .trigger = trigger});
      }
    } else if (entry->type == LocalApicAddress::kType) {
      if (const auto address = record_at<LocalApicAddress>(bytes, 0)) info.local_apic = {address->address};
    }
    offset += entry->length;
  }
}

// Reads the place of the configuration space of PCI segment 0.
void read_mcfg(Bytes table, AcpiInfo& info) {
  for (size_t offset = kMcfgEntries; const auto entry = record_at<McfgEntry>(table, offset); offset += sizeof *entry) {
    if (entry->segment != 0 || entry->address == 0 || entry->first_bus > entry->last_bus) continue;
    info.pci_config = PciConfigSpace{{entry->address}, entry->first_bus, entry->last_bus};
    return;
  }
}

}  // namespace

std::optional<AcpiInfo> read_acpi(std::span<const std::byte> physical, uint64_t root) {
  const PhysicalMemory memory(physical);
  const RootTable tables = RootTable::find(memory, root);
  if (tables.is_absent()) return std::nullopt;
  AcpiInfo info;
  if (const Bytes madt = tables.table(memory, "APIC"); !madt.empty()) read_madt(madt, info);
  if (const Bytes mcfg = tables.table(memory, "MCFG"); !mcfg.empty()) read_mcfg(mcfg, info);
  return info;
}

}  // namespace cairn::kernel
