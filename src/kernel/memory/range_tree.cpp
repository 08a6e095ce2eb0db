#include "kernel/memory/range_tree.hpp"

#include "base/assert.hpp"

namespace cairn::kernel {

void RangeTree::rotate_up(RangeNode* node) {
  RangeNode* parent = node->parent;
  RangeNode** link = link_of(parent);
  RangeNode*& inner = parent->left == node ? node->right : node->left;
  (parent->left == node ? parent->left : parent->right) = inner;
  if (inner != nullptr) inner->parent = parent;
  inner = parent;
  node->parent = parent->parent;
  parent->parent = node;
  *link = node;
}

void RangeTree::insert(RangeNode* node) {
  random_ ^= random_ << 13, random_ ^= random_ >> 17, random_ ^= random_ << 5;
  node->priority = random_;
  node->left = node->right = node->parent = nullptr;
  RangeNode** link = &root_;
  while (*link != nullptr) {
    node->parent = *link;
    CAIRN_ASSERT(node->start != (*link)->start);
    link = node->start < (*link)->start ? &(*link)->left : &(*link)->right;
  }
  *link = node;
  while (node->parent != nullptr && node->parent->priority < node->priority) rotate_up(node);
  ++count_;
}

void RangeTree::remove(RangeNode* node) {
  while (node->left != nullptr && node->right != nullptr) {
    rotate_up(node->left->priority < node->right->priority ? node->right : node->left);
  }
  RangeNode* child = node->left != nullptr ? node->left : node->right;
  *link_of(node) = child;
  if (child != nullptr) child->parent = node->parent;
  --count_;
}

RangeNode* RangeTree::first_from(uint64_t at) const {
  RangeNode* found = nullptr;
  for (RangeNode* node = root_; node != nullptr;) {
    if (node->start < at) {
      node = node->right;
    } else {
      found = node;
      node = node->left;
    }
  }
  return found;
}

RangeNode* RangeTree::last_until(uint64_t at) const {
  RangeNode* found = nullptr;
  for (RangeNode* node = root_; node != nullptr;) {
    if (node->start > at) {
      node = node->left;
    } else {
      found = node;
      node = node->right;
    }
  }
  return found;
}

RangeNode* RangeTree::next(RangeNode* node) {
  if (node->right != nullptr) {
    node = node->right;
    while (node->left != nullptr) node = node->left;
    return node;
  }
  while (node->parent != nullptr && node->parent->right == node) node = node->parent;
  return node->parent;
}

}  // namespace cairn::kernel
