#include "kernel/firmware/tree_boot_info.hpp"

namespace cairn::kernel {

bool read_boot_info(const DeviceTree& tree, uint64_t reach, BootInfo& info) {
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
    if (start && end && *start < *end && *end < reach) info.bundle = {{*start}, *end - *start};
  }
  return info.memory.total_bytes() != 0;
}

namespace {

char missing_extension(const DeviceTree::Node& cpu) {
  const std::string_view isa = cpu.text("riscv,isa");
  const std::string_view letters = isa.substr(0, isa.find('_'));
  for (const char needed : std::string_view("imafdc")) {
    if (letters.size() <= 4 || !letters.substr(4).contains(needed)) return static_cast<char>(needed - 'a' + 'A');
  }
  return 0;
}

}  // namespace

char missing_extension(const DeviceTree& tree) {
  const auto root = tree.root();
  const auto cpus = root ? root->child("cpus") : std::nullopt;
  const auto cpu = cpus ? cpus->child("cpu") : std::nullopt;
  return cpu ? missing_extension(*cpu) : char{0};
}

CpuList usable_harts(const DeviceTree& tree) {
  CpuList list;
  const auto root = tree.root();
  const auto cpus = root ? root->child("cpus") : std::nullopt;
  for (auto cpu = cpus ? cpus->first_child() : std::nullopt; cpu; cpu = cpu->next_sibling()) {
    const auto hart = cpu->number("reg");
    if (cpu->text("device_type") != "cpu" || !hart) continue;
    const std::string_view status = cpu->text("status");  // an absent status means "okay" [dt 2.3.4]
    if ((status.empty() || status == "okay" || status == "ok") && missing_extension(*cpu) == 0) {
      list.add(*hart);
    } else {
      list.leave_out();
    }
  }
  return list;
}

}  // namespace cairn::kernel
