#include "kernel/firmware/device_tree.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "kernel/firmware/tree_boot_info.hpp"

namespace cairn::kernel {
namespace {

// Writes trees as [dt 5] says.
class TreeWriter {
 public:
  void begin(std::string_view name) {
    word(structure_, 1);
    structure_.append(name).push_back('\0');
    pad();
  }
  void end() { word(structure_, 2); }
  void property(std::string_view name, std::string_view value) {
    word(structure_, 3);
    word(structure_, static_cast<uint32_t>(value.size()));
    word(structure_, static_cast<uint32_t>(strings_.size()));
    strings_.append(name).push_back('\0');
    structure_.append(value);
    pad();
  }
  void cells(std::string_view name, std::initializer_list<uint32_t> values) {
    std::string text;
    for (uint32_t value : values) word(text, value);
    property(name, text);
  }
  std::vector<std::byte> finish() {
    word(structure_, 9);
    std::string out;
    const auto structure_offset = uint32_t{40 + 16},
               strings_offset = structure_offset + static_cast<uint32_t>(structure_.size());
    const uint32_t total = strings_offset + static_cast<uint32_t>(strings_.size());
    for (uint32_t value : {0xd00dfeedu, total, structure_offset, strings_offset, 40u, 17u, 16u, 0u,
                           static_cast<uint32_t>(strings_.size()), static_cast<uint32_t>(structure_.size())}) {
      word(out, value);
    }
    out.append(16, '\0');
    out += structure_ + strings_;
    const auto* bytes = reinterpret_cast<const std::byte*>(out.data());
    return {bytes, bytes + out.size()};
  }

