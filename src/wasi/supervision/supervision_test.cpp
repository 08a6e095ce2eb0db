#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "wasi/fake_system.hpp"
#include "wasi/supervision/supervise.hpp"
#include "wasi/supervision/system_outcome.hpp"

namespace cairn::wasi {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;

std::optional<uint64_t> milliseconds(std::optional<uint64_t> time) {
  return time ? std::optional(*time / kMillisecond) : std::nullopt;
}

TEST(RestartDelays, DoubleUpToTheLongest) {
  RestartDelays delays(Restart::always);
  for (const uint64_t wanted : {100, 200, 400, 800, 1600, 3200, 6400, 10'000, 10'000, 10'000}) {
    EXPECT_EQ(milliseconds(delays.after(EndKind::failure, 0)), wanted);
  }
}

TEST(RestartDelays, AGoodRunMakesTheNextDelayShort) {
  RestartDelays delays(Restart::on_failure);
  EXPECT_EQ(milliseconds(delays.after(EndKind::failure, 0)), 100);
  EXPECT_EQ(milliseconds(delays.after(EndKind::failure, RestartDelays::kGoodRun - 1)), 200);
  EXPECT_EQ(milliseconds(delays.after(EndKind::failure, RestartDelays::kGoodRun)), 100);
  EXPECT_EQ(milliseconds(delays.after(EndKind::failure, 0)), 200);
}

TEST(RestartDelays, ThePolicyDecides) {
  for (const EndKind end : {EndKind::success, EndKind::failure, EndKind::hopeless, EndKind::killed, EndKind::stopped}) {
    const bool restarts_always = end == EndKind::success || end == EndKind::failure;
    EXPECT_FALSE(RestartDelays(Restart::never).after(end, 0).has_value());
    EXPECT_EQ(RestartDelays(Restart::on_failure).after(end, 0).has_value(), end == EndKind::failure);
    EXPECT_EQ(RestartDelays(Restart::always).after(end, 0).has_value(), restarts_always);
  }
}

TEST(ProgramEnd, OnlyWhatMayPassIsWorthAnotherAttempt) {
  const auto end_of = [](Result<ProgramResult> result) {
    return program_end({.result = std::move(result), .time_end = std::nullopt, .message = {}});
  };
  const auto of = [&](ErrorKind kind) { return end_of(fail(Error::of(kind, ""))).kind; };
  EXPECT_EQ(of(ErrorKind::resource), EndKind::failure);
  EXPECT_EQ(of(ErrorKind::limit), EndKind::failure);
  EXPECT_EQ(of(ErrorKind::io), EndKind::failure);
  EXPECT_EQ(of(ErrorKind::malformed), EndKind::hopeless);
  EXPECT_EQ(of(ErrorKind::link), EndKind::hopeless);
  EXPECT_EQ(end_of(ProgramResult{0, "", std::nullopt}).kind, EndKind::success);
  EXPECT_EQ(end_of(ProgramResult{0x101, "", std::nullopt}).status, 1);
}

TEST(Supervise, WaitsBetweenRunsAndStopsAtTheFirstSuccess) {
  FakeSystem system;
  std::vector<uint64_t> starts;
  int notes = 0;
  const ProgramEnd end = supervise(
      system, Restart::on_failure,
      [&] {
        starts.push_back(system.time);
        system.time += kMillisecond;
        return starts.size() < 4 ? ProgramEnd{EndKind::failure, 3} : ProgramEnd{EndKind::success, 0};
      },
      [&](const ProgramEnd&, std::optional<uint64_t> delay) {
        ++notes;
        EXPECT_EQ(delay.has_value(), starts.size() < 4);
      },
      [&](uint64_t delay) {
        system.time += delay;
        return true;
      });
  EXPECT_EQ(end.kind, EndKind::success);
  EXPECT_EQ(notes, 4);
  ASSERT_EQ(starts.size(), 4U);
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(starts[i] - starts[i - 1], (1 + (uint64_t{50} << i)) * kMillisecond);
}

TEST(Supervise, EndsWhenItIsKilledBetweenTwoRuns) {
  FakeSystem system;
  int runs = 0, waits = 0;
  const ProgramEnd end = supervise(
      system, Restart::always, [&] { return ProgramEnd{EndKind::failure, ++runs}; },
      [](const ProgramEnd&, std::optional<uint64_t>) {}, [&](uint64_t) { return ++waits < 3; });
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(end.status, 3);
}

TEST(SystemOutcome, EndsWithItsMainProgram) {
  SystemOutcome outcome(3, 1);
  outcome.note_end(0, 9);
  EXPECT_FALSE(outcome.has_ended());
  outcome.note_end(1, 4);
  EXPECT_TRUE(outcome.has_ended());
  EXPECT_EQ(outcome.status(), 4);
  outcome.note_end(2, 7);
  EXPECT_EQ(outcome.status(), 4);
}

// Whatever the order of the ends is, the status is that of the first program that failed.
TEST(SystemOutcome, WithoutAMainProgramAllHaveToEnd) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<int> statuses(1 + random() % 6);
    std::vector<uint32_t> order;
    for (int& status : statuses) {
      status = random() % 3 == 0 ? static_cast<int>(random() % 256) : 0;
      order.push_back(static_cast<uint32_t>(order.size()));
    }
    std::ranges::shuffle(order, random);
    SystemOutcome outcome(static_cast<uint32_t>(statuses.size()), std::nullopt);
    for (const uint32_t program : order) {
      EXPECT_FALSE(outcome.has_ended());
      outcome.note_end(program, statuses[program]);
    }
    EXPECT_TRUE(outcome.has_ended());
    const auto failed = std::ranges::find_if(statuses, [](int status) { return status != 0; });
    EXPECT_EQ(outcome.status(), failed == statuses.end() ? 0 : *failed);
  }
}

}  // namespace
}  // namespace cairn::wasi
