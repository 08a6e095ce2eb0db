// From the device tree to BootInfo.
#include "base/boot_protocol.hpp"
#include "kernel/boot/boot_info.hpp"
#include "kernel/firmware/device_tree.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "port/cpu.hpp"
#include "port/layout.hpp"

namespace cairn::kernel {
namespace {

constinit BootInfo first_boot_info;

// Reads /chosen, /memory and the reservations; false when the tree lacks what cannot be done without.
bool read_tree(const DeviceTree& tree, BootInfo& info) {
  const auto root = tree.root();
  if (!root) return false;
  for (auto node = root->first_child(); node; node = node->next_sibling()) {
    if (node->text("device_type") != "memory") continue;
    for (size_t i = 0; auto range = node->reg(*root, i); ++i) info.ram.add_usable(*range);
  }
  info.memory = info.ram;
  for (size_t i = 0; auto range = tree.reservation(i); ++i) info.memory.reserve(*range);
  if (const auto reserved = root->child("reserved-memory")) {
    for (auto node = reserved->first_child(); node; node = node->next_sibling()) {
      for (size_t i = 0; auto range = node->reg(*reserved, i); ++i) info.memory.reserve(*range);
    }
  }
  if (const auto chosen = root->child("chosen")) {
    info.command_line = chosen->text("bootargs");
    const auto start = chosen->number("linux,initrd-start"), end = chosen->number("linux,initrd-end");
    if (start && end && *start < *end && *end < layout::kDirectMapSize) info.bundle = {{*start}, *end - *start};
  }
  return info.memory.total_bytes() != 0;
}

// RV64GC is what the kernel itself is compiled for: an instruction that is not there would fault in the fault's handler.
bool has_all_extensions(const DeviceTree& tree) {
  const auto root = tree.root();
  const auto cpus = root ? root->child("cpus") : std::nullopt;
  const auto cpu = cpus ? cpus->child("cpu") : std::nullopt;
  if (!cpu) return true;
  const std::string_view isa = cpu->text("riscv,isa");
  const std::string_view letters = isa.substr(0, isa.find('_'));
  for (const char needed : std::string_view("imafdc")) {
    if (letters.size() > 4 && letters.substr(4).contains(needed)) continue;
    const char name[] = {static_cast<char>(needed - 'a' + 'A'), '\n', 0};
    write_raw(kBelowFloor);
    write_raw(": it lacks ");
    write_raw(name);
    return false;
  }
  return true;
}

}  // namespace

extern "C" [[noreturn]] void cairn_boot(uint64_t /*hart*/, uint64_t tree_address) {
  BootInfo& info = first_boot_info;
  info.entry_ticks = machine::ticks();
  info.firmware = "SBI";
  machine::set_up_traps();
  std::optional<DeviceTree> tree;
  if (tree_address != 0 && tree_address < layout::kDirectMapSize - (16 << 20)) {
    const DirectMap map(layout::kDirectMap);
    tree = DeviceTree::create({map.at({tree_address}), 16 << 20});
  }
  if (!tree || !read_tree(*tree, info)) {
    write_raw("cairn: no usable device tree\n");
    machine::power_off(71);
  }
  if (!has_all_extensions(*tree)) machine::power_off(exit_status::kBadModule);
  info.device_tree = {{tree_address}, tree->size()};
  info.memory.reserve({{layout::kDirectMapSize}, ~uint64_t{0} >> 1});
  info.memory.reserve(image_range());
  info.memory.reserve(info.device_tree);
  info.memory.reserve(info.bundle);
  kernel_main(info);
}

}  // namespace cairn::kernel