 private:
  static void word(std::string& to, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<char>(value >> shift));
  }
  void pad() { structure_.resize((structure_.size() + 3) & ~size_t{3}); }
  std::string structure_, strings_;
};

std::vector<std::byte> example() {
  using namespace std::string_view_literals;
  TreeWriter tree;
  tree.begin("");
  tree.cells("#address-cells", {2});
  tree.cells("#size-cells", {2});
  tree.begin("memory@80000000");
  tree.property("device_type", "memory\0"sv);
  tree.cells("reg", {0, 0x80000000, 0, 0x10000000, 1, 0, 0, 0x1000});
  tree.end();
  tree.begin("soc");
  tree.cells("#address-cells", {1});
  tree.cells("#size-cells", {1});
  tree.begin("virtio@10001000");
  tree.property("compatible", "first\0virtio,mmio\0"sv);
  tree.cells("reg", {0x10001000, 0x1000});
  tree.end();
  tree.begin("virtio@10002000");
  tree.cells("reg", {0x10002000});
  tree.end();
  tree.end();
  tree.begin("chosen");
  tree.property("bootargs", "log=debug\0"sv);
  tree.end();
  tree.end();
  return tree.finish();
}

// Visits all that can be reached in a tree, which may be damaged.
size_t visit(const DeviceTree& tree, const DeviceTree::Node& node, unsigned depth = 0) {
  size_t count = 1 + node.name().size() + node.text("bootargs").size() + node.compatible("virtio,mmio");
  for (size_t i = 0; i < 4; ++i) count += node.reg(node, i).has_value();
  for (auto child = node.first_child(); child && depth < 20 && count < 10'000; child = child->next_sibling()) {
    count += visit(tree, *child, depth + 1);
  }
  return count;
}

TEST(DeviceTree, FindsNodesAndProperties) {
  const std::vector<std::byte> bytes = example();
  const auto tree = DeviceTree::create(bytes);
  ASSERT_TRUE(tree.has_value());
  const auto root = tree->root();
  ASSERT_TRUE(root.has_value());
  const auto memory = root->child("memory");
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ(memory->text("device_type"), "memory");
  EXPECT_EQ(memory->reg(*root)->start.value, 0x80000000u);
  EXPECT_EQ(memory->reg(*root, 1)->start.value, 0x1'0000'0000u);
  EXPECT_EQ(memory->reg(*root, 1)->size, 0x1000u);
  EXPECT_FALSE(memory->reg(*root, 2).has_value());
  const auto soc = root->child("soc");
  const auto first = soc->first_child();
  EXPECT_TRUE(first->compatible("virtio,mmio"));
  EXPECT_FALSE(first->compatible("virtio"));
  EXPECT_EQ(first->reg(*soc)->size, 0x1000u);
  const auto second = first->next_sibling();
  EXPECT_EQ(second->name(), "virtio@10002000");
  EXPECT_FALSE(second->reg(*soc).has_value());
  EXPECT_FALSE(second->next_sibling().has_value());
  EXPECT_EQ(root->child("chosen")->text("bootargs"), "log=debug");
  EXPECT_FALSE(root->child("nothing").has_value());
  EXPECT_FALSE(tree->reservation(0).has_value());
}

TEST(DeviceTree, TellsWhatTheKernelStartsFrom) {
  const std::vector<std::byte> bytes = example();
  BootInfo info;
  ASSERT_TRUE(read_boot_info(*DeviceTree::create(bytes), uint64_t{1} << 37, info));
  EXPECT_EQ(info.command_line, "log=debug");
  EXPECT_EQ(info.ram.total_bytes(), 0x1000'1000u);
  EXPECT_EQ(info.bundle.size, 0u);
}

TEST(DeviceTree, NamesTheExtensionThatIsMissing) {
  using namespace std::string_view_literals;
  for (const auto& [isa, missing] :
       {std::pair("rv64imafdcsu_zba\0"sv, '\0'), {"rv64imac_fd\0"sv, 'F'}, {"rv64\0"sv, 'I'}}) {
    TreeWriter tree;
    tree.begin("");
    tree.begin("cpus");
    tree.begin("cpu@0");
    tree.property("riscv,isa", isa);
    for (int i = 0; i < 3; ++i) tree.end();
    const std::vector<std::byte> bytes = tree.finish();
    EXPECT_EQ(missing_extension(*DeviceTree::create(bytes)), missing) << isa;
  }
}

TEST(DeviceTree, ListsTheHartsThatCanBeUsed) {
  using namespace std::string_view_literals;
  TreeWriter tree;
  tree.begin("");
  tree.begin("cpus");
  const auto cpu = [&](std::string_view name, std::initializer_list<uint32_t> reg, std::string_view status = {},
                       std::string_view isa = "rv64imafdc\0"sv, std::string_view type = "cpu\0"sv) {
    tree.begin(name);
    tree.property("device_type", type);
    tree.cells("reg", reg);
    if (!status.empty()) tree.property("status", status);
    tree.property("riscv,isa", isa);
    tree.end();
  };
  cpu("cpu@3", {3});
  cpu("cpu@0", {0}, "okay\0"sv);
  cpu("cpu@4", {4}, "disabled\0"sv);
  cpu("cpu@5", {5}, "fail-heat\0"sv);
  cpu("cpu@6", {6}, {}, "rv64imac\0"sv);
  cpu("cpu@3", {3});
  cpu("cpu-map", {7}, {}, "rv64imafdc\0"sv, "map\0"sv);
  cpu("cpu", {});
  cpu("cpu@100000002", {1, 2});
  tree.end();
  tree.end();
  const std::vector<std::byte> bytes = tree.finish();
  const CpuList harts = usable_harts(*DeviceTree::create(bytes));
  EXPECT_TRUE(std::ranges::equal(harts.numbers(), std::array<uint64_t, 3>{3, 0, 0x1'0000'0002}));
  EXPECT_EQ(harts.left_out(), 3u);
  const std::vector<std::byte> none = example();
  EXPECT_TRUE(usable_harts(*DeviceTree::create(none)).numbers().empty());
}

TEST(DeviceTree, ListsAtMostAsManyHartsAsTheKernelUses) {
  using namespace std::string_view_literals;
  TreeWriter tree;
  tree.begin("");
  tree.begin("cpus");
  for (uint32_t hart = 0; hart < 100; ++hart) {
    tree.begin("cpu@" + std::to_string(hart));
    tree.property("device_type", "cpu\0"sv);
    tree.cells("reg", {hart});
    tree.property("riscv,isa", "rv64imafdc\0"sv);
    tree.end();
  }
  tree.end();
  tree.end();
  const std::vector<std::byte> bytes = tree.finish();
  const CpuList harts = usable_harts(*DeviceTree::create(bytes));
  ASSERT_EQ(harts.numbers().size(), CpuList::kCapacity);
  for (uint64_t i = 0; i < CpuList::kCapacity; ++i) EXPECT_EQ(harts.numbers()[i], i);
  EXPECT_EQ(harts.left_out(), 100 - CpuList::kCapacity);
}

TEST(DeviceTree, RefusesOrSurvivesEveryTruncation) {
  const std::vector<std::byte> bytes = example();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DeviceTree::create(std::span(bytes).first(size)).has_value());
    // The truncated tree is read again, with a header that states its size.
    std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    if (size < 40) continue;
    cut[6] = static_cast<std::byte>(size >> 8), cut[7] = static_cast<std::byte>(size);
    if (const auto tree = DeviceTree::create(cut); tree && tree->root()) visit(*tree, *tree->root());
  }
}

TEST(DeviceTree, SurvivesDamage) {
  const std::vector<std::byte> good = example();
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bytes = good;
    for (unsigned i = 0; i <= random() % 4; ++i) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    if (const auto tree = DeviceTree::create(bytes); tree && tree->root()) visit(*tree, *tree->root());
  }
}

}  // namespace
}  // namespace cairn::kernel
