// Reads a flattened device tree [dt 5] in place and trusts nothing in it: every offset is checked before it is
// followed, and a walk ends after at most as many steps as the tree has bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/memory/address.hpp"

namespace cairn::kernel {

class DeviceTree {
 public:
  // A node of the tree. It is valid as long as the DeviceTree.
  class Node {
   public:
    // The name with its unit address: "memory@80000000".
    [[nodiscard]] std::string_view name() const { return name_; }
    [[nodiscard]] std::optional<Node> first_child() const;
    [[nodiscard]] std::optional<Node> next_sibling() const;
    // Returns the first child with this name; `name` may leave out the unit address ("@...").
    [[nodiscard]] std::optional<Node> child(std::string_view name) const;

    [[nodiscard]] std::optional<std::span<const std::byte>> property(std::string_view name) const;
    // Returns the text of a property, up to its first NUL; empty if there is no such property.
    [[nodiscard]] std::string_view text(std::string_view name) const;
    // Returns the number in a property of one or two cells (of 4 bytes); nothing if there is no such property.
    [[nodiscard]] std::optional<uint64_t> number(std::string_view name) const;
    // Whether the list of texts in the property `compatible` contains `with`.
    [[nodiscard]] bool compatible(std::string_view with) const;
    // Returns entry `index` of the property `reg`, or nothing if there is no such entry. `parent` must be this node's
    // parent, which states how many cells an entry has.
    [[nodiscard]] std::optional<PhysRange> reg(const Node& parent, size_t index = 0) const;

   private:
    friend class DeviceTree;
    Node(const DeviceTree* tree, std::string_view name, size_t body) : tree_(tree), name_(name), body_(body) {}
    const DeviceTree* tree_;
    std::string_view name_;
    size_t body_;  // offset of the first token after the name, in the structure block
  };

  // Makes a tree of `bytes`. They may be longer than the tree, whose header states its length. Returns nothing if the
  // bytes do not begin with a tree.
  static std::optional<DeviceTree> create(std::span<const std::byte> bytes);

  // Returns nothing if the structure block does not begin with a node.
  [[nodiscard]] std::optional<Node> root() const;
  [[nodiscard]] size_t size() const { return size_; }  // the length in bytes that the header states
  // Returns entry `index` of the memory reservation block, or nothing if the block has fewer entries.
  [[nodiscard]] std::optional<PhysRange> reservation(size_t index) const;

 private:
  struct Token {
    uint32_t kind = 0;                // kBeginNode, kEndNode or kProperty
    size_t next = 0;                  // offset of the next token
    std::string_view name;            // the name of a node or a property
    std::span<const std::byte> data;  // the value of a property
  };
  // Decodes the token at an offset of the structure block; nothing at the block's end, or if the token is malformed.
  [[nodiscard]] std::optional<Token> token_at(size_t offset) const;
  // Returns the text that ends with a null byte; an empty text if it is not wholly in the block.
  [[nodiscard]] std::string_view text_at(std::span<const std::byte> block, size_t offset) const;

  std::span<const std::byte> structure_;
  std::span<const std::byte> strings_;
  std::span<const std::byte> reservations_;
  size_t size_ = 0;
};

// These functions load a big-endian number from the first 4 or 8 bytes of a span, which must have at least as many.
uint32_t load_big_endian32(std::span<const std::byte> bytes);
uint64_t load_big_endian64(std::span<const std::byte> bytes);

}  // namespace cairn::kernel
