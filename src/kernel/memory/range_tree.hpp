// Ranges of addresses in order of their starts: a treap of nodes that their owner allocates (RangePool), so that
// inserting and removing cannot fail.
#pragma once

#include <cstdint>

#include "kernel/memory/account.hpp"
#include "kernel/memory/page_table.hpp"

namespace cairn::kernel {

// A reservation or a segment (address_space.hpp). Only a segment has rights and spare nodes.
struct RangeNode {
  uint64_t start = 0;
  uint64_t size = 0;
  Access access;
  uint8_t spare_nodes = 0;  // nodes that the pool sets aside for splitting this segment
  Charge charge;            // to whom the committed pages are charged
  uint32_t priority = 0;    // no node has a higher priority than its parent
  RangeNode* parent = nullptr;
  RangeNode* left = nullptr;
  RangeNode* right = nullptr;

  [[nodiscard]] uint64_t end() const { return start + size; }
};

class RangeTree {
 public:
  // Inserts a node whose `start` is set; the caller still owns the node. No two nodes have the same start.
  void insert(RangeNode* node);
  // Takes a node out of the tree; it can be inserted again.
  void remove(RangeNode* node);

  // Returns the first node that starts at `at` or later, or null.
  [[nodiscard]] RangeNode* first_from(uint64_t at) const;
  // Returns the last node that starts at `at` or earlier, or null.
  [[nodiscard]] RangeNode* last_until(uint64_t at) const;
  // Returns the node whose range holds `address`, or null.
  [[nodiscard]] RangeNode* holder_of(uint64_t address) const {
    RangeNode* node = last_until(address);
    return node != nullptr && address - node->start < node->size ? node : nullptr;
  }
  // Returns the first node that has a part in [start, end), or null. Ranges of nodes must not overlap.
  [[nodiscard]] RangeNode* first_in(uint64_t start, uint64_t end) const {
    RangeNode* node = holder_of(start);
    if (node == nullptr) node = first_from(start);
    return node != nullptr && node->start < end ? node : nullptr;
  }
  // Returns the node after `node`, or null.
  static RangeNode* next(RangeNode* node);
  [[nodiscard]] RangeNode* first() const { return first_from(0); }
  [[nodiscard]] uint64_t count() const { return count_; }

 private:
  RangeNode** link_of(RangeNode* node) {
    if (node->parent == nullptr) return &root_;
    return node->parent->left == node ? &node->parent->left : &node->parent->right;
  }
  // Makes the node the parent of its parent; the order of the nodes stays the same.
  void rotate_up(RangeNode* node);

  RangeNode* root_ = nullptr;
  uint64_t count_ = 0;
  uint32_t random_ = 0x9e37'79b9;  // the last number of the generator of priorities (xorshift)
};

}  // namespace cairn::kernel
