#include "kernel/time/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

namespace cairn::kernel {
namespace {

constexpr uint64_t kGranule = uint64_t{1} << TimerWheel::kGranuleBits;

TEST(TimerWheel, NothingIsDueWhenNothingIsArmed) {
  TimerWheel wheel;
  EXPECT_EQ(wheel.next_event(), TimerWheel::kNever);
  EXPECT_EQ(wheel.expire(TimerWheel::kNever), nullptr);
}

TEST(TimerWheel, EndsAtTheDeadlineAndNotBefore) {
  for (const uint64_t deadline : {uint64_t{0}, uint64_t{1}, kGranule - 1, kGranule, kGranule + 1, uint64_t{1} << 40,
                                  (uint64_t{1} << 61) + 5, TimerWheel::kFarthest - 1}) {
    TimerWheel wheel;
    Timer timer;
    wheel.arm(timer, deadline);
    if (deadline != 0) EXPECT_EQ(wheel.expire(deadline - 1), nullptr) << deadline;
    EXPECT_TRUE(timer.is_armed());
    EXPECT_LE(wheel.next_event(), deadline + kGranule) << deadline;
    EXPECT_EQ(wheel.expire(deadline + kGranule), &timer) << deadline;
    EXPECT_FALSE(timer.is_armed());
    EXPECT_EQ(wheel.count(), 0U);
  }
}

// Guests that want to wait for ever ask for the last times of all; their timers end at kFarthest.
TEST(TimerWheel, TheFarthestDeadlinesAreFarAway) {
  for (const uint64_t deadline : {TimerWheel::kNever, TimerWheel::kNever - 1, TimerWheel::kNever - kGranule}) {
    TimerWheel wheel;
    Timer timer;
    wheel.arm(timer, deadline);
    EXPECT_GE(wheel.next_event(), TimerWheel::kFarthest / 2);
    EXPECT_EQ(wheel.expire(TimerWheel::kFarthest - 1), nullptr);
    EXPECT_NE(wheel.next_event(), TimerWheel::kNever);
    EXPECT_EQ(wheel.expire(TimerWheel::kFarthest), &timer);
  }
}

TEST(TimerWheel, DeadlinesInThePastEndAtOnce) {
  TimerWheel wheel;
  Timer timer;
  EXPECT_EQ(wheel.expire(uint64_t{1} << 50), nullptr);
  wheel.arm(timer, 5);
  EXPECT_LE(wheel.next_event(), uint64_t{1} << 50);
  EXPECT_EQ(wheel.expire(uint64_t{1} << 50), &timer);
}

// A CPU that sleeps until next_event() each time wakes up a bounded number of times for a timer, however far away.
TEST(TimerWheel, AFarTimerCostsFewWakeups) {
  TimerWheel wheel;
  Timer timer;
  uint64_t now = 12'345;
  EXPECT_EQ(wheel.expire(now), nullptr);
  wheel.arm(timer, (uint64_t{1} << 61) + 987'654'321);
  int wakeups = 0;
  for (;; ++wakeups) {
    ASSERT_GT(wheel.next_event(), now);
    now = wheel.next_event();
    if (wheel.expire(now) != nullptr) break;
  }
  EXPECT_LE(wakeups, 9);
  EXPECT_LT(now - timer.deadline(), kGranule);
}

// Arms and disarms timers at random, while time goes on in small and large steps, and compares with a sorted map.
TEST(TimerWheel, AgreesWithASortedMap) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    TimerWheel wheel;
    std::vector<std::unique_ptr<Timer>> timers;
    for (uint32_t i = 0; i < 1 + seed % 40; ++i) timers.push_back(std::make_unique<Timer>());
    std::multimap<uint64_t, Timer*> model;
    std::map<const Timer*, uint64_t> effective;  // the deadline, or when it was armed if that was later
    const auto forget = [&](Timer& timer) {
      auto [first, last] = model.equal_range(timer.deadline());
      while (first != last && first->second != &timer) ++first;
      ASSERT_NE(first, last);
      model.erase(first);
    };
    // Distances of all magnitudes, so that every level and every border between levels is met.
    const auto distance = [&] { return random() >> (4 + random() % 60); };
    uint64_t now = random() >> 20;
    for (int step = 0; step < 2000; ++step) {
      Timer& timer = *timers[random() % timers.size()];
      switch (random() % 4) {
        case 0:
        case 1:
          if (timer.is_armed()) break;
          wheel.arm(timer, random() % 16 == 0 ? now - std::min(now, distance()) : now + distance());
          model.emplace(timer.deadline(), &timer);
          effective[&timer] = std::max(timer.deadline(), now);
          break;
        case 2:
          if (!timer.is_armed()) break;
          forget(timer);
          wheel.disarm(timer);
          break;
        default: {
          const uint64_t event = wheel.next_event();
          ASSERT_EQ(event == TimerWheel::kNever, model.empty());
          if (!model.empty()) ASSERT_LE(event, std::max(now, model.begin()->first + kGranule)) << seed;
          // Time goes on to the event exactly, or by a random distance.
          now = random() % 2 == 0 && event != TimerWheel::kNever ? std::max(now, event)
                                                                 : now + distance() % (kGranule * 9999);
          uint64_t last_end = 0;
          while (Timer* const ended = wheel.expire(now)) {
            ASSERT_LE(ended->deadline(), now) << seed;
            ASSERT_FALSE(ended->is_armed());
            const uint64_t end = effective[ended] / kGranule;
            ASSERT_GE(end + 1, last_end) << "not in order, seed " << seed;
            last_end = std::max(last_end, end);
            forget(*ended);
          }
          for (const auto& [deadline, armed] : model) ASSERT_GT(deadline + kGranule, now) << seed;
        }
      }
      ASSERT_EQ(wheel.count(), model.size());
    }
    for (const auto& timer : timers) {
      if (timer->is_armed()) wheel.disarm(*timer);
    }
    EXPECT_EQ(wheel.next_event(), TimerWheel::kNever);
  }
}

}  // namespace
}  // namespace cairn::kernel
