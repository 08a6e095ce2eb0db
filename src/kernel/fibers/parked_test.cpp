#include "kernel/fibers/parked.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace cairn::kernel {
namespace {

// Does random operations on a table, and compares it with a list of the nodes in the order in which their waits began.
// There are more words than lists, so that words share lists, and more nodes than words, so that nodes share words.
TEST(Parked, AgreesWithAList) {
  std::vector<ParkWord> words(150);
  std::array<ParkNode, 200> nodes;
  std::vector<ParkNode*> model;
  Parked parked;
  std::mt19937 random(1);
  for (int step = 0; step < 50'000; ++step) {
    ParkNode& node = nodes[random() % nodes.size()];
    const ParkWord& word = words[random() % words.size()];
    switch (random() % 4) {
      case 0:
        if (node.word != nullptr) break;
        parked.add(node, word);
        model.push_back(&node);
        break;
      case 1:
        if (node.word == nullptr) break;
        parked.remove(node);
        std::erase(model, &node);
        break;
      case 2: {  // wake all
        size_t woken = 0;
        for (; ParkNode* const found = parked.find(word); ++woken) {
          ASSERT_EQ(found->word, &word);
          parked.remove(*found);
        }
        ASSERT_EQ(woken, std::erase_if(model, [&](const ParkNode* n) { return n->word == nullptr; }));
        ASSERT_TRUE(std::ranges::none_of(model, [&](const ParkNode* n) { return n->word == &word; }));
        break;
      }
      default: ASSERT_EQ(parked.longest(), model.empty() ? nullptr : model.front()); break;
    }
  }
}

}  // namespace
}  // namespace cairn::kernel
