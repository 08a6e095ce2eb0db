#include "kernel/firmware/device_tree.hpp"

#include <algorithm>
#include <cstring>

namespace cairn::kernel {
namespace {

constexpr uint32_t kMagic = 0xd00dfeed;
constexpr size_t kHeaderSize = 40;
constexpr size_t kLargest = 4 << 20;  // trees have some tens of KiB; a larger size is taken for damage
constexpr uint32_t kBeginNode = 1, kEndNode = 2, kProperty = 3, kNothing = 4;  // tokens of the structure block [dt 5.4]

}  // namespace

uint32_t load_big_endian32(std::span<const std::byte> bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint32_t>(bytes[i]);
  return value;
}
uint64_t load_big_endian64(std::span<const std::byte> bytes) {
  return uint64_t{load_big_endian32(bytes)} << 32 | load_big_endian32(bytes.subspan(4));
}

std::optional<DeviceTree> DeviceTree::create(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeaderSize) return std::nullopt;
  // The words of the header [dt 5.2]: 0 magic number, 1 total size, 2 to 4 offsets of the structure block, the strings
  // and the reservations, 5 version, 6 last compatible version, 8 size of the strings, 9 size of the structure block.
  auto field = [&](size_t index) { return load_big_endian32(bytes.subspan(index * 4)); };
  const uint32_t size = field(1);
  // The tree must have version 17 or later, and a reader of version 17 must understand it [dt 5.2].
  if (field(0) != kMagic || size < kHeaderSize || size > kLargest || size > bytes.size() || field(5) < 17 ||
      field(6) > 17) {
    return std::nullopt;
  }
  bytes = bytes.first(size);
  auto block = [&](uint64_t offset, uint64_t length) -> std::optional<std::span<const std::byte>> {
    if (offset > size || length > size - offset) return std::nullopt;
    return bytes.subspan(offset, length);
  };
  auto structure = block(field(2), field(9));
  auto strings = block(field(3), field(8));
  if (!structure || !strings || field(4) > size) return std::nullopt;
  DeviceTree tree;
  tree.structure_ = *structure;
  tree.strings_ = *strings;
  tree.reservations_ = bytes.subspan(field(4));
  tree.size_ = size;
  return tree;
}

std::string_view DeviceTree::text_at(std::span<const std::byte> block, size_t offset) const {
  if (offset >= block.size()) return {};
  const char* start = reinterpret_cast<const char*>(block.data()) + offset;
  const void* end = std::memchr(start, 0, block.size() - offset);
  if (end == nullptr) return {};
  return {start, static_cast<size_t>(static_cast<const char*>(end) - start)};
}

std::optional<DeviceTree::Token> DeviceTree::token_at(size_t offset) const {
  for (;;) {
    if (offset > structure_.size() || structure_.size() - offset < 4) return std::nullopt;
    Token token;
    token.kind = load_big_endian32(structure_.subspan(offset));
    offset += 4;
    switch (token.kind) {
      case kNothing: continue;
      case kBeginNode: {
        const void* end = std::memchr(structure_.data() + offset, 0, structure_.size() - offset);
        if (end == nullptr) return std::nullopt;
        token.name = text_at(structure_, offset);
        token.next = align_up(offset + token.name.size() + 1, 4);
        return token;
      }
      case kEndNode: token.next = offset; return token;
      case kProperty: {
        if (structure_.size() - offset < 8) return std::nullopt;
        const uint32_t length = load_big_endian32(structure_.subspan(offset));
        token.name = text_at(strings_, load_big_endian32(structure_.subspan(offset + 4)));
        offset += 8;
        if (length > structure_.size() - offset) return std::nullopt;
        token.data = structure_.subspan(offset, length);
        token.next = align_up(offset + length, 4);
        return token;
      }
      default:  // the end of the structure block, or no token at all
        return std::nullopt;
    }
  }
}

