// Tests locked data: mutual exclusion, the list of held locks, and the checks of ranks.
#include "base/sync/locked.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/sync/spin_lock.hpp"

namespace cairn {
namespace {

template <LockRank kRank>
using Spinning = Locked<uint64_t, SpinLock, kRank>;

TEST(Locked, OneThreadAtATime) {
  Spinning<LockRank::heap> count(0U);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20'000; ++k) count.with([](uint64_t& value) { ++value; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count.with([](uint64_t& value) { return value; }), 80'000U);
  EXPECT_TRUE(held_locks().empty());
}

TEST(Locked, KnowsWhichAreHeld) {
  Locked<int, SpinLock, LockRank::type_registry> outer(1);
  Spinning<LockRank::heap> inner(2U);
  outer.with([&](int&) {
    EXPECT_FALSE(held_locks().has_spin_lock());
    inner.with([](uint64_t&) { EXPECT_TRUE(held_locks().has_spin_lock()); });
    EXPECT_FALSE(held_locks().has_spin_lock());
  });
  EXPECT_TRUE(held_locks().empty());
}

TEST(LockedDeathTest, AgainstTheOrderOfRanks) {
  Spinning<LockRank::heap> heap(0U);
  Spinning<LockRank::frames> frames(0U);
  EXPECT_DEATH(frames.with([&](uint64_t&) { heap.with([](uint64_t&) {}); }), "ranks_");
}

TEST(LockedDeathTest, TwiceByOneThread) {
  Spinning<LockRank::heap> heap(0U);
  EXPECT_DEATH(heap.with([&](uint64_t&) { heap.with([](uint64_t&) {}); }), "ranks_");
}

}  // namespace
}  // namespace cairn
