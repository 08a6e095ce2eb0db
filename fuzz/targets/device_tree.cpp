// Fuzzes the reader of device trees, and the functions by which the RISC-V kernel reads its boot information from one.
// The input is the device tree.
#include "kernel/firmware/device_tree.hpp"

#include <string>

#include "kernel/boot/options.hpp"
#include "kernel/firmware/tree_boot_info.hpp"
#include "support/check.hpp"
#include "support/cpu_list_check.hpp"
#include "support/input.hpp"
#include "support/memory_map_check.hpp"

using namespace cairn;
using namespace cairn::kernel;

namespace {

// Visits every node, and some properties of each. The number of steps is bounded by the tree's size.
class Walk {
 public:
  explicit Walk(const DeviceTree& tree) : steps_left_(tree.size()) {}

  void visit(const DeviceTree::Node& node, const DeviceTree::Node& parent, int depth) {
    step();
    for (const char* name : {"reg", "compatible", "device_type", "#address-cells", "linux,initrd-start"}) {
      (void)node.property(name);
      (void)node.text(name);
      (void)node.number(name);
    }
    (void)node.compatible("virtio,mmio");
    for (size_t i = 0; node.reg(parent, i); ++i) step();
    if (depth == 12) return;
    for (auto child = node.first_child(); child; child = child->next_sibling()) visit(*child, node, depth + 1);
  }

 private:
  void step() { fuzz::check(steps_left_-- != 0, "a walk through a device tree does not end"); }
  size_t steps_left_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto tree = DeviceTree::create(bytes);
  if (!tree) return 0;
  fuzz::check(tree->size() <= size, "a device tree is larger than its bytes");
  if (const auto root = tree->root()) {
    Walk(*tree).visit(*root, *root, 0);
    if (const auto soc = root->child("soc")) (void)soc->first_child();
  }
  (void)missing_extension(*tree);
  fuzz::check_cpus(usable_harts(*tree));
  BootInfo info;
  constexpr uint64_t kReach = uint64_t{1} << 37;  // the bundle must end below this physical address
  if (!read_boot_info(*tree, kReach, info)) return 0;
  fuzz::check_map(info.ram);
  fuzz::check_map(info.memory);
  fuzz::check(info.bundle.size == 0 || info.bundle.end() < kReach, "the bundle lies out of reach");
  info.memory.reserve(info.bundle);
  fuzz::check_map(info.memory);
  fuzz::check_taken(info.memory, info.bundle);
  (void)boot_option(info.command_line, "paging");
  (void)find_mistake(info.command_line, {});
  return 0;
}
