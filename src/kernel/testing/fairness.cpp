#include "kernel/testing/fairness.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "kernel/devices/console.hpp"
#include "kernel/fibers/core.hpp"
#include "kernel/fibers/cpus.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/machine.hpp"
#include "kernel/testing/function_fiber.hpp"
#include "kernel/testing/guest_system.hpp"
#include "kernel/testing/testing.hpp"
#include "kernel/time/clock.hpp"
#include "port/cpu.hpp"
#include "runtime/configure.hpp"
#include "runtime/linker.hpp"
#include "wasm/text/text.hpp"

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

// Lets fibers compute in kernel code on all CPUs while this fiber sleeps.
void check_waking_beside_kernel_code(TestRun& run) {
  run.begin("waking beside kernel code");
  std::atomic<bool> may_end{false};
  std::vector<std::unique_ptr<FunctionFiber>> fibers;
  for (size_t i = 0; i < 2 * cpu_count(); ++i) {
    fibers.push_back(std::make_unique<FunctionFiber>([&] {
      while (!may_end) machine::relax();
    }));
    run.expect(start(*fibers.back()).has_value(), "a fiber does not start");
  }
  uint64_t latest = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    const uint64_t end = nanoseconds_since_boot() + 3'000'000 + i * 17'011;
    sleep_until(end);
    latest = std::max(latest, nanoseconds_since_boot() - end);
  }
  may_end = true;
  for (const auto& fiber : fibers) join(*fiber);
  log_info(Subsystem::test, "waking beside kernel code: the latest of 100 sleeps ended ", latest / 1000, " us late");
  run.expect(latest <= 2'000'000, "a fiber that wakes up waits for more than 2 ms");
  run.end();
}

// Writes a module whose functions are long.
std::string long_module() {
  std::string body;
  for (int i = 0; i < 2'000; ++i) {
    const std::string n = std::to_string(i * 7919);
    body += "(local.set $a (i64.add (i64.mul (local.get $a) (i64.const " + n +
            ")) (i64.load (i32.and (i32.wrap_i64 (local.get $b)) (i32.const 65528)))))"
            "(if (i64.lt_u (local.get $a) (local.get $b)) (then (local.set $b (i64.xor (local.get $a) (i64.const " +
            n + ")))))";
  }
  std::string text = "(module (memory 1)";
  for (int i = 0; i < 6; ++i)
    text += "(func (export \"f" + std::to_string(i) + "\") (param $a i64) (param $b i64) " + body + ")";
  return text + ")";
}

// Compiles a module while this fiber sleeps now and then. Says for how long kernel code has kept the CPU at most, where
// the machine's clock counts instructions.
void check_waking_beside_compilation(TestRun& run) {
  run.begin("waking beside a compilation");
  const auto config = runtime::configure_engine(BootConfig{});
  auto engine = config ? runtime::Engine::create(*config) : std::unexpected(config.error());
  const auto bytes = wasm::text::assemble(long_module(), "long");
  run.expect(engine && bytes, "no engine or module");
  if (!engine || !bytes) return run.end();
  std::atomic<bool> has_ended{false};
  forget_longest_delay();
  FunctionFiber compiler([&] {
    run.expect(runtime::Module::create(**engine, *bytes).has_value(), "the module does not compile");
    has_ended = true;
  });
  run.expect(start(compiler).has_value(), "a fiber does not start");
  uint64_t latest = 0, sleeps = 0;
  for (; !has_ended; ++sleeps) {
    const uint64_t end = nanoseconds_since_boot() + 3'000'000 + sleeps % 100 * 17'011;
    sleep_until(end);
    latest = std::max(latest, nanoseconds_since_boot() - end);
  }
  join(compiler);
  const LongestDelay delay = longest_delay();
  log_info(Subsystem::test, "waking beside a compilation: the latest of ", sleeps, " sleeps ended ", latest / 1000,
           " us late; kernel code kept a CPU for ", delay.nanoseconds, " ns, last in ", find_symbol(delay.pc).name);
  run.expect(sleeps > 10, "the compilation took too little time");
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
  check_waking_beside_kernel_code(run);
  check_waking_beside_compilation(run);
  LogLine line;
  line << run.passed() << " passed, " << run.failed() << " failed\n";
  console::write(Port::standard_output, line.text());
  return run.failed() == 0 ? 0 : 1;
}

}  // namespace cairn::kernel
