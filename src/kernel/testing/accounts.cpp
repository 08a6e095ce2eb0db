#include "kernel/testing/accounts.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "base/operation.hpp"
#include "base/sync/locked.hpp"
#include "base/sync/spin_lock.hpp"
#include "kernel/fibers/cpus.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/program/program_account.hpp"
#include "kernel/program/system.hpp"
#include "kernel/testing/function_fiber.hpp"
#include "kernel/time/clock.hpp"
#include "platform/platform.hpp"
#include "runtime/configure.hpp"
#include "testing/trial/trial.hpp"
#include "wasm/text/text.hpp"

namespace cairn::kernel {
namespace {

using platform::Platform;

constexpr size_t kPrograms = 3;
constexpr uint64_t kLimit = uint64_t{6} << 20;

// Objects that their makers have left for others to free.
struct Pool {
  static constexpr size_t kPlaces = 64;
  std::array<std::byte*, kPlaces> places{};
};

// Allocates, commits and frees at random.
class Worker {
 public:
  Worker(size_t number, Locked<Pool, SpinLock, LockRank::log_ring>& pool)
      : random_(static_cast<uint32_t>(number)), pool_(pool) {}

  void run(size_t rounds) {
    auto reservation = Platform::reserve(kMemory);
    if (!reservation) return;
    size_t committed = 0;
    for (size_t i = 0; i < rounds; ++i) {
      switch (random_() % 6) {
        case 0:
        case 1: exchange(); break;
        case 2: work(); break;
        case 3:
          if (committed < kMemory && Platform::commit(reservation->subspan(committed, kStep))) {
            (*reservation)[committed] = std::byte{1};
            committed += kStep;
          }
          break;
        case 4:
          if (committed != 0) Platform::decommit(reservation->subspan(committed -= kStep, kStep));
          break;
        default: yield(); break;
      }
    }
    Platform::release(*reservation);
  }

 private:
  static constexpr size_t kStep = 64 * 1024, kMemory = 64 * kStep;

  // Puts an object into the pool and frees the one that was there, perhaps of another account.
  void exchange() {
    const size_t size = random_() % 5 == 0 ? random_() % 50'000 : random_() % 1500;
    auto* made = new (std::nothrow) std::byte[size + 1];
    const size_t place = random_() % Pool::kPlaces;
    delete[] pool_.with([&](Pool& pool) { return std::exchange(pool.places[place], made); });
  }
  // An operation that keeps what it made, or runs out of memory.
  void work() {
    const size_t count = random_() % 8 == 0 ? kLimit / 64 : 200;
    const auto made = run_operation([&] {
      std::vector<std::vector<int>> all;
      for (size_t i = 0; i < count; ++i) all.emplace_back(i % 50);
      return all;
    });
    (void)made;
  }

