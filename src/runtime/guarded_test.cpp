// Tests the runtime's mutex: mutual exclusion, and that a waiting thread uses no CPU time.
#include "runtime/guarded.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include <thread>
#include <vector>

namespace cairn::runtime {
namespace {

TEST(Guarded, OneThreadAtATime) {
  Guarded<uint64_t, LockRank::type_registry> count(0);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20'000; ++k) count.with([](uint64_t& value) { ++value; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count.with([](uint64_t& value) { return value; }), 80'000U);
}

TEST(Guarded, WhoWaitsSleeps) {
  constexpr long kHeldMilliseconds = 300;
  Guarded<int, LockRank::type_registry> guarded(0);
  std::atomic<bool> is_held = false;
  std::thread holder([&] {
    guarded.with([&](int&) {
      is_held = true;
      timespec time{0, kHeldMilliseconds * 1'000'000};
      nanosleep(&time, nullptr);
    });
  });
  while (!is_held) std::this_thread::yield();
  const auto thread_milliseconds = [] {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1'000'000;
  };
  const long before = thread_milliseconds();
  guarded.with([](int&) {});
  EXPECT_LT(thread_milliseconds() - before, kHeldMilliseconds / 10);
  holder.join();
}

}  // namespace
}  // namespace cairn::runtime
