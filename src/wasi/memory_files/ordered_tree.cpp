#include "wasi/memory_files/ordered_tree.hpp"

#include <algorithm>

namespace cairn::wasi {

namespace {
int height_of(const TreeLinks* item) { return item == nullptr ? 0 : item->height; }
void update(TreeLinks* item) {
  item->height = static_cast<int8_t>(1 + std::max(height_of(item->child[0]), height_of(item->child[1])));
}
}  // namespace

// Puts `replacement` (which may be null) in the place of `old`.
void TreeShape::put(TreeLinks* old, TreeLinks* replacement) {
  TreeLinks* parent = old->parent;
  if (parent == nullptr) {
    root_ = replacement;
  } else {
    parent->child[parent->child[1] == old ? 1 : 0] = replacement;
  }
  if (replacement != nullptr) replacement->parent = parent;
}

// Moves `item` down to `side` and moves its child of the other side into its place. Returns that child.
TreeLinks* TreeShape::rotate(TreeLinks* item, unsigned side) {
  TreeLinks* up = item->child[1 - side];
  put(item, up);
  item->child[1 - side] = up->child[side];
  if (up->child[side] != nullptr) up->child[side]->parent = item;
  up->child[side] = item;
  item->parent = up;
  update(item);
  update(up);
  return up;
}

// Rebalances from `item` to the root. The subtrees of these items may have changed their heights by one.
void TreeShape::rebalance(TreeLinks* item) {
  for (; item != nullptr; item = item->parent) {
    const int slope = height_of(item->child[1]) - height_of(item->child[0]);
    if (slope > 1 || slope < -1) {
      const unsigned high = slope > 0 ? 1 : 0;
      TreeLinks* child = item->child[high];
      if (height_of(child->child[1 - high]) > height_of(child->child[high])) rotate(child, high);
      item = rotate(item, 1 - high);
    } else {
      update(item);
    }
  }
}

void TreeShape::insert(TreeLinks* parent, unsigned side, TreeLinks* item) {
  item->child = {};
  item->parent = parent;
  item->height = 1;
  if (parent == nullptr) {
    root_ = item;
  } else {
    parent->child[side] = item;
  }
  rebalance(parent);
}

void TreeShape::remove(TreeLinks* item) {
  TreeLinks* start = item->parent;
  if (item->child[0] == nullptr || item->child[1] == nullptr) {
    put(item, item->child[item->child[0] == nullptr ? 1 : 0]);
  } else {
    // The next item takes the place of the removed one.
    TreeLinks* successor = next(item);
    start = successor->parent == item ? successor : successor->parent;
    if (successor->parent != item) {
      put(successor, successor->child[1]);
      successor->child[1] = item->child[1];
      successor->child[1]->parent = successor;
    }
    put(item, successor);
    successor->child[0] = item->child[0];
    successor->child[0]->parent = successor;
  }
  rebalance(start);
}

TreeLinks* TreeShape::next(TreeLinks* item) {
  if (item->child[1] != nullptr) {
    item = item->child[1];
    while (item->child[0] != nullptr) item = item->child[0];
    return item;
  }
  while (item->parent != nullptr && item->parent->child[1] == item) item = item->parent;
  return item->parent;
}

}  // namespace cairn::wasi
