#include "kernel/firmware/acpi.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

namespace cairn::kernel {
namespace {

constexpr uint64_t kRoot = 64, kRsdt = 128, kXsdt = 256, kMadt = 512, kMcfg = 4096;
constexpr uint64_t kEnd = 8192;

// The first 8 KiB of a machine's memory, with ACPI's tables as [acpi 5.2] lays them out.
class FirstMemory {
 public:
  FirstMemory() : bytes_(kEnd) {
    text(kRoot, "RSD PTR ");
    put<uint8_t>(kRoot + 15, 2);
    put<uint32_t>(kRoot + 16, kRsdt);
    put<uint32_t>(kRoot + 20, 36);
    put<uint64_t>(kRoot + 24, kXsdt);
    begin(kRsdt, "RSDT", 36);
    begin(kXsdt, "XSDT", 36);
    begin(kMadt, "APIC", 44);
    put<uint32_t>(kMadt + 36, 0xfee0'0000);
    begin(kMcfg, "MCFG", 44);
    add_table(kMadt);
    add_table(kMcfg);
  }

  void add_table(uint64_t address) {
    put<uint32_t>(grow(kRsdt, 4), static_cast<uint32_t>(address));
    put<uint64_t>(grow(kXsdt, 8), address);
  }
  void add_apic(uint8_t id, uint32_t flags) {
    const uint64_t at = grow(kMadt, 8);
    put<uint8_t>(at + 1, 8);
    put<uint8_t>(at + 3, id);
    put<uint32_t>(at + 4, flags);
  }
  void add_x2apic(uint32_t id, uint32_t flags) {
    const uint64_t at = grow(kMadt, 16);
    put<uint8_t>(at, 9);
    put<uint8_t>(at + 1, 16);
    put<uint32_t>(at + 4, id);
    put<uint32_t>(at + 8, flags);
  }
  void add_apic_address(uint64_t address) {
    const uint64_t at = grow(kMadt, 12);
    put<uint8_t>(at, 5);
    put<uint8_t>(at + 1, 12);
    put<uint64_t>(at + 4, address);
  }
  void add_io_apic(uint32_t address, uint32_t first_line) {
    const uint64_t at = grow(kMadt, 12);
    put<uint8_t>(at, 1);
    put<uint8_t>(at + 1, 12);
    put<uint32_t>(at + 4, address);
    put<uint32_t>(at + 8, first_line);
  }
  void add_override(uint8_t isa_line, uint32_t line, uint16_t flags) {
    const uint64_t at = grow(kMadt, 10);
    put<uint8_t>(at, 2);
    put<uint8_t>(at + 1, 10);
    put<uint8_t>(at + 3, isa_line);
    put<uint32_t>(at + 4, line);
    put<uint16_t>(at + 8, flags);
  }
  void add_other(uint8_t type, uint8_t length) {
    const uint64_t at = grow(kMadt, std::max<uint8_t>(length, 2));
    put<uint8_t>(at, type);
    put<uint8_t>(at + 1, length);
  }
  void add_config_space(uint64_t address, uint16_t segment, uint8_t first, uint8_t last) {
    const uint64_t at = grow(kMcfg, 16);
    put<uint64_t>(at, address);
    put<uint16_t>(at + 8, segment);
    put<uint8_t>(at + 10, first);
    put<uint8_t>(at + 11, last);
  }

  // Reads the tables, with right checksums.
  std::optional<AcpiInfo> read() {
    correct(kRoot, 20, 8);
    correct(kRoot, 36, 32);
    for (const uint64_t table : {kRsdt, kXsdt, kMadt, kMcfg}) correct(table, size(table), 9);
    return read_as_is();
  }
  [[nodiscard]] std::optional<AcpiInfo> read_as_is() const { return read_acpi(bytes_, kRoot); }

  [[nodiscard]] uint32_t size(uint64_t table) const {
    uint32_t value;
    std::memcpy(&value, bytes_.data() + table + 4, sizeof value);
    return value;
  }
  template <class T>
  void put(uint64_t at, T value) {
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  void text(uint64_t at, std::string_view value) { std::memcpy(bytes_.data() + at, value.data(), value.size()); }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  void begin(uint64_t at, std::string_view signature, uint32_t size) {
    text(at, signature);
    put(at + 4, size);
  }
  // Makes a table longer. Returns the address of its new bytes.
  uint64_t grow(uint64_t table, uint32_t by) {
    const uint32_t old = size(table);
    put(table + 4, old + by);
    return table + old;
  }
  void correct(uint64_t at, uint64_t length, uint64_t place) {
    put<uint8_t>(at + place, 0);
    uint8_t sum = 0;
    for (uint64_t i = at; i < std::min(at + length, kEnd); ++i) sum = static_cast<uint8_t>(sum + uint8_t(bytes_[i]));
    put(at + place, static_cast<uint8_t>(-sum));
  }

  std::vector<std::byte> bytes_;
};

std::vector<uint64_t> ids(const std::optional<AcpiInfo>& info) {
  if (!info) return {~uint64_t{0}};
  return {info->cpus.numbers().begin(), info->cpus.numbers().end()};
}
using Ids = std::vector<uint64_t>;

TEST(Acpi, ListsIoApics) {
  FirstMemory memory;
  memory.add_io_apic(0xfec0'0000, 0);
  memory.add_override(0, 2, 0);      // the usual polarity and trigger
  memory.add_override(9, 9, 0xd);    // high and level
  memory.add_override(10, 20, 5);    // high and edge
  memory.add_override(16, 21, 0xd);  // ISA has no such line
  memory.add_io_apic(0xfec1'0000, 24);
  const auto info = memory.read();
  ASSERT_TRUE(info);
  const auto io_apics = info->interrupts.io_apics();
  ASSERT_EQ(io_apics.size(), 2);
  EXPECT_EQ(io_apics[0].registers.value, 0xfec0'0000);
  EXPECT_EQ(io_apics[1].registers.value, 0xfec1'0000);
  EXPECT_EQ(io_apics[1].first_line, 24);
  const auto is = [&](size_t isa_line, uint32_t number, Trigger trigger) {
    const InterruptLine line = info->interrupts.isa_line(isa_line);
    return line.number == number && line.trigger == trigger;
  };
  EXPECT_TRUE(is(0, 2, Trigger::edge));
  EXPECT_TRUE(is(4, 4, Trigger::edge));
  EXPECT_TRUE(is(9, 9, Trigger::level));
  EXPECT_TRUE(is(10, 20, Trigger::edge));
}

TEST(Acpi, AssumesTheUsualIoApic) {
  FirstMemory memory;
  const auto info = memory.read();
  ASSERT_TRUE(info);
  ASSERT_EQ(info->interrupts.io_apics().size(), 1);
  EXPECT_EQ(info->interrupts.io_apics()[0].registers.value, 0xfec0'0000);
  for (int i = 0; i < 20; ++i) memory.add_io_apic(0x1000u * static_cast<uint32_t>(i), 0);
  EXPECT_EQ(memory.read()->interrupts.io_apics().size(), 8);
}

TEST(Acpi, ListsCpus) {
  FirstMemory memory;
  memory.add_apic(0, 1);
  memory.add_apic(2, 1);
  memory.add_apic(4, 0);  // absent
  memory.add_apic(6, 2);  // may be added later
  memory.add_io_apic(0xfec0'0000, 0);
  memory.add_apic(2, 1);     // again
  memory.add_apic(0xff, 1);  // the id that names all CPUs
  memory.add_x2apic(5, 1);
  memory.add_x2apic(7, 0);
  memory.add_x2apic(256, 1);  // too large
  const auto info = memory.read();
  EXPECT_EQ(ids(info), (Ids{0, 2, 5}));
  EXPECT_EQ(info->cpus.left_out(), 2u);
  const CpuList others = info->cpus.without(2);
  EXPECT_TRUE(std::ranges::equal(others.numbers(), Ids{0, 5}));
  EXPECT_EQ(others.left_out(), 2u);
  EXPECT_EQ(info->local_apic.value, 0xfee0'0000u);
  EXPECT_FALSE(info->pci_config.has_value());
}

TEST(Acpi, KeepsAtMostAsManyCpusAsTheKernelUses) {
  FirstMemory memory;
  for (uint8_t id = 0; id < 200; ++id) memory.add_apic(id, 1);
  const auto info = memory.read();
  ASSERT_EQ(ids(info).size(), CpuList::kCapacity);
  EXPECT_EQ(ids(info).back(), CpuList::kCapacity - 1);
  EXPECT_EQ(info->cpus.left_out(), 200 - CpuList::kCapacity);
}

TEST(Acpi, TellsWhereRegistersLie) {
  FirstMemory memory;
  memory.add_apic_address(0x1'2345'0000);
  memory.add_config_space(0, 0, 0, 255);
  memory.add_config_space(0xc000'0000, 1, 0, 255);
  memory.add_config_space(0xd000'0000, 0, 3, 2);
  memory.add_config_space(0xb000'0000, 0, 0, 127);
  memory.add_config_space(0xe000'0000, 0, 128, 255);
  const auto info = memory.read();
  ASSERT_TRUE(info && info->pci_config);
  EXPECT_EQ(info->local_apic.value, 0x1'2345'0000u);
  EXPECT_EQ(info->pci_config->start.value, 0xb000'0000u);
  EXPECT_EQ(info->pci_config->first_bus, 0);
  EXPECT_EQ(info->pci_config->last_bus, 127);
}

TEST(Acpi, UsesTheOldRootTableIfThereIsNoOther) {
  for (const int variant : {0, 1, 2, 3, 4}) {
    FirstMemory memory;
    memory.add_apic(9, 1);
    memory.put<uint32_t>(kXsdt + 4, 36);  // lists nothing
    if (variant == 1) memory.put<uint8_t>(kRoot + 15, 0);
    if (variant == 2) memory.put<uint64_t>(kRoot + 24, 0);
    if (variant == 3) memory.text(kXsdt, "XSDX");
    (void)memory.read();
    if (variant == 4) memory.put<uint8_t>(kRoot + 33, 1);  // the checksum of all 36 bytes is wrong
    EXPECT_EQ(ids(memory.read_as_is()), variant == 0 ? Ids{} : Ids{9}) << variant;
    if (variant == 0) continue;
    memory.text(kRsdt, "RSDX");
    EXPECT_FALSE(memory.read_as_is().has_value()) << variant;
  }
}

TEST(Acpi, RefusesTablesWithWrongChecksums) {
  FirstMemory memory;
  memory.add_apic(1, 1);
  memory.add_config_space(0xb000'0000, 0, 0, 255);
  ASSERT_EQ(ids(memory.read()), Ids{1});
  memory.put<uint8_t>(kMadt + 50, 1);
  EXPECT_EQ(ids(memory.read_as_is()), Ids{});
  EXPECT_TRUE(memory.read_as_is()->pci_config.has_value());
  memory.put<uint8_t>(kXsdt + 10, 1);
  EXPECT_TRUE(memory.read_as_is().has_value());  // the RSDT is sound
  memory.put<uint8_t>(kRsdt + 10, 1);
  EXPECT_FALSE(memory.read_as_is().has_value());
  ASSERT_TRUE(memory.read().has_value());
  memory.put<uint8_t>(kRoot + 9, 1);
  EXPECT_FALSE(memory.read_as_is().has_value());
}

TEST(Acpi, PassesOverAnUnsoundTable) {
  FirstMemory memory;
  memory.add_apic(1, 1);
  memory.put<uint64_t>(kXsdt + 36, kEnd - 40);
  memory.text(kEnd - 40, "APIC");
  memory.put<uint32_t>(kEnd - 36, 41);  // reaches out of the visible memory
  EXPECT_EQ(ids(memory.read()), Ids{});
  memory.add_table(kMadt);
  EXPECT_EQ(ids(memory.read()), Ids{1});
}

TEST(Acpi, StopsAtADamagedEntry) {
  FirstMemory memory;
  memory.add_apic(1, 1);
  memory.add_other(0, 4);  // too short for a local APIC: it is ignored, and the next entry is read
  memory.add_apic(2, 1);
  memory.add_other(0, 1);  // shorter than its own header
  memory.add_apic(3, 1);
  EXPECT_EQ(ids(memory.read()), (Ids{1, 2}));
}

TEST(Acpi, RefusesWhatIsNone) {
  FirstMemory memory;
  (void)memory.read();
  for (const uint64_t root : {uint64_t{0}, kRoot + 1, kEnd - 19, kEnd, ~uint64_t{0}})
    EXPECT_FALSE(read_acpi(memory.bytes(), root).has_value()) << root;
  EXPECT_FALSE(read_acpi({}, kRoot).has_value());
  for (const uint32_t size : {0u, 35u, 0x40001u, ~0u}) {
    FirstMemory other;
    other.put<uint32_t>(kMadt + 4, size);
    EXPECT_EQ(ids(other.read()), Ids{}) << size;
  }
}

TEST(Acpi, SurvivesEveryTruncation) {
  FirstMemory memory;
  for (uint8_t id = 0; id < 20; ++id) memory.add_apic(id, 1);
  memory.add_config_space(0xb000'0000, 0, 0, 255);
  ASSERT_TRUE(memory.read().has_value());
  for (size_t size = 0; size < 5000; ++size) {
    // The bytes lie in memory of their own, so that the sanitizer finds accesses past their end.
    const std::vector<std::byte> cut(memory.bytes().begin(), memory.bytes().begin() + static_cast<ptrdiff_t>(size));
    const auto info = read_acpi(cut, kRoot);
    EXPECT_EQ(info.has_value(), size >= kRsdt + 36 + 8) << size;
  }
}

TEST(Acpi, SurvivesDamage) {
  std::mt19937 random(1);
  size_t found = 0;
  for (int round = 0; round < 20'000; ++round) {
    FirstMemory memory;
    memory.add_apic(1, 1);
    memory.add_x2apic(2, 1);
    memory.add_apic_address(0x1000);
    memory.add_config_space(0xb000'0000, 0, 0, 255);
    for (unsigned i = 0; i <= random() % 4; ++i) {
      const uint64_t table = std::array{kRoot, kRsdt, kXsdt, kMadt, kMcfg}[random() % 5];
      memory.put(table + random() % 90, static_cast<uint8_t>(random()));
    }
    const auto info = random() % 8 == 0 ? memory.read_as_is() : memory.read();
    if (!info) continue;
    ++found;
    ASSERT_LE(info->cpus.numbers().size(), CpuList::kCapacity);
  }
  EXPECT_GT(found, 1000u);
}

}  // namespace
}  // namespace cairn::kernel
