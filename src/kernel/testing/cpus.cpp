#include "kernel/testing/cpus.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "kernel/boot/boot_info.hpp"
#include "kernel/cpu_features.hpp"
#include "kernel/devices/console.hpp"
#include "kernel/fibers/kernel_stack.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/testing/testing.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"
#include "kernel/trap/start_cpu.hpp"
#include "platform/platform.hpp"
#include "port/cpu.hpp"

namespace cairn::kernel {
namespace {

// How long the tests wait for a CPU, in nanoseconds. On a busy host, an emulator may stop a CPU for a long time.
constexpr uint64_t kPatience = 60'000'000'000;

// Waits until `done()`, which other CPUs bring about. Returns false if it takes too long.
bool wait_for(const std::function<bool()>& done) {
  const uint64_t end = nanoseconds_since_boot() + kPatience;
  while (!done()) {
    if (nanoseconds_since_boot() >= end) return false;
    machine::relax();
  }
  return true;
}

// Halts a started CPU until `done()`, which an interrupt or another CPU brings about.
void halt_until(const std::function<bool()>& done) {
  constexpr uint64_t kNap = 10'000'000;  // nanoseconds
  const uint64_t end = nanoseconds_since_boot() + kPatience;
  machine::interrupts_off();
  while (!done() && nanoseconds_since_boot() < end) {
    machine::wait_until(ticks_at(nanoseconds_since_boot() + kNap));
    machine::interrupts_on();
    machine::interrupts_off();
  }
  machine::interrupts_on();
}

// A CPU that is started, and what it finds.
struct StartedCpu : Cpu {
  StartedCpu(KernelStack own_stack, std::byte* own_page) : kernel_stack(std::move(own_stack)), page(own_page) {
    first_context.stack = kernel_stack.bytes();
  }

