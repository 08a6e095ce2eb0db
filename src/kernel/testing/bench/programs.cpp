#include <algorithm>
#include <cstdint>
#include <string_view>

#include "kernel/fibers/scheduler.hpp"
#include "kernel/testing/bench/bench.hpp"
#include "kernel/testing/bench/guests.hpp"
#include "kernel/testing/bench/report.hpp"
#include "kernel/testing/fairness.hpp"
#include "kernel/testing/guest_system.hpp"

namespace cairn::kernel {
namespace {

// Returns the least time of several runs of so many programs, in nanoseconds.
uint64_t least_time(GuestSystem& guests, size_t programs, size_t runs, bool& good) {
  uint64_t least = ~uint64_t{0};
  for (size_t i = 0; i < runs; ++i) least = std::min(least, time_of([&] { good &= guests.run(programs); }));
  return least;
}

}  // namespace

bool measure_programs() {
  constexpr uint64_t kPrograms = 200, kThreads = 300, kRounds = 5'000;
  const auto empty = GuestSystem::create(empty_guest());
  const auto one_thread = GuestSystem::create(notifying_guest(0));
  const auto threads = GuestSystem::create(spawning_guest(kThreads));
  const auto notifying = GuestSystem::create(notifying_guest(kRounds));
  if (!empty || !one_thread || !threads || !notifying) return false;
  bool good = empty->run(1);  // compiles the module
  const uint64_t time = time_of([&] {
    for (uint64_t i = 0; i < kPrograms; ++i) good &= empty->run(1);
  });
  report("program", time / kPrograms);
  const uint64_t with_one = least_time(*one_thread, 1, 5, good);
  const auto report_rest = [&](std::string_view name, uint64_t whole, uint64_t count) {
    report(name, (whole - std::min(whole, with_one)) / count);
  };
  report_rest("thread", least_time(*threads, 1, 3, good), kThreads - 1);
  report_rest("notify", least_time(*notifying, 1, 3, good), 2 * kRounds);
  return good;
}

bool measure_preemption() {
  const auto guests = GuestSystem::create(computing_guest(20'000'000));
  if (!guests) return false;
  bool good = guests->run(1);
  const uint64_t alone = least_time(*guests, 1, 1, good);
  const uint64_t before = preemption_count();
  const uint64_t together = least_time(*guests, 2, 1, good);
  const uint64_t preemptions = preemption_count() - before;
  if (preemptions == 0) return false;
  report("preemption", (together - std::min(together, 2 * alone)) / preemptions);
  report("preemption.count", preemptions);
  return good;
}

bool measure_throughput() {
  constexpr uint64_t kRounds = 50'000'000;
  const auto computing = GuestSystem::create(computing_guest(kRounds));
  const auto threaded = GuestSystem::create(threaded_guest(kRounds));
  if (!computing || !threaded) return false;
  bool good = true;
  report("four_programs", least_time(*computing, 4, 3, good));
  report("four_threads", least_time(*threaded, 1, 3, good));
  return good;
}

bool measure_interactive() {
  constexpr uint64_t kWaits = 300;
  Samples lateness(kWaits);
  const bool good = wait_beside_loops(kWaits, [&](uint64_t nanoseconds) { lateness.add(nanoseconds); });
  lateness.report("interactive");
  return good;
}

}  // namespace cairn::kernel
