#include "kernel/testing/several_cpus.hpp"

#include <atomic>
#include <bit>
#include <functional>
#include <memory>
#include <vector>

#include "base/operation.hpp"
#include "base/sync/locked.hpp"
#include "base/sync/mutex.hpp"
#include "base/sync/spin_lock.hpp"
#include "kernel/fibers/cpus.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/testing/catch.hpp"
#include "kernel/testing/function_fiber.hpp"
#include "kernel/time/clock.hpp"
#include "kernel/trap/cpu.hpp"
#include "kernel/trap/interrupts_off.hpp"
#include "platform/platform.hpp"
#include "port/cpu.hpp"
#include "runtime/configure.hpp"
#include "runtime/linker.hpp"
#include "wasm/text/text.hpp"

namespace cairn::kernel {
namespace {

using platform::Platform;

// Runs `body(i)` in `count` fibers, and waits for them.
void run_in_fibers(TestRun& run, size_t count, const std::function<void(size_t)>& body) {
  std::vector<std::unique_ptr<FunctionFiber>> fibers;
  for (size_t i = 0; i < count; ++i) {
    fibers.push_back(std::make_unique<FunctionFiber>([&body, i] { body(i); }));
    if (start(*fibers.back())) continue;
    run.expect(false, "a fiber does not start");
    fibers.pop_back();
  }
  for (const auto& fiber : fibers) join(*fiber);
}

constexpr uint64_t kPatience = 20'000'000'000;  // nanoseconds that a test waits for other CPUs

// The number of the CPU that ran the fiber at the time of the call.
uint32_t cpu_number() {
  const InterruptsOff off;
  return this_cpu().number;
}

}  // namespace

void test_all_cpus(TestRun& run) {
  const size_t cpus = cpu_count();
  std::atomic<uint64_t> seen{0};
  const auto all_are_seen = [&] { return static_cast<size_t>(std::popcount(seen.load())) == cpus; };
  // A fiber that is preempted may continue on another CPU, so each fiber notes its CPU again and again.
  run_in_fibers(run, cpus, [&](size_t) {
    const uint64_t end = nanoseconds_since_boot() + kPatience;
    while (!all_are_seen() && nanoseconds_since_boot() < end) {
      seen.fetch_or(uint64_t{1} << cpu_number());
      machine::relax();
    }
  });
  run.expect(all_are_seen(), "a CPU runs no fiber");
  log_info(Subsystem::test, "cpus: ", cpus, " CPUs ran fibers at the same time");
}

void test_locks_of_cpus(TestRun& run) {
  constexpr size_t kRounds = 2000;
  const size_t fibers = 2 * cpu_count() + 1;
  Locked<uint64_t, Mutex<FiberParker>, LockRank::random> by_mutex;
  Locked<uint64_t, SpinLock, LockRank::log_ring> by_spin_lock;
  std::atomic<size_t> lost{0};
  run_in_fibers(run, fibers, [&](size_t i) {
    for (size_t round = 0; round < kRounds; ++round) {
      const auto add = [&] {
        by_mutex.with([&](uint64_t& count) {
          const uint64_t before = count;
          if ((round + i) % 16 == 0) yield();  // a fiber may wait while it holds a mutex
          count = before + 1;
        });
        return std::vector<size_t>(10, i);
      };
      // An operation may wait for a mutex, too.
      const Result<std::vector<size_t>> made = round % 4 == 0 ? run_operation(add) : add();
      if (made != std::vector<size_t>(10, i)) ++lost;
      by_spin_lock.with([](uint64_t& count) { ++count; });
    }
  });
  const auto read = [](uint64_t& count) { return count; };
  run.expect(by_mutex.with(read) == fibers * kRounds, "a mutex lets two fibers in");
  run.expect(by_spin_lock.with(read) == fibers * kRounds, "a spin lock lets two CPUs in");
  run.expect(lost == 0, "an operation that waited lost its memory");

  std::atomic<uint32_t> word{0};
  std::atomic<bool> is_early{false};
  FunctionFiber waiter([&] {
    (void)Platform::park(word, std::nullopt);
    is_early = word == 0;
  });
  run.expect(start(waiter).has_value(), "a fiber does not start");
  sleep_until(nanoseconds_since_boot() + 2'000'000);
  unpark(word);  // as if for an earlier word at the same address
  sleep_until(nanoseconds_since_boot() + 2'000'000);
  word = 1;
  unpark(word);
  join(waiter);
  run.expect(!is_early, "a fiber was unparked before its word was set");
}

void test_time_of_cpus(TestRun& run) {
  constexpr uint32_t kHandOvers = 20'000;
  const size_t fibers = cpu_count() + 1;
  std::vector<std::atomic<uint32_t>> tokens(fibers);
  std::atomic<uint32_t> handed{0};
  std::atomic<uint64_t> latest{0};
  std::atomic<uint64_t> cpus_seen{0};
  std::atomic<bool> went_back{false};
  tokens[0] = 1;
  run_in_fibers(run, fibers, [&](size_t i) {
    while (handed < kHandOvers) {
      while (tokens[i] == 0 && handed < kHandOvers) (void)park(tokens[i], nanoseconds_since_boot() + 10'000'000);
      if (tokens[i].exchange(0) == 0) continue;
      const uint64_t now = nanoseconds_since_boot();
      if (now < latest) went_back = true;
      latest = now;
      cpus_seen |= uint64_t{1} << cpu_number();
      ++handed;
      std::atomic<uint32_t>& next = tokens[(i + 1) % fibers];
      next = 1;
      unpark(next);
    }
  });
  run.expect(!went_back, "time went back between two CPUs");
  log_info(Subsystem::test, "cpus: a token went through ", std::popcount(cpus_seen.load()), " CPUs");
}

void test_shoot_down(TestRun& run) {
  constexpr uint64_t kRounds = 2000;
  auto reservation = Platform::reserve(1 << 20);
  run.expect(reservation.has_value(), "no addresses");
  if (!reservation) return;
  const std::span<std::byte> page = reservation->subspan(1 << 16, 1 << 16);
  const auto place = VirtAddr::of(page.data()).value;
  std::atomic<uint64_t> finished{0};  // the last round whose page was decommitted
  std::atomic<bool> ended{false};
  std::atomic<uint64_t> stale{0}, read{0};
  static constinit std::atomic<uint64_t> value{0};
  FunctionFiber reader([&] {
    const CatchFaults catching;
    while (!ended) {
      const uint64_t before = finished;
      value = 0;
      (void)test_catch([](uint64_t address) { value = *reinterpret_cast<volatile uint64_t*>(address); }, place);
      if (value != 0) ++read;
      if (value != 0 && value <= before) ++stale;
      yield();
    }
  });
  run.expect(start(reader).has_value(), "a fiber does not start");
  for (uint64_t round = 1; round <= kRounds; ++round) {
    run.expect(Platform::commit(page).has_value(), "no memory");
    *reinterpret_cast<volatile uint64_t*>(page.data()) = round;
    if (cpu_count() == 1) {
      yield();
    } else {
      const uint64_t seen = read, end = nanoseconds_since_boot() + 100'000;
      while (read == seen && nanoseconds_since_boot() < end) machine::relax();
    }
    Platform::decommit(page);
    finished = round;
  }
  ended = true;
  join(reader);
  Platform::release(*reservation);
  run.expect(stale == 0, "a CPU has read a page that was decommitted");
  run.expect(read != 0, "nothing was read");
  log_info(Subsystem::test, "cpus: ", read.load(), " reads of a page that came and went ", kRounds, " times");
}

void test_starts_and_ends(TestRun& run) {
  const size_t outer = 2 * cpu_count();
  const uint64_t before = memory_statistics().free;
  std::atomic<size_t> ended{0};
  run_in_fibers(run, outer, [&](size_t i) {
    for (size_t round = 0; round < 20; ++round) {
      run_in_fibers(run, 1 + (i + round) % 3, [&](size_t j) {
        if ((round + j) % 3 == 0) yield();
        if ((round + j) % 5 == 0) sleep_until(nanoseconds_since_boot() + 50'000);
        ++ended;
      });
    }
  });
  size_t expected = 0;
  for (size_t i = 0; i < outer; ++i) {
    for (size_t round = 0; round < 20; ++round) expected += 1 + (i + round) % 3;
  }
  run.expect(ended == expected, "a fiber did not run");
  run.expect(memory_statistics().free + (2 << 20) >= before, "fibers leave memory behind");
  run.expect(promises_are_exact(), "the promised frames are wrong");
}

void test_compiling_on_cpus(TestRun& run) {
  const auto config = runtime::configure_engine(BootConfig{});
  auto engine = config ? runtime::Engine::create(*config) : std::unexpected(config.error());
  run.expect(engine.has_value(), "no engine");
  if (!engine) return;
  std::atomic<size_t> compiled{0};
  const size_t fibers = cpu_count() + 1;
  run_in_fibers(run, fibers, [&](size_t i) {
    for (size_t round = 0; round < 10; ++round) {
      std::string text = "(module";
      for (size_t f = 0; f < 20 + i; ++f)
        text += "(func (param i32) (result i32) (i32.add (local.get 0) (i32.const " + std::to_string(f + round) + ")))";
      text += ")";
      const auto bytes = wasm::text::assemble(text, "compiled");
      if (bytes && runtime::Module::create(**engine, *bytes)) ++compiled;
      yield();
    }
  });
  run.expect(compiled == fibers * 10, "a module does not compile");
  engine->reset();
  run.expect(promises_are_exact(), "the promised frames are wrong");
}

}  // namespace cairn::kernel
