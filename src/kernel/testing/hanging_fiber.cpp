#include "kernel/testing/hanging_fiber.hpp"

#include <memory>
#include <vector>

#include "kernel/fibers/cpus.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/testing/function_fiber.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/interrupts_off.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel {
namespace {

[[gnu::noinline]] void hang() {
  const InterruptsOff off;
  for (volatile bool goes_on = true; goes_on;) {
  }
}

// Loops until this many nanoseconds after boot.
void compute_until(uint64_t end) {
  while (nanoseconds_since_boot() < end) machine::relax();
}

}  // namespace

int run_hanging_fiber() {
  const uint64_t end = nanoseconds_since_boot() + 20'000'000'000;
  FunctionFiber hanging(hang);
  // There are more fibers than CPUs, so each CPU requests its timer's interrupt.
  std::vector<std::unique_ptr<FunctionFiber>> others;
  for (size_t i = 0; i < cpu_count(); ++i) {
    others.push_back(std::make_unique<FunctionFiber>([&] { compute_until(end); }));
    if (!start(*others.back())) return 1;
  }
  if (!start(hanging)) return 1;
  compute_until(end);
  return 1;
}

}  // namespace cairn::kernel
