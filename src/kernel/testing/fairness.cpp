#include "kernel/testing/fairness.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "kernel/devices/console.hpp"
#include "kernel/fibers/cpus.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/testing/guest_system.hpp"
#include "kernel/testing/testing.hpp"
#include "kernel/time/clock.hpp"

namespace cairn::kernel {
namespace {

constexpr std::string_view kLoop = R"((module (memory (export "memory") 1) (func (export "_start") (loop (br 0)))))";

// How long programs run before their times are measured, and how long they are measured, in nanoseconds.
constexpr uint64_t kLead = 50'000'000, kSecond = 1'000'000'000;

// Starts a looping program for each weight, and waits until they loop. Returns null if one does not start.
std::unique_ptr<GuestSystem> start_loops(const std::vector<uint64_t>& weights) {
  auto loops = GuestSystem::create(std::string(kLoop));
  if (!loops) return nullptr;
  bool all_start = true;
  for (size_t i = 0; i < weights.size(); ++i) {
    all_start &= loops->start(weights[i]);
    if (i == 0) sleep_until(nanoseconds_since_boot() + kLead);  // the first program compiles the module
  }
  sleep_until(nanoseconds_since_boot() + kLead);
  if (all_start) return loops;
  loops->kill();
  return nullptr;
}

// Lets programs with these weights loop for a second, and checks that the CPU time of each is what its weight promises,
// within 5 %.
void check_shares(TestRun& run, std::string_view name, const std::vector<uint64_t>& weights) {
  run.begin(name);
  const auto loops = start_loops(weights);
  run.expect(loops != nullptr, "a program does not start");
  if (!loops) return run.end();
  std::vector<uint64_t> times(weights.size());
  for (size_t i = 0; i < times.size(); ++i) times[i] = loops->cpu_time(i);
  sleep_until(nanoseconds_since_boot() + kSecond);
  for (size_t i = 0; i < times.size(); ++i) times[i] = loops->cpu_time(i) - times[i];
  loops->kill();
  uint64_t all_times = 0, all_weights = 0;
  for (const uint64_t time : times) all_times += time;
  for (const uint64_t weight : weights) all_weights += weight;
  for (size_t i = 0; i < times.size(); ++i) {
    const uint64_t due = all_times / all_weights * weights[i];
    log_info(Subsystem::test, name, ": weight ", weights[i], " had ", times[i] / 1000, " us of ", due / 1000);
    run.expect(times[i] <= due + due / 20 && times[i] + due / 20 >= due, "a program had more or less than its share");
  }
  run.expect(all_times + cpu_count() * kSecond / 20 >= cpu_count() * kSecond, "a CPU was idle");
  run.end();
}

void check_waking(TestRun& run) {
  run.begin("waking beside loops");
  uint64_t latest = 0;
  const bool ran = wait_beside_loops(100, [&](uint64_t lateness) { latest = std::max(latest, lateness); });
  run.expect(ran, "a program does not start");
  log_info(Subsystem::test, "waking beside loops: the latest of 100 sleeps ended ", latest / 1000, " us late");
  run.expect(latest <= 2'000'000, "a fiber that wakes up waits for more than 2 ms");
  run.end();
}

}  // namespace

bool wait_beside_loops(uint64_t sleeps, const std::function<void(uint64_t)>& note) {
  const auto loops = start_loops(std::vector<uint64_t>(2 * cpu_count(), 1));
  if (!loops) return false;
  for (uint64_t i = 0; i < sleeps; ++i) {
    const uint64_t end = nanoseconds_since_boot() + 3'000'000 + i * 17'011;
    sleep_until(end);
    note(nanoseconds_since_boot() - end);
  }
  loops->kill();
  return true;
}

int run_fairness_tests() {
  TestRun run;
  const size_t cpus = cpu_count();
  check_shares(run, "equal weights", std::vector<uint64_t>(2 * cpus + 1, 1));
  std::vector<uint64_t> weights(cpus, 3);
  weights.resize(2 * cpus, 1);
  check_shares(run, "weights 3 and 1", weights);
  check_waking(run);
  LogLine line;
  line << run.passed() << " passed, " << run.failed() << " failed\n";
  console::write(Port::standard_output, line.text());
  return run.failed() == 0 ? 0 : 1;
}

}  // namespace cairn::kernel
