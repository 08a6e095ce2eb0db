// Fuzzes the reader of ACPI's tables. The input is the first part of physical memory, and chooses the address of the
// root pointer. Random bytes have wrong checksums, so the target corrects those of all tables if the input says so.
#include "kernel/firmware/acpi.hpp"

#include <string_view>
#include <vector>

#include "support/cpu_list_check.hpp"
#include "support/input.hpp"

using namespace cairn;
using namespace cairn::kernel;

namespace {

// Makes `bytes` sum to zero by its byte `place`.
void correct(std::span<std::byte> bytes, size_t place) {
  if (place >= bytes.size()) return;
  uint8_t sum = 0;
  bytes[place] = {};
  for (const std::byte byte : bytes) sum = static_cast<uint8_t>(sum + static_cast<uint8_t>(byte));
  bytes[place] = static_cast<std::byte>(-sum);
}

void correct_checksums(std::span<std::byte> memory) {
  for (size_t at = 0; at + 36 <= memory.size(); at += 4) {
    const auto rest = memory.subspan(at);
    const std::string_view text(reinterpret_cast<const char*>(rest.data()), 8);
    const std::string_view signature = text.substr(0, 4);
    if (text == "RSD PTR ") {
      correct(rest.first(20), 8);
      correct(rest.first(36), 32);
    } else if (signature == "RSDT" || signature == "XSDT" || signature == "APIC" || signature == "MCFG") {
      uint32_t length;
      std::memcpy(&length, rest.data() + 4, sizeof length);
      if (length <= rest.size()) correct(rest.first(length), 9);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const bool corrects = input.byte() % 2 == 0;
  const auto root = input.take<uint16_t>();
  const auto rest = input.rest();
  std::vector<std::byte> memory(rest.begin(), rest.end());
  if (corrects) correct_checksums(memory);
  const std::optional<AcpiInfo> info = read_acpi(memory, root);
  if (!info) return 0;
  fuzz::check(root + size_t{20} <= memory.size(), "the root pointer lies out of sight");
  fuzz::check_cpus(info->cpus);
  for (const uint64_t id : info->cpus.numbers()) fuzz::check(id < 255, "an APIC id does not fit xAPIC");
  // A CPU's entry has 8 bytes.
  fuzz::check(info->cpus.numbers().size() + info->cpus.left_out() <= size / 8, "CPUs that nothing describes");
  const auto io_apics = info->interrupts.io_apics();
  // An I/O APIC's entry has 12 bytes. Without an entry, there is the usual one.
  fuzz::check(!io_apics.empty() && io_apics.size() <= std::max<size_t>(1, size / 12), "I/O APICs out of nothing");
  if (const auto& pci = info->pci_config) {
    fuzz::check(pci->start.value != 0 && pci->first_bus <= pci->last_bus, "PCI's configuration space has no buses");
  }
  return 0;
}
