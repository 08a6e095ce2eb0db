// A hash table of the fibers that wait in park() (scheduler.hpp). The key is the address of the word for which a fiber
// waits.
//
// Adding and removing take constant time and allocate nothing. The table has no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"

namespace cairn::kernel {

using ParkWord = std::atomic<uint32_t>;

// The part of a fiber that stands in the table.
struct ParkNode {
  const ParkWord* word = nullptr;  // null: not in the table
  uint64_t number = 0;             // the number of this wait among all waits: a higher one began later
  ParkNode* next = nullptr;
  ParkNode* previous = nullptr;
};

class Parked {
 public:
  // Adds a node that is not in the table.
  void add(ParkNode& node, const ParkWord& word) {
    CAIRN_ASSERT(node.word == nullptr);
    ParkNode*& first = list(word);
    node = {.word = &word, .number = ++count_, .next = first, .previous = nullptr};
    if (first != nullptr) first->previous = &node;
    first = &node;
  }

  void remove(ParkNode& node) {
    CAIRN_ASSERT(node.word != nullptr);
    (node.previous != nullptr ? node.previous->next : list(*node.word)) = node.next;
    if (node.next != nullptr) node.next->previous = node.previous;
    node.word = nullptr;
  }

  // Returns a node that waits for this word, or null. Only the word's address is used.
  ParkNode* find(const ParkWord& word) {
    ParkNode* node = list(word);
    while (node != nullptr && node->word != &word) node = node->next;
    return node;
  }

  // Returns a node for which `is_wanted(node)` holds, or null. Takes time in proportion to the number of nodes.
  template <class F>
  ParkNode* find_if(F&& is_wanted) const {
    for (ParkNode* node : lists_) {
      for (; node != nullptr; node = node->next) {
        if (is_wanted(*node)) return node;
      }
    }
    return nullptr;
  }

  // Returns the node whose wait began first, or null. Takes time in proportion to the number of nodes.
  [[nodiscard]] ParkNode* longest() const {
    ParkNode* longest = nullptr;
    for (ParkNode* node : lists_) {
      for (; node != nullptr; node = node->next) {
        if (longest == nullptr || node->number < longest->number) longest = node;
      }
    }
    return longest;
  }

 private:
  static constexpr unsigned kListBits = 6;

  ParkNode*& list(const ParkWord& word) {
    const uint64_t hash = reinterpret_cast<uintptr_t>(&word) * 0x9e37'79b9'7f4a'7c15;
    return lists_[hash >> (64 - kListBits)];
  }

  std::array<ParkNode*, size_t{1} << kListBits> lists_{};
  uint64_t count_ = 0;  // the number of waits so far
};

}  // namespace cairn::kernel
