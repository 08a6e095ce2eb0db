#include "base/allowance.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

namespace cairn {
namespace {

TEST(Limits, TableIsInOrder) {
  for (const LimitKind& kind : kLimitKinds) {
    EXPECT_EQ(find_limit(kind.name), &kind);
    EXPECT_LE(kind.least, kind.most);
    EXPECT_TRUE(kind.standard == kNoLimit || (kind.standard >= kind.least && kind.standard <= kind.most)) << kind.name;
    Limits limits;
    EXPECT_FALSE(limits.is_given(kind.limit));
    EXPECT_EQ(limits[kind.limit], kind.standard);
    for (const uint64_t value : {kind.least, kind.most}) {
      limits.set(kind.limit, value);
      Limits read;
      EXPECT_TRUE(read.decode(limits.encode(kind.limit)));
      EXPECT_EQ(read, limits);
    }
  }
  EXPECT_EQ(find_limit("colors"), nullptr);
}

TEST(Allowance, NamesWhatWasGivenAndRefused) {
  Limits limits;
  limits.set(Limit::fibers, 2);
  limits.set(Limit::gc_heap, uint64_t{8} << 20);
  Allowances all(limits);
  EXPECT_TRUE(all[Limit::fibers].try_take(2));
  EXPECT_EQ(all.describe_refusals(), "");
  EXPECT_FALSE(all[Limit::fibers].try_take(1));
  EXPECT_EQ(all[Limit::fibers].used(), 2u);
  EXPECT_FALSE(all[Limit::descriptors].try_take(5000));  // nobody gave this limit, so nobody is told of it
  all[Limit::gc_heap].note_refusal();
  EXPECT_EQ(all.describe_refusals(),
            "cairn: the program has reached its limit of 8 MiB of managed objects\n"
            "cairn: the program has reached its limit of 2 threads\n");
  all.forget_refusals();
  EXPECT_EQ(all.describe_refusals(), "");
}

TEST(Allowance, NeverExceedsItsLimit) {
  constexpr uint64_t kLimit = 1000;
  Allowance allowance(kLimit);
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::minstd_rand random(seed);
      uint64_t held = 0;
      for (int round = 0; round < 20'000; ++round) {
        const uint64_t amount = random() % 400;
        if (random() % 2 == 0) {
          if (allowance.try_take(amount)) held += amount;
        } else if (held >= amount) {
          allowance.give_back(amount);
          held -= amount;
        }
        EXPECT_LE(held, kLimit);
        EXPECT_LE(allowance.used(), kLimit);
      }
      allowance.give_back(held);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allowance.used(), 0u);
  EXPECT_TRUE(allowance.try_take(kLimit));
  EXPECT_FALSE(allowance.try_take(~uint64_t{0}));
  EXPECT_TRUE(allowance.has_refused());
}

}  // namespace
}  // namespace cairn
