#include "kernel/memory/range_tree.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

namespace cairn::kernel {
namespace {

// Checks order, links and priorities below `node`; returns the depth.
unsigned check_links(const RangeNode* node) {
  if (node == nullptr) return 0;
  for (const RangeNode* child : {node->left, node->right}) {
    if (child == nullptr) continue;
    EXPECT_EQ(child->parent, node);
    EXPECT_LE(child->priority, node->priority);
    EXPECT_EQ(child->start < node->start, child == node->left);
  }
  return 1 + std::max(check_links(node->left), check_links(node->right));
}

TEST(RangeTree, EqualsAMap) {
  RangeTree tree;
  std::deque<RangeNode> storage;
  std::map<uint64_t, RangeNode*> model;
  std::mt19937 random(2);
  for (int step = 0; step < 20'000; ++step) {
    const uint64_t at = random() % 3000;
    if (const auto found = model.find(at); found != model.end()) {
      tree.remove(found->second);
      model.erase(found);
    } else if (random() % 3 != 0) {
      RangeNode* node = &storage.emplace_back();
      node->start = at;
      node->size = 1;
      tree.insert(node);
      model.emplace(at, node);
    }
    ASSERT_EQ(tree.count(), model.size());
    const uint64_t look = random() % 3002;
    const auto from = model.lower_bound(look);
    RangeNode* const first = tree.first_from(look);
    ASSERT_EQ(first, from == model.end() ? nullptr : from->second);
    if (first != nullptr) {
      const auto after = std::next(from);
      ASSERT_EQ(RangeTree::next(first), after == model.end() ? nullptr : after->second);
    }
    const auto until = model.upper_bound(look);
    ASSERT_EQ(tree.last_until(look), until == model.begin() ? nullptr : std::prev(until)->second);
    ASSERT_EQ(tree.holder_of(look), model.contains(look) ? model[look] : nullptr);
  }
  RangeNode* root = tree.first();
  while (root->parent != nullptr) root = root->parent;
  EXPECT_LT(check_links(root), 60u);
}

}  // namespace
}  // namespace cairn::kernel