std::optional<DeviceTree::Node> DeviceTree::root() const {
  auto token = token_at(0);
  if (!token || token->kind != kBeginNode) return std::nullopt;
  return Node(this, token->name, token->next);
}

std::optional<PhysRange> DeviceTree::reservation(size_t index) const {
  if (index >= reservations_.size() / 16) return std::nullopt;
  const PhysRange range{{load_big_endian64(reservations_.subspan(index * 16))},
                        load_big_endian64(reservations_.subspan(index * 16 + 8))};
  if (range.start.value == 0 && range.size == 0) return std::nullopt;
  return range;
}

std::optional<DeviceTree::Node> DeviceTree::Node::first_child() const {
  for (auto token = tree_->token_at(body_); token; token = tree_->token_at(token->next)) {
    if (token->kind == kBeginNode) return Node(tree_, token->name, token->next);
    if (token->kind == kEndNode) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<DeviceTree::Node> DeviceTree::Node::next_sibling() const {
  size_t depth = 1;  // the number of nodes, this one included, that have begun and not ended
  for (auto token = tree_->token_at(body_); token; token = tree_->token_at(token->next)) {
    if (token->kind == kBeginNode) {
      if (depth == 0) return Node(tree_, token->name, token->next);
      ++depth;
    } else if (token->kind == kEndNode) {
      if (depth == 0) return std::nullopt;
      --depth;
    }
  }
  return std::nullopt;
}

std::optional<DeviceTree::Node> DeviceTree::Node::child(std::string_view name) const {
  for (auto node = first_child(); node; node = node->next_sibling()) {
    if (node->name() == name || node->name().substr(0, node->name().find('@')) == name) return node;
  }
  return std::nullopt;
}

std::optional<std::span<const std::byte>> DeviceTree::Node::property(std::string_view name) const {
  for (auto token = tree_->token_at(body_); token && token->kind == kProperty; token = tree_->token_at(token->next)) {
    if (token->name == name) return token->data;
  }
  return std::nullopt;
}

std::string_view DeviceTree::Node::text(std::string_view name) const {
  auto data = property(name);
  if (!data) return {};
  const std::string_view all(reinterpret_cast<const char*>(data->data()), data->size());
  return all.substr(0, all.find('\0'));
}

std::optional<uint64_t> DeviceTree::Node::number(std::string_view name) const {
  auto data = property(name);
  if (data && data->size() == 4) return load_big_endian32(*data);
  if (data && data->size() == 8) return load_big_endian64(*data);
  return std::nullopt;
}

bool DeviceTree::Node::compatible(std::string_view with) const {
  auto data = property("compatible");
  if (!data) return false;
  std::string_view rest(reinterpret_cast<const char*>(data->data()), data->size());
  while (!rest.empty()) {
    const std::string_view first = rest.substr(0, rest.find('\0'));
    if (first == with) return true;
    rest.remove_prefix(std::min(rest.size(), first.size() + 1));
  }
  return false;
}

std::optional<PhysRange> DeviceTree::Node::reg(const Node& parent, size_t index) const {
  const uint64_t address_cells = parent.number("#address-cells").value_or(2);
  const uint64_t size_cells = parent.number("#size-cells").value_or(1);
  auto data = property("reg");
  if (!data || address_cells == 0 || address_cells > 2 || size_cells > 2) return std::nullopt;
  const size_t entry = (address_cells + size_cells) * 4;
  if (index >= data->size() / entry) return std::nullopt;
  std::span<const std::byte> at = data->subspan(index * entry);
  auto take = [&](uint64_t cells) -> uint64_t {
    const uint64_t value = cells == 0 ? 0 : cells == 1 ? load_big_endian32(at) : load_big_endian64(at);
    at = at.subspan(cells * 4);
    return value;
  };
  const uint64_t address = take(address_cells);
  return PhysRange{{address}, take(size_cells)};
}

}  // namespace cairn::kernel
