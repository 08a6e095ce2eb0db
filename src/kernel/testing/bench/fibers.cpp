#include <atomic>
#include <functional>
#include <utility>

#include "base/assert.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/testing/bench/bench.hpp"
#include "kernel/testing/bench/report.hpp"
#include "kernel/testing/function_fiber.hpp"
#include "kernel/time/clock.hpp"
#include "platform/platform.hpp"

namespace cairn::kernel {
namespace {

using platform::Platform;

// Runs two fibers with these bodies to their end.
void run_two(std::function<void()> first, std::function<void()> second) {
  FunctionFiber one(std::move(first)), other(std::move(second));
  start_or_panic(one);
  start_or_panic(other);
  join(one);
  join(other);
}

// Switches between two fibers that yield.
void measure_yield() {
  constexpr uint64_t kSwitches = 20'000;
  const auto yield_often = [] {
    for (uint64_t i = 0; i < kSwitches / 2; ++i) yield();
  };
  report("yield", time_of([&] { run_two(yield_often, yield_often); }) / kSwitches);
}

// Switches between two fibers, each of which wakes the other and waits. On several CPUs the fibers run in parallel.
void measure_hand_over() {
  constexpr uint64_t kSwitches = 20'000;
  std::atomic<uint32_t> tokens[2] = {1, 0};
  const auto hand_over = [&](size_t i) {
    for (uint64_t n = 0; n < kSwitches / 2; ++n) {
      while (tokens[i] == 0) (void)park(tokens[i], std::nullopt);
      tokens[i] = 0;
      tokens[1 - i] = 1;
      unpark(tokens[1 - i]);
    }
  };
  report("hand_over", time_of([&] { run_two([&] { hand_over(0); }, [&] { hand_over(1); }); }) / kSwitches);
}

void measure_start() {
  constexpr uint64_t kFibers = 300;
  const uint64_t time = time_of([] {
    for (uint64_t i = 0; i < kFibers; ++i) {
      FunctionFiber fiber([] {});
      start_or_panic(fiber);
      join(fiber);
    }
  });
  report("fiber", time / kFibers);
}

void measure_page_faults() {
  constexpr size_t kPages = 4096;
  const auto memory = Platform::reserve(kPages * Platform::kPageSize);
  CAIRN_ASSERT(memory && Platform::commit(*memory));
  const uint64_t time = time_of([&] {
    for (size_t i = 0; i < kPages; ++i) {
      auto* const byte = reinterpret_cast<volatile uint8_t*>(memory->data() + i * Platform::kPageSize);
      *byte = 1;
    }
  });
  Platform::release(*memory);
  report("fault", time / kPages);
}

}  // namespace

void measure_fibers() {
  measure_yield();
  measure_hand_over();
  measure_start();
  measure_page_faults();
}

void measure_waits() {
  constexpr uint64_t kSleeps = 300;
  Samples lateness(kSleeps);
  for (uint64_t i = 0; i < kSleeps; ++i) {
    const uint64_t end = nanoseconds_since_boot() + 1'000'000 + i * 3'331;
    sleep_until(end);
    lateness.add(nanoseconds_since_boot() - end);
  }
  lateness.report("timer");
}

}  // namespace cairn::kernel
