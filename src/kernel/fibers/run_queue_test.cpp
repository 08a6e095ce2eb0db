#include "kernel/fibers/run_queue.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace cairn::kernel {
namespace {

TEST(RunQueue, GivesNothingWhenEmpty) {
  RunQueue queue;
  EXPECT_EQ(queue.take(), nullptr);
  EXPECT_EQ(queue.count(), 0U);
}

// Adds and takes nodes at random, and compares with a sorted map. A node must be taken exactly when its virtual time is
// the least.
TEST(RunQueue, AgreesWithASortedMap) {
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 random(seed);
    RunQueue queue;
    std::vector<RunNode> nodes(1 + seed % 50);
    std::multimap<uint64_t, RunNode*> model;
    uint64_t floor = 0;
    for (int step = 0; step < 3000; ++step) {
      RunNode& node = nodes[random() % nodes.size()];
      if (random() % 2 == 0) {
        if (node.distance != 0) continue;
        node.weight = 1 + random() % 8;
        const uint64_t before = node.virtual_time;
        const uint64_t nanoseconds = random() >> (20 + random() % 40);
        node.charge(nanoseconds);
        ASSERT_EQ(node.virtual_time, before + nanoseconds / node.weight);
        const uint64_t expected =
            std::max(node.virtual_time, floor > RunQueue::kCredit ? floor - RunQueue::kCredit : 0);
        queue.add(node);
        ASSERT_EQ(node.virtual_time, expected);
        model.emplace(expected, &node);
      } else {
        RunNode* const taken = queue.take();
        ASSERT_EQ(taken == nullptr, model.empty());
        if (taken == nullptr) continue;
        ASSERT_EQ(taken->virtual_time, model.begin()->first) << "seed " << seed;
        floor = std::max(floor, taken->virtual_time);
        auto [first, last] = model.equal_range(taken->virtual_time);
        while (first != last && first->second != taken) ++first;
        ASSERT_NE(first, last);
        model.erase(first);
      }
      ASSERT_EQ(queue.count(), model.size());
      ASSERT_EQ(queue.floor(), floor);
    }
  }
}

// The number of nodes on the right spine, which bounds the work of adding and taking.
uint32_t spine(const RunNode* node) {
  uint32_t length = 0;
  for (; node != nullptr; node = node->right) ++length;
  return length;
}

// In a leftist heap of n nodes, the right spine has at most log2(n + 1) nodes: fewer than 13 for 4096 nodes.
TEST(RunQueue, SpinesStayShort) {
  for (const int order : {1, -1}) {
    RunQueue queue;
    std::vector<RunNode> nodes(4096);
    for (size_t i = 0; i < nodes.size(); ++i) {
      nodes[i].virtual_time = order > 0 ? i : nodes.size() - i;
      queue.add(nodes[i]);
      ASSERT_LE(spine(queue.first()), 13U);
    }
    while (queue.take() != nullptr) ASSERT_LE(spine(queue.first()), 13U);
  }
}

// Runs the nodes in slices of random length, in the order of the queue, and returns the time that each has had.
std::vector<uint64_t> simulate(std::vector<RunNode>& nodes, uint64_t total, uint32_t seed) {
  std::mt19937_64 random(seed);
  RunQueue queue;
  std::vector<uint64_t> had(nodes.size());
  for (RunNode& node : nodes) queue.add(node);
  for (uint64_t time = 0; time < total;) {
    RunNode* const node = queue.take();
    const uint64_t slice = 1'000'000 + random() % 1'000'000;
    node->charge(slice);
    had[static_cast<size_t>(node - nodes.data())] += slice;
    time += slice;
    queue.add(*node);
  }
  return had;
}

TEST(RunQueue, EqualFibersGetEqualTime) {
  std::vector<RunNode> nodes(7);
  for (const uint64_t had : simulate(nodes, 7'000'000'000, 1)) EXPECT_NEAR(static_cast<double>(had), 1e9, 1e9 * 0.01);
}

TEST(RunQueue, SharesAreKept) {
  std::vector<RunNode> nodes(2);
  nodes[0].weight = 3;
  const std::vector<uint64_t> had = simulate(nodes, 4'000'000'000, 2);
  EXPECT_NEAR(static_cast<double>(had[0]) / static_cast<double>(had[1]), 3.0, 0.05);
}

// A new fiber does not starve a fiber that has run alone for an hour.
TEST(RunQueue, NewFibersDoNotStarveOldOnes) {
  RunQueue queue;
  RunNode old, young;
  old.charge(3'600'000'000'000);
  queue.advance(old.virtual_time);
  queue.add(young);
  EXPECT_GE(young.virtual_time + RunQueue::kCredit, old.virtual_time);
  queue.add(old);
  uint64_t had = 0;
  while (queue.first() == &young) {
    queue.take();
    young.charge(1'000'000);
    had += 1'000'000;
    queue.add(young);
  }
  EXPECT_LE(had, RunQueue::kCredit + 1'000'000);
}

TEST(RunQueue, TheFloorIsTheLeastOfThoseThatWantToRun) {
  RunQueue queue;
  RunNode node;
  node.virtual_time = 500;
  queue.add(node);
  queue.advance(900);
  EXPECT_EQ(queue.floor(), 500U);
  queue.advance(300);
  EXPECT_EQ(queue.floor(), 500U);
}

// A fiber that waited for an hour runs next when it wakes up, and then shares fairly instead of catching up.
TEST(RunQueue, WaitingEarnsASoonStartAndNoMore) {
  RunQueue queue;
  RunNode busy, sleeper;
  queue.add(busy);
  for (int i = 0; i < 3'600'000; ++i) {
    queue.take();
    busy.charge(1'000'000);
    queue.add(busy);
  }
  queue.add(sleeper);
  uint64_t alone = 0;
  while (queue.first() == &sleeper) {
    queue.take();
    sleeper.charge(1'000'000);
    alone += 1'000'000;
    queue.add(sleeper);
  }
  EXPECT_GT(alone, 0U);
  EXPECT_LE(alone, RunQueue::kCredit + 2'000'000);
}

}  // namespace
}  // namespace cairn::kernel
