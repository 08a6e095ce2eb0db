#include "kernel/fibers/watchdog.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cairn::kernel {
namespace {

using Dog = Watchdog<4>;

constexpr uint64_t kMs = 1'000'000;

TEST(Watchdog, FindsACpuThatIsLateForTwoSeconds) {
  Dog dog;
  const uint64_t due = 5'000 * kMs;
  std::optional<size_t> lost;
  uint64_t now = 0;
  for (; !lost && now < 20'000 * kMs; now = dog.next_look())
    lost = dog.look(now, 4, [&](size_t i) { return i == 2 ? due : Dog::kNever; });
  EXPECT_EQ(lost, 2u);
  EXPECT_GE(now - due, 2'000 * kMs);
  EXPECT_LE(now - due, 4'000 * kMs);
}

TEST(Watchdog, ForgetsWhenTheCpuTakesItsInterruptOrTheMachineWasStopped) {
  Dog dog;
  std::mt19937 random(1);
  uint64_t now = 10'000 * kMs, late_since = now;
  for (int i = 0; i < 20'000; ++i) {
    // After four looks at most, either the CPU requests another interrupt, or nobody looks for more than a second.
    const auto due = [&](size_t cpu) { return cpu == 0 ? late_since : now + kMs; };
    ASSERT_EQ(dog.look(now, 2, due), std::nullopt);
    now = dog.next_look() + random() % (400 * kMs);
    if (i % 4 != 3) continue;
    if (random() % 2 == 0) {
      late_since = now;
    } else {
      now += 1'100 * kMs;
    }
  }
}

}  // namespace
}  // namespace cairn::kernel