  KernelStack kernel_stack;
  std::byte* page;  // committed memory that nothing has filled
  compiler::CpuFeatures features;
  bool finds_its_record = false;
  bool is_on_its_stack = false;
  bool has_interrupts_off = false;
  bool reads_zeros = false;
  uint64_t slept = 0;  // nanoseconds
};

std::vector<std::unique_ptr<StartedCpu>> started;
constinit std::atomic<uint32_t> ready{0}, done{0};  // the numbers of CPUs that are set up, and that were interrupted
constinit std::atomic<bool> may_end{false};

constexpr size_t kGroup = KernelAddressSpace::kGroup;
constexpr uint64_t kSleep = 2'000'000;  // nanoseconds

// The code of each started CPU: checks how the CPU is set up, waits for an interrupt, and interrupts all CPUs.
void run_started(Cpu& cpu) {
  auto& self = static_cast<StartedCpu&>(cpu);
  const auto* const here = static_cast<const std::byte*>(__builtin_frame_address(0));
  self.finds_its_record = &this_cpu() == &cpu && this_cpu().self == &cpu;
  const std::span<const std::byte> stack = cpu.first_context.stack;
  self.is_on_its_stack = here >= stack.data() && here < stack.data() + stack.size();
  self.has_interrupts_off = !machine::interrupts_are_on();
  self.features = detect_cpu_features();
  // The fault handler of this CPU fills the page.
  volatile std::byte& byte = *self.page;
  self.reads_zeros = byte == std::byte{0};
  byte = std::byte{1};
  // The CPU's own timer ends each wait.
  const uint64_t start = nanoseconds_since_boot();
  while (nanoseconds_since_boot() - start < kSleep) machine::wait_until(ticks_at(start + kSleep));
  self.slept = nanoseconds_since_boot() - start;
  ready.fetch_add(1);
  // All CPUs have started when the one that boots interrupts this one.
  halt_until([&] { return cpu.interrupts_of_cpus.load() != 0; });
  for (const auto& other : started) machine::send_interrupt(*other);
  machine::send_interrupt(boot_cpu());
  done.fetch_add(1);
  halt_until([] { return may_end.load(); });
  machine::interrupts_off();
}

void start_all(TestRun& run, std::byte* memory) {
  run.begin("start of CPUs");
  const auto numbers = boot_info().other_cpus.numbers();
  started.reserve(numbers.size());
  for (const uint64_t number : numbers) {
    auto stack = KernelStack::create();
    run.expect(stack.has_value(), "no memory for a stack");
    if (!stack) break;
    started.push_back(std::make_unique<StartedCpu>(*std::move(stack), memory + started.size() * kGroup));
    Cpu& cpu = *started.back();
    cpu.number = static_cast<uint32_t>(started.size());
    cpu.hardware_id = number;
    const bool comes = start_cpu(cpu, run_started).has_value();
    run.expect(comes, "a CPU does not start");
    if (!comes) started.pop_back();
  }
  const auto count = static_cast<uint32_t>(started.size());
  run.expect(wait_for([&] { return ready.load() == count; }), "a CPU hangs after its start");
  run.end();
}

void check_set_up(TestRun& run) {
  run.begin("set-up of CPUs");
  const compiler::CpuFeatures features = detect_cpu_features();
  for (const auto& one : started) {
    run.expect(one->finds_its_record, "a CPU does not find its record");
    run.expect(one->is_on_its_stack, "a CPU does not run on its stack");
    run.expect(one->has_interrupts_off, "a CPU starts with interrupts on");
    run.expect(one->features == features, "a CPU has other features");
    run.expect(one->reads_zeros, "memory that a CPU touches first is not zero");
    run.expect(one->slept >= kSleep && one->slept < kPatience, "the timer of a CPU is wrong");
  }
  run.end();
}

void interrupt_all(TestRun& run) {
  run.begin("interrupts between CPUs");
  const uint64_t count = started.size();
  for (const auto& one : started) machine::send_interrupt(*one);
  run.expect(wait_for([&] { return done.load() == count; }), "a CPU is not interrupted");
  // An interrupt that arrives before an earlier one was taken merges with it, so only the least number is known.
  for (const auto& one : started)
    run.expect(wait_for([&] { return one->interrupts_of_cpus.load() > (count > 1 ? 1u : 0u); }),
               "an interrupt is lost");
  run.expect(wait_for([&] { return count == 0 || boot_cpu().interrupts_of_cpus.load() != 0; }),
             "the CPU that boots is not interrupted");
  const uint64_t before = boot_cpu().interrupts_of_cpus.load();
  machine::send_interrupt(boot_cpu());
  run.expect(wait_for([&] { return boot_cpu().interrupts_of_cpus.load() > before; }), "a CPU cannot interrupt itself");
  run.end();
}

// The start of a CPU that does not exist fails, and its offer is withdrawn, so that the start can be tried again.
void start_none(TestRun& run) {
  run.begin("start of a CPU that does not exist");
  const uint64_t free = memory_statistics().free;
  Cpu cpu;
  cpu.hardware_id = 250;
  auto stack = KernelStack::create();
  run.expect(stack.has_value(), "no memory for a stack");
  if (!stack) return run.end();
  cpu.first_context.stack = stack->bytes();
  run.expect(!start_cpu(cpu, run_started, 50'000'000), "it starts");
  run.expect(!start_cpu(cpu, run_started, 50'000'000), "it starts later");
  run.expect(memory_statistics().free + KernelStack::kSize + (1 << 18) >= free, "it keeps memory");
  run.end();
}

}  // namespace

int run_cpu_tests() {
  TestRun run;
  const size_t count = boot_info().other_cpus.numbers().size() + 1;
  const auto reservation = platform::Platform::reserve(count * kGroup);
  run.begin("memory");
  run.expect(reservation && platform::Platform::commit(*reservation), "no memory");
  run.end();
  if (run.failed() == 0) {
    start_none(run);
    start_all(run, reservation->data());
    check_set_up(run);
    interrupt_all(run);
  }
  LogLine line;
  line << (started.size() + 1) << " of " << count << " CPUs run\n"
       << run.passed() << " passed, " << run.failed() << " failed\n";
  may_end.store(true);
  console::write(Port::standard_output, line.text());
  write_raw(line.text());
  return run.failed() == 0 ? 0 : 1;
}

}  // namespace cairn::kernel
