// An ordered set, as an AVL tree whose links lie in its items. So inserting and removing need no memory and cannot
// fail. The set does not own its items.
#pragma once

#include <array>
#include <cstdint>

namespace cairn::wasi {

// The links that an item holds for one tree.
struct TreeLinks {
  std::array<TreeLinks*, 2> child{};  // the roots of the subtrees with earlier and with later items
  TreeLinks* parent = nullptr;
  int8_t height = 1;
};

// The shape of a tree, independent of the type of its items.
class TreeShape {
 public:
  TreeShape() = default;
  TreeShape(const TreeShape&) = delete;
  TreeShape& operator=(const TreeShape&) = delete;

  [[nodiscard]] TreeLinks* root() const { return root_; }
  // Inserts `item` below `parent` on `side`, which must be free; a null parent means that the tree is empty.
  void insert(TreeLinks* parent, unsigned side, TreeLinks* item);
  void remove(TreeLinks* item);
  // Returns the item after this one; null after the last one.
  [[nodiscard]] static TreeLinks* next(TreeLinks* item);

 private:
  void put(TreeLinks* old, TreeLinks* replacement);
  TreeLinks* rotate(TreeLinks* item, unsigned side);
  void rebalance(TreeLinks* item);

  TreeLinks* root_ = nullptr;
};

// The links for one of the trees that an item is in; the type `Tag` names the tree.
template <class Tag>
struct TreeLink : TreeLinks {};

// A tree of items of type T. T derives from TreeLink<Tag>, once for each tree that an item may be in. A place in the
// tree is given by an order, a function of an item. Its result is negative when the place lies before the item, 0 when
// it is the item's own place, and positive when it lies after the item.
template <class T, class Tag>
class OrderedTree {
 public:
  // Finds the item at the place; null when there is none.
  template <class Order>
  [[nodiscard]] T* find(Order&& order) const {
    for (TreeLinks* at = shape_.root(); at != nullptr;) {
      const int side = order(*item_of(at));
      if (side == 0) return item_of(at);
      at = at->child[side > 0 ? 1 : 0];
    }
    return nullptr;
  }
  // Finds the first item that is at the place or after it; null when there is none.
  template <class Order>
  [[nodiscard]] T* first_from(Order&& order) const {
    TreeLinks* best = nullptr;
    for (TreeLinks* at = shape_.root(); at != nullptr;) {
      const int side = order(*item_of(at));
      if (side <= 0) best = at;
      at = at->child[side > 0 ? 1 : 0];
    }
    return item_of(best);
  }
  // No item in the tree may be at the new item's place.
  template <class Order>
  void insert(T& item, Order&& order) {
    TreeLinks* parent = nullptr;
    unsigned side = 0;
    for (TreeLinks* at = shape_.root(); at != nullptr; at = at->child[side]) {
      parent = at;
      side = order(*item_of(at)) > 0 ? 1 : 0;
    }
    shape_.insert(parent, side, static_cast<TreeLink<Tag>*>(&item));
  }
  void remove(T& item) { shape_.remove(static_cast<TreeLink<Tag>*>(&item)); }

  [[nodiscard]] T* first() const {
    return first_from([](const T&) { return -1; });
  }
  [[nodiscard]] static T* next(T& item) { return item_of(TreeShape::next(static_cast<TreeLink<Tag>*>(&item))); }
  [[nodiscard]] bool empty() const { return shape_.root() == nullptr; }

 private:
  static T* item_of(TreeLinks* links) { return static_cast<T*>(static_cast<TreeLink<Tag>*>(links)); }

  TreeShape shape_;
};

}  // namespace cairn::wasi
