// The fibers that are ready to run, the one with the least virtual time first: a leftist heap ordered by virtual time.
//
// A fiber's virtual time is the CPU time that it has had, divided by its weight. The floor is the least virtual time of
// the fibers that run or are ready, and never decreases. Time that a fiber spent waiting does not count in its favour
// beyond kCredit: a fiber that enters the queue is put at most kCredit below the floor. So it runs soon, but cannot
// catch up on hours of waiting.
//
// Adding and taking take O(log n) steps whatever the heap's shape, allocate nothing and do not recurse. The queue has
// no lock.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/assert.hpp"

namespace cairn::kernel {

// The scheduler's view of a fiber, and a node of the queue.
struct RunNode {
  uint64_t virtual_time = 0;  // nanoseconds on the CPU, divided by the weight
  uint64_t weight = 1;        // at least 1

  // The node's place in the heap.
  RunNode* parent = nullptr;
  RunNode* left = nullptr;
  RunNode* right = nullptr;
  uint32_t distance = 0;  // the number of nodes on the right spine that begins here; 0: the node is in no queue

  // Accounts for `nanoseconds` on a CPU. The node must not be in a queue.
  void charge(uint64_t nanoseconds) { virtual_time += nanoseconds / weight; }
};

class RunQueue {
 public:
  // How far below the floor a node may enter the queue, in nanoseconds of virtual time.
  static constexpr uint64_t kCredit = 2'000'000;

  // Adds a node that is in no queue.
  void add(RunNode& node) {
    CAIRN_ASSERT(node.distance == 0);
    node.virtual_time = std::max(node.virtual_time, floor_ - std::min(floor_, kCredit));
    node.distance = 1;
    root_ = merge(root_, &node);
    ++count_;
  }

  // Takes out the node with the least virtual time; null when the queue is empty.
  RunNode* take() {
    RunNode* const node = root_;
    if (node == nullptr) return nullptr;
    for (RunNode* const child : {node->left, node->right}) {
      if (child != nullptr) child->parent = nullptr;
    }
    root_ = merge(node->left, node->right);
    node->parent = node->left = node->right = nullptr;
    node->distance = 0;
    floor_ = std::max(floor_, node->virtual_time);
    --count_;
    return node;
  }

  // Raises the floor to the least virtual time of the fibers that run or are ready, unless the floor is higher already.
  // `running` is the least virtual time of the fibers that run, which are in no queue.
  void advance(uint64_t running) {
    floor_ = std::max(floor_, root_ == nullptr ? running : std::min(running, root_->virtual_time));
  }

  [[nodiscard]] const RunNode* first() const { return root_; }
  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] uint64_t floor() const { return floor_; }

 private:
  static uint32_t distance_of(const RunNode* node) { return node == nullptr ? 0 : node->distance; }

  // Merges the right spines of two heaps, from the roots down. Then restores the invariant of leftist heaps, from the
  // lowest changed node up: no right child has a greater distance than its left sibling.
  static RunNode* merge(RunNode* a, RunNode* b) {
    RunNode* root = nullptr;
    RunNode* lowest = nullptr;
    while (a != nullptr || b != nullptr) {
      if (a == nullptr || (b != nullptr && b->virtual_time < a->virtual_time)) std::swap(a, b);
      // `a` is next on the merged spine.
      a->parent = lowest;
      (lowest == nullptr ? root : lowest->right) = a;
      lowest = a;
      if (b == nullptr) break;
      a = a->right;
    }
    for (RunNode* node = lowest; node != nullptr; node = node->parent) {
      if (distance_of(node->left) < distance_of(node->right)) std::swap(node->left, node->right);
      node->distance = distance_of(node->right) + 1;
    }
    return root;
  }

  RunNode* root_ = nullptr;
  uint64_t count_ = 0;
  uint64_t floor_ = 0;
};

}  // namespace cairn::kernel
