#include "kernel/fibers/cpus.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "base/nothrow_memory.hpp"
#include "base/operation.hpp"
#include "kernel/boot/boot_info.hpp"
#include "kernel/fibers/kernel_stack.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/flush_other_cpus.hpp"
#include "kernel/trap/cpu.hpp"
#include "kernel/trap/start_cpu.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel {
namespace {

constinit std::atomic<size_t> running{1};  // the number of CPUs that run fibers

void run_new_cpu(Cpu& cpu) {
  begin_to_take_flush_requests();
  running.fetch_add(1);
  run_cpu(cpu);
}

Result<void> start(uint32_t number, uint64_t hardware_id) {
  auto cpu = try_make_unique<Cpu>();
  if (!cpu) return fail(out_of_memory("a CPU's record"));
  auto stack = CAIRN_TRY(KernelStack::create(KernelStack::kIdleSize));
  cpu->number = number;
  cpu->hardware_id = hardware_id;
  cpu->first_context.stack = stack.bytes();
  all_cpus()[number] = cpu.get();
  if (auto started = start_cpu(*cpu, run_new_cpu); !started) {
    all_cpus()[number] = nullptr;
    return started;
  }
  // The CPU runs until the machine ends.
  (void)cpu.release();
  std::move(stack).keep();
  return {};
}

}  // namespace

void start_cpus(uint32_t limit) {
  uint32_t number = 1;
  for (const uint64_t hardware_id : boot_info().other_cpus.numbers()) {
    if (number == std::min(limit, Cpu::kMaximum)) break;
    if (start(number, hardware_id)) ++number;
  }
  while (cpu_count() != number) machine::relax();
  if (number != 1) log_info(Subsystem::fibers, number, " CPUs");
}

size_t cpu_count() { return running; }

uint64_t spurious_interrupts() {
  uint64_t sum = 0;
  for (const std::atomic<Cpu*>& entry : all_cpus()) {
    if (const Cpu* const cpu = entry.load()) sum += cpu->spurious_interrupts.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace cairn::kernel
