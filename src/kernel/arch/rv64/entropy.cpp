// Takes entropy from the firmware, which leaves it in the device tree: /chosen/rng-seed.
#include <algorithm>
#include <cstring>

#include "kernel/firmware/boot_tree.hpp"
#include "kernel/machine.hpp"

namespace cairn::kernel::machine {

const std::string_view kEntropySource = "the firmware's device tree";

size_t hardware_entropy(const BootInfo& info, std::span<std::byte> out) {
  const auto tree = boot_tree(info);
  const auto chosen = tree ? tree->root()->child("chosen") : std::nullopt;
  const auto seed = chosen ? chosen->property("rng-seed") : std::nullopt;
  if (!seed) return 0;
  const size_t count = std::min(seed->size(), out.size());
  std::memcpy(out.data(), seed->data(), count);
  return count;
}

}  // namespace cairn::kernel::machine
