#include "kernel/fibers/cpus.hpp"

#include <atomic>

#include "kernel/fibers/scheduler.hpp"
#include "kernel/machine.hpp"
#include "kernel/testing/bench/bench.hpp"
#include "kernel/testing/bench/report.hpp"
#include "kernel/testing/function_fiber.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"
#include "kernel/trap/interrupts_off.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel {
namespace {

// Keeps this CPU busy for so many nanoseconds.
void spin(uint64_t nanoseconds) {
  const uint64_t end = nanoseconds_since_boot() + nanoseconds;
  while (nanoseconds_since_boot() < end) machine::relax();
}

// From the call that wakes a fiber until the fiber runs on another CPU, which has halted.
void measure_wake() {
  constexpr uint32_t kRounds = 500;
  std::atomic<uint32_t> word{0}, ready{0}, woken{0};
  uint64_t woken_at = 0;
  FunctionFiber sleeper([&] {
    for (uint32_t round = 1; round <= kRounds; ++round) {
      ready = round;
      while (word == 0) (void)park(word, std::nullopt);
      woken_at = nanoseconds_since_boot();
      word = 0;
      woken = round;
    }
  });
  start_or_panic(sleeper);
  Samples latency(kRounds);
  for (uint32_t round = 1; round <= kRounds; ++round) {
    while (ready != round) machine::relax();
    spin(100'000);  // so that the fiber waits, and its CPU has halted
    const uint64_t start = nanoseconds_since_boot();
    word = 1;
    unpark(word);
    while (woken != round) machine::relax();
    latency.add(woken_at - start);
  }
  join(sleeper);
  latency.report("wake");
}

// From the request to interrupt another CPU, which is busy, until this CPU sees that the other has been interrupted.
void measure_interrupt() {
  constexpr uint32_t kRounds = 2'000;
  std::atomic<Cpu*> other{nullptr};
  std::atomic<bool> may_end{false};
  FunctionFiber busy([&] {
    {
      const InterruptsOff off;
      other = &this_cpu();
    }
    while (!may_end) machine::relax();
  });
  start_or_panic(busy);
  while (other == nullptr) machine::relax();
  Samples latency(kRounds);
  for (uint32_t round = 0; round < kRounds; ++round) {
    const std::atomic<uint64_t>& interrupts = other.load()->interrupts_of_cpus;
    const uint64_t before = interrupts;
    latency.add(time_of([&] {
      machine::send_interrupt(*other);
      while (interrupts == before) machine::relax();
    }));
  }
  may_end = true;
  join(busy);
  latency.report("interrupt");
}

}  // namespace

void measure_cpus() {
  if (cpu_count() < 2) return;
  measure_wake();
  measure_interrupt();
}

}  // namespace cairn::kernel
