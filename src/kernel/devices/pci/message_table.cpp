#include "kernel/devices/pci/message_table.hpp"

#include "kernel/memory/memory.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel::pci {
namespace {

constexpr uint8_t kMessages = 0x11;  // the type of the capability
constexpr uint32_t kMasked = 1;      // in Entry::control

}  // namespace

std::optional<MessageTable> MessageTable::create(Function function) {
  static_assert(sizeof(Entry) == 16);
  std::optional<uint8_t> capability;
  for_each_capability(function, [&](uint8_t at, uint8_t type) {
    if (type == kMessages && !capability) capability = at;
  });
  if (!capability) return std::nullopt;
  // The first word has the number of entries, minus 1, and the bit that enables the table. The second word has the
  // number of a base address register, and the table's offset in the memory that the register decodes.
  constexpr uint32_t kEnable = uint32_t{1} << 31;
  const uint32_t head = read_config(function, *capability);
  const uint32_t place = read_config(function, static_cast<uint8_t>(*capability + 4));
  const size_t count = (head >> 16 & 0x7ff) + 1;
  const auto base = base_address(function, place & 7);
  if (!base) return std::nullopt;
  const auto mapped = map_device({*base + (place & ~uint32_t{7}), count * sizeof(Entry)});
  if (!mapped) return std::nullopt;
  auto* const entries = reinterpret_cast<volatile Entry*>(*mapped);
  for (size_t i = 0; i < count; ++i) entries[i].control = entries[i].control | kMasked;
  write_config(function, *capability, head | kEnable);
  return MessageTable(entries, count);
}

bool MessageTable::connect(size_t index, InterruptHandler& handler) {
  if (index >= count_) return false;
  const auto message = make_message(handler);
  if (!message) return false;
  volatile Entry& entry = entries_[index];
  entry.address[0] = static_cast<uint32_t>(message->address);
  entry.address[1] = static_cast<uint32_t>(message->address >> 32);
  entry.data = message->data;
  machine::full_barrier();
  entry.control = entry.control & ~kMasked;
  return true;
}

}  // namespace cairn::kernel::pci
