#include "kernel/time/calibration.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cairn::kernel {
namespace {

// A simulated host that by turns runs the emulator and something else. Times are in nanoseconds. Every reading of a
// counter takes time, during which the host may stop the emulator, too.
class Host {
 public:
  Host(uint64_t seed, double load) : random_(seed), load_(load) { schedule(); }

  [[nodiscard]] double now() const { return now_; }
  // Lets the emulator run for this time, not counting the times for which it is stopped in between.
  void work(double nanoseconds) {
    while (nanoseconds > left_) {
      now_ += left_;
      nanoseconds -= left_;
      now_ += std::exponential_distribution<double>(1 / (kSlice * load_ + 1))(random_);
      schedule();
    }
    now_ += nanoseconds;
    left_ -= nanoseconds;
  }
  double between(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }

 private:
  static constexpr double kSlice = 3e6;  // the mean of the emulator's usual run times
  // Chooses how long the emulator runs until it is stopped. Now and then it is stopped almost at once.
  void schedule() {
    left_ =
        load_ == 0 ? 1e18 : std::exponential_distribution<double>(1 / (between(0, 1) < 0.2 ? 2e3 : kSlice))(random_);
  }

  std::mt19937_64 random_;
  double load_;  // the time for which the emulator is stopped, divided by the time for which it runs
  double now_ = 0;
  double left_ = 0;  // the time until the emulator is stopped
};

struct SimulatedTicks {
  Host* host;
  double rate;
  uint64_t operator()() const {
    host->work(host->between(20, 60));
    const auto value = static_cast<uint64_t>(host->now() * rate / 1e9);
    host->work(host->between(20, 60));
    return value;
  }
};

struct SimulatedReference {
  Host* host;
  uint64_t rate;  // counts per second, as the calibration is told
  uint64_t mask;
  bool stops;        // whether the counter stops at `mask` instead of wrapping around
  double real_rate;  // counts per second, as the counter really counts
  double start = 0;

  void restart() { start = stops ? host->now() : 0; }
  std::optional<uint64_t> read() {
    host->work(host->between(100, 1500));
    const auto count = static_cast<uint64_t>((host->now() - start) * real_rate / 1e9);
    host->work(host->between(100, 1500));
    if (stops && count >= mask) return std::nullopt;
    return count & mask;
  }
};

struct Outcome {
  unsigned unknown = 0;  // the number of calibrations without a result
  double worst = 0;      // the largest error of a result, as a fraction of the right rate
};

Outcome calibrate(uint64_t reference_rate, uint64_t mask, bool stops, double load) {
  Outcome outcome;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    Host host(seed, load);
    host.work(host.between(0, 1e8));
    const double rate = host.between(0.8e9, 5e9);
    SimulatedReference reference{&host, reference_rate, mask, stops, static_cast<double>(reference_rate)};
    const auto measured = Calibration(SimulatedTicks{&host, rate}, reference).run();
    if (!measured) {
      ++outcome.unknown;
      continue;
    }
    outcome.worst = std::max(outcome.worst, std::abs(static_cast<double>(*measured) / rate - 1));
  }
  return outcome;
}

// The rates, in counts per second, of the local APIC's timer, ACPI's power management timer, the HPET and the interval
// timer.
constexpr uint64_t kApic = 1'000'000'000, kPowerTimer = 3'579'545, kHpet = 100'000'000, kIntervalTimer = 1'193'182;

TEST(Calibration, IsRightOnAnIdleHost) {
  for (const uint64_t rate : {kApic, kPowerTimer, kHpet, kIntervalTimer}) {
    const Outcome outcome = calibrate(rate, rate == kIntervalTimer ? 0xffff : 0xff'ffff, rate == kApic, 0);
    EXPECT_EQ(outcome.unknown, 0u) << rate;
    EXPECT_LT(outcome.worst, 0.005) << rate;
  }
}

TEST(Calibration, IsNeverMoreThanAPerCentWrongUnderLoad) {
  for (const double load : {1.0, 3.0, 10.0}) {
    for (const uint64_t rate : {kApic, kPowerTimer, kHpet}) {
      const Outcome outcome = calibrate(rate, rate == kPowerTimer ? 0xff'ffff : 0xffff'ffff, rate == kApic, load);
      EXPECT_EQ(outcome.unknown, 0u) << rate << " load " << load;
      EXPECT_LT(outcome.worst, 0.01) << rate << " load " << load;
    }
  }
}

// The interval timer wraps around every 55 ms; the emulator is often stopped for longer.
TEST(Calibration, NoticesWhenTheReferenceWrapsAround) {
  const Outcome outcome = calibrate(kIntervalTimer, 0xffff, false, 20);
  EXPECT_LT(outcome.unknown, 20u);
  EXPECT_LT(outcome.worst, 0.02);
}

TEST(Calibration, GivesUpOnAReferenceThatDoesNotCount) {
  Host host(1, 0);
  SimulatedReference reference{&host, kHpet, 0xffff'ffff, false, 0};
  EXPECT_EQ(Calibration(SimulatedTicks{&host, 3e9}, reference).run(), std::nullopt);
  SimulatedReference ended{&host, kApic, 100, true, 1e9};
  EXPECT_EQ(Calibration(SimulatedTicks{&host, 3e9}, ended).run(), std::nullopt);
}

TEST(Calibration, ASecondOpinionDecides) {
  const std::optional<uint64_t> none;
  EXPECT_EQ(choose_rate({none, none}), std::nullopt);
  EXPECT_EQ(choose_rate({none, 5}), 5u);
  EXPECT_EQ(choose_rate({1000, 1015}), 1000u);
  EXPECT_EQ(choose_rate({1000, 2000}), 1000u);
  EXPECT_EQ(choose_rate({1000, 2000, 2010}), 2000u);
  EXPECT_EQ(choose_rate({1000, none, 17'000, 1001}), 1000u);
}

}  // namespace
}  // namespace cairn::kernel