  std::minstd_rand random_;
  Locked<Pool, SpinLock, LockRank::log_ring>& pool_;
};

void work_on_all_cpus(TestRun& run, std::array<ProgramAccount, kPrograms>& programs) {
  Locked<Pool, SpinLock, LockRank::log_ring> pool;
  std::atomic<size_t> at_work{0};
  std::vector<std::unique_ptr<FunctionFiber>> fibers;
  for (size_t i = 0; i < 2 * cpu_count() + 2; ++i) {
    ++at_work;
    fibers.push_back(std::make_unique<FunctionFiber>([&, i] {
      Worker(i, pool).run(150);
      --at_work;
    }));
    if (i % (kPrograms + 1) != kPrograms) fibers.back()->set_account(&programs[i % (kPrograms + 1)].get());
    if (start(*fibers.back())) continue;
    run.expect(false, "a fiber does not start");
    --at_work;
    fibers.pop_back();
  }
  size_t checks = 0, wrong = 0;
  for (; at_work != 0; ++checks) {
    wrong += accounts_are_exact() ? 0 : 1;
    sleep_until(nanoseconds_since_boot() + 200'000);
  }
  for (const auto& fiber : fibers) join(*fiber);
  fibers.clear();
  run.expect(wrong == 0, "accounts do not add up to all memory");
  for (std::byte* const left : pool.with([](Pool& p) { return p.places; })) delete[] left;
  log_info(Subsystem::test, "accounts: ", checks, " checks on ", cpu_count(), " CPUs");
}

// When one fiber of a program exceeds the program's limit, the others do not go on waiting.
void end_waits(TestRun& run) {
  ProgramAccount program;
  run.expect(program.open("waiting", kLimit), "no number for an account");
  program.begin_run();
  const uint64_t start_time = nanoseconds_since_boot();
  std::atomic<uint32_t> never{0}, waiting{0};
  std::vector<std::unique_ptr<FunctionFiber>> fibers;
  for (int i = 0; i < 4; ++i) {
    fibers.push_back(std::make_unique<FunctionFiber>([&, i] {
      ++waiting;
      const uint64_t end = start_time + 20'000'000'000;
      if (i % 2 == 0) return sleep_until(end);
      (void)park(never, end, EndsWithTime::yes);
    }));
  }
  fibers.push_back(std::make_unique<FunctionFiber>([&] {
    while (waiting != 4) sleep_until(nanoseconds_since_boot() + 100'000);
    std::vector<std::unique_ptr<std::array<std::byte, 1000>>> made;
    while (!program.get().was_exceeded()) made.push_back(std::make_unique<std::array<std::byte, 1000>>());
  }));
  for (const auto& fiber : fibers) {
    fiber->set_account(&program.get());
    run.expect(start(*fiber).has_value(), "a fiber does not start");
  }
  for (const auto& fiber : fibers) join(*fiber);
  fibers.clear();
  run.expect(nanoseconds_since_boot() - start_time < 10'000'000'000, "fibers waited beyond their limit of memory");
  program.end_run();
}

}  // namespace

void test_accounts(TestRun& run) {
  std::array<ProgramAccount, kPrograms> programs;
  for (ProgramAccount& program : programs) {
    run.expect(program.open("tested", kLimit), "no number for an account");
    program.begin_run();
  }
  work_on_all_cpus(run, programs);
  end_waits(run);
  bool reached = false;
  for (ProgramAccount& program : programs) {
    reached = reached || program.has_reached_limit();
    program.end_run();
    run.expect(state_of(program.get()).total == 0, "an account is not empty");
    run.expect(state_of(program.get()).peak <= (kLimit >> kPageBits) + 64, "an account had more than its limit");
  }
  run.expect(reached, "no account came to its limit");
  run.expect(accounts_are_exact(), "accounts do not add up to all memory at the end");
}

namespace {

// The trial's own limits must be beyond the account's.
constexpr wasi::TrialLimits kLimits{.memory_bytes = uint64_t{1} << 30, .table_elements = 10'000'000};

// A module that asks for memory until its account's limit refuses more, and the outcome that try_module() must report.
struct Hungry {
  std::string_view text;
  std::string_view outcome;
};
constexpr Hungry kHungry[] = {
    {R"((module (memory 1) (func (export "f") (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))))))",
     "ran 1 calls, 0 traps"},
    {R"((module (table $t 0 funcref) (func (export "f")
          (loop (br_if 0 (i32.ne (table.grow $t (ref.null func) (i32.const 5000)) (i32.const -1)))))))",
     "ran 1 calls, 0 traps"},
    {R"((module (type $l (struct (field (ref null $l)))) (global $g (mut (ref null $l)) (ref.null $l))
          (func (export "f") (loop (global.set $g (struct.new $l (global.get $g))) (br 0)))))",
     "ran 1 calls, 1 traps: allocation failure"},
};

}  // namespace

void test_memory_limits(TestRun& run) {
  const auto config = runtime::configure_engine(BootConfig{});
  run.expect(config.has_value(), "no engine");
  if (!config) return;
  std::atomic<size_t> right{0}, reached{0};
  std::array<ProgramAccount, std::size(kHungry)> programs;
  std::vector<std::unique_ptr<FunctionFiber>> fibers;
  for (size_t i = 0; i < std::size(kHungry); ++i) {
    run.expect(programs[i].open("hungry", uint64_t{20} << 20), "no number for an account");
    fibers.push_back(std::make_unique<FunctionFiber>([&, i] {
      for (int round = 0; round < 2; ++round) {
        programs[i].begin_run();
        {
          KernelSystem system;
          const auto module = wasm::text::assemble(kHungry[i].text, "hungry");
          const std::string outcome =
              wasi::try_module(*config, *module, system, kLimits, [](const std::function<void()>& body) { body(); });
          if (outcome == kHungry[i].outcome) ++right;
          if (outcome != kHungry[i].outcome) log_error(Subsystem::test, "hungry ", i, ": ", outcome);
        }
        if (programs[i].has_reached_limit()) ++reached;
        programs[i].end_run();
      }
    }));
    fibers.back()->set_account(&programs[i].get());
    if (start(*fibers.back())) continue;
    run.expect(false, "a fiber does not start");
    fibers.pop_back();
  }
  for (const auto& fiber : fibers) join(*fiber);
  fibers.clear();
  run.expect(right == 2 * std::size(kHungry), "a program at its limit ends wrongly");
  run.expect(reached == 2 * std::size(kHungry), "a limit is not named");
  run.expect(accounts_are_exact(), "accounts do not add up to all memory");
}

}  // namespace cairn::kernel
