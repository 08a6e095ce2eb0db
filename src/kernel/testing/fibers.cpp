#include "kernel/testing/fibers.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <memory>
#include <vector>

#include "base/format.hpp"
#include "kernel/fibers/cpus.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/testing/function_fiber.hpp"
#include "kernel/time/clock.hpp"
#include "runtime/calls/func.hpp"
#include "runtime/configure.hpp"
#include "runtime/linker.hpp"
#include "wasm/text/text.hpp"

namespace cairn::kernel {
namespace {

using Fibers = std::vector<std::unique_ptr<FunctionFiber>>;

void add(TestRun& run, Fibers& fibers, std::function<void()> body) {
  fibers.push_back(std::make_unique<FunctionFiber>(std::move(body)));
  if (start(*fibers.back())) return;
  run.expect(false, "a fiber does not start");
  fibers.pop_back();
}

void join_all(Fibers& fibers) {
  for (const auto& fiber : fibers) join(*fiber);
  fibers.clear();
}

}  // namespace

void test_handing_on(TestRun& run) {
  constexpr size_t kFibers = 20;
  constexpr uint32_t kRounds = 500;
  const uint64_t before = memory_statistics().free;
  std::array<std::atomic<uint32_t>, kFibers> tokens{};
  std::vector<size_t> order;
  order.reserve(kFibers * kRounds);
  Fibers fibers;
  for (size_t i = 0; i < kFibers; ++i) {
    add(run, fibers, [&, i] {
      for (uint32_t round = 0; round < kRounds; ++round) {
        while (tokens[i] == 0) (void)park(tokens[i], std::nullopt);
        tokens[i] = 0;
        order.push_back(i);
        std::atomic<uint32_t>& next = tokens[(i + 1) % kFibers];
        next = 1;
        unpark(next);
      }
    });
  }
  tokens[0] = 1;
  unpark(tokens[0]);
  join_all(fibers);
  run.expect(order.size() == kFibers * kRounds, "the token was lost");
  bool right = true;
  for (size_t i = 0; i < order.size(); ++i) right = right && order[i] == i % kFibers;
  run.expect(right, "the token went astray");
  order = {};
  run.expect(memory_statistics().free + (1 << 20) >= before, "fibers leave memory behind");
}

void test_sleeping(TestRun& run) {
  constexpr int kFibers = 40;
  const uint64_t start = nanoseconds_since_boot();
  std::atomic<int> ended = 0;
  std::atomic<uint64_t> latest = 0;
  std::atomic<bool> early = false;
  Fibers fibers;
  for (int i = 0; i < kFibers; ++i) {
    const int place = i * 17 % kFibers;
    add(run, fibers, [&, place] {
      const uint64_t deadline = start + 20'000'000 + static_cast<uint64_t>(place) * 1'000'000;
      sleep_until(deadline);
      const uint64_t now = nanoseconds_since_boot();
      if (now < deadline) early = true;
      latest = std::max(latest.load(), now - deadline);
      ++ended;
    });
  }
  join_all(fibers);
  run.expect(!early, "a sleep ended early");
  run.expect(ended == kFibers, "a sleep did not end");
  log_info(Subsystem::test, "fibers: the latest of ", kFibers, " sleeps ended ", latest.load() / 1000, " us late");
  run.expect(latest < 1'000'000'000, "a sleep ended more than a second late");
}

void test_random_waits(TestRun& run) {
  constexpr size_t kFibers = 24, kWords = 5, kSteps = 400;
  std::array<std::atomic<uint32_t>, kWords> words{};
  std::atomic<uint64_t> woken = 0, timed_out = 0;
  std::atomic<size_t> done = 0;
  Fibers fibers;
  for (size_t i = 0; i < kFibers; ++i) {
    add(run, fibers, [&, random = uint32_t(i * 7919 + 1)]() mutable {
      const auto next = [&] {
        random ^= random << 13, random ^= random >> 17, random ^= random << 5;
        return random;
      };
      for (size_t step = 0; step < kSteps; ++step) {
        std::atomic<uint32_t>& word = words[next() % kWords];
        switch (next() % 4) {
          case 0: yield(); break;
          case 1:
            word = 1;
            unpark(word);
            break;
          case 2: sleep_until(nanoseconds_since_boot() + next() % 200'000); break;
          default: {
            word = 0;
            const uint64_t deadline = nanoseconds_since_boot() + 1 + next() % 300'000;
            const auto result = park(word, deadline);
            // park() also returns `unparked` if the word was set and has been cleared again since.
            if (result == runtime::ParkResult::timed_out) {
              ++timed_out;
              run.expect(nanoseconds_since_boot() >= deadline, "a wait ended early");
            } else {
              ++woken;
              run.expect(result == runtime::ParkResult::unparked, "a wait with a deadline is no deadlock");
            }
          }
        }
      }
      ++done;
    });
  }
  join_all(fibers);
  run.expect(done == kFibers, "a fiber did not end");
  run.expect(woken != 0 && timed_out != 0, "not every way to wake up was met");
}

namespace {

// Keeps more values of every kind alive in a loop than there are registers, and returns a hash of all of them.
std::string computing_guest() {
  std::string locals, initialize, body, fold;
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    locals += "(local $v" + n + " v128) (local $d" + n + " f64) (local $i" + n + " i64) ";
    initialize += "(local.set $v" + n + " (i64x2.splat (i64.add (local.get $seed) (i64.const " + n + "))))" +
                  "(local.set $d" + n + " (f64.convert_i64_u (i64.add (local.get $seed) (i64.const " + n + "))))" +
                  "(local.set $i" + n + " (i64.mul (local.get $seed) (i64.const " + n + ")))";
    const std::string m = std::to_string((i + 1) % 20);
    body += "(local.set $v" + n + " (i64x2.add (i32x4.mul (local.get $v" + n + ") (local.get $v" + m +
            ")) (i64x2.splat (i64.const 12345))))" + "(local.set $d" + n + " (f64.add (f64.mul (local.get $d" + n +
            ") (f64.const 0.75)) (local.get $d" + m + ")))" + "(local.set $i" + n +
            " (i64.rotl (i64.add (local.get $i" + n + ") (local.get $i" + m + ")) (i64.const 7)))";
    fold +=
        "(local.set $hash (i64.xor (i64.rotl (local.get $hash) (i64.const 9)) (i64.xor (i64x2.extract_lane 1 "
        "(local.get $v" +
        n + ")) (i64.xor (i64x2.extract_lane 0 (local.get $v" + n + ")) (i64.xor (i64.reinterpret_f64 (local.get $d" +
        n + ")) (local.get $i" + n + "))))))";
  }
  return "(module (func (export \"compute\") (param $seed i64) (param $rounds i64) (result i64) (local $hash i64) " +
         locals + initialize + "(loop $again " + body +
         "(local.set $rounds (i64.sub (local.get $rounds) (i64.const 1)))"
         "(br_if $again (i64.ne (local.get $rounds) (i64.const 0))))" +
         fold + "(local.get $hash)))";
}

// A store with an instance of the computing guest.
class Computer {
 public:
  static std::unique_ptr<Computer> create(runtime::Engine& engine, const Ref<runtime::Module>& module) {
    auto store = runtime::Store::create(engine);
    if (!store) return nullptr;
    auto computer = std::make_unique<Computer>();
    computer->store_ = *std::move(store);
    runtime::Linker linker(*computer->store_);
    auto instance = linker.instantiate(module);
    if (!instance) return nullptr;
    computer->instance_ = *instance;
    return computer;
  }
  int64_t compute(int64_t seed, int64_t rounds) {
    const auto function = get_export_as<runtime::Func>(*store_, instance_, "compute");
    const std::array arguments = {runtime::Val::i64(seed), runtime::Val::i64(rounds)};
    const auto result = call(*store_, *function, arguments);
    if (!result) log_error(Subsystem::test, "fibers: a guest ends with ", result.error().what());
    return result ? result->front().as_i64() : -1;
  }

 private:
  std::unique_ptr<runtime::Store> store_;
  runtime::Instance instance_;
};

}  // namespace

void test_preemption(TestRun& run) {
  const auto config = runtime::configure_engine(BootConfig{});
  auto engine = config ? runtime::Engine::create(*config) : std::unexpected(config.error());
  const auto bytes = wasm::text::assemble(computing_guest(), "computing");
  run.expect(engine && bytes, "no engine or module");
  if (!engine || !bytes) return;
  auto module = runtime::Module::create(**engine, *bytes);
  run.expect(module.has_value(), "the module does not compile");
  if (!module) return;

  const size_t guests = cpu_count() + 3;
  constexpr int64_t kRounds = 400'000;
  std::vector<std::unique_ptr<Computer>> computers;
  for (size_t i = 0; i < guests; ++i) computers.push_back(Computer::create(**engine, *module));
  run.expect(!std::ranges::contains(computers, nullptr), "no instance");
  if (std::ranges::contains(computers, nullptr)) return;
  std::vector<int64_t> alone(guests), together(guests);
  const uint64_t start = nanoseconds_since_boot();
  for (size_t i = 0; i < guests; ++i) alone[i] = computers[i]->compute(static_cast<int64_t>(i) + 1, kRounds);
  const uint64_t middle = nanoseconds_since_boot();
  const uint64_t preempted = preemption_count();
  Fibers fibers;
  std::vector<uint64_t> ends(guests);
  const auto compute = [&](size_t i) {
    together[i] = computers[i]->compute(static_cast<int64_t>(i) + 1, kRounds);
    ends[i] = nanoseconds_since_boot();
  };
  for (size_t i = 1; i < guests; ++i) add(run, fibers, [&, i] { compute(i); });
  compute(0);  // on this fiber, which has run for long already
  join_all(fibers);
  const uint64_t end = nanoseconds_since_boot();
  run.expect(alone == together, "a guest that was preempted computes something else");
  run.expect(preemption_count() - preempted > 10, "nothing was preempted");
  // All guests end in the second half of the time, because they ran by turns, also those that outnumber the CPUs.
  run.expect(std::ranges::min(ends) - middle > (end - middle) / 2, "one guest had most of the CPU");
  log_info(Subsystem::test, "fibers: ", guests, " guests, one after the other ", (middle - start) / 1000,
           " us, by turns ", (end - middle) / 1000, " us with ", preemption_count() - preempted, " preemptions");
}

namespace {

// Computes in kernel code with integers, floating-point numbers and vectors, and takes locks of the heap now and then.
// Returns a hash of all values.
uint64_t compute_in_kernel(uint64_t seed, uint64_t rounds) {
  using Lanes = uint32_t __attribute__((vector_size(16)));
  std::array<uint64_t, 12> integers{};
  std::array<double, 12> numbers{};
  std::array<Lanes, 8> lanes{};
  for (size_t i = 0; i < integers.size(); ++i) {
    integers[i] = seed * (i + 1);
    numbers[i] = static_cast<double>(seed + i);
  }
  for (size_t i = 0; i < lanes.size(); ++i) lanes[i] += static_cast<uint32_t>(seed + i);
  for (uint64_t round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < integers.size(); ++i) {
      const size_t next = (i + 1) % integers.size();
      integers[i] = std::rotl(integers[i] + integers[next], 7);
      numbers[i] = numbers[i] * 0.75 + numbers[next] * 0.25;
    }
    for (size_t i = 0; i < lanes.size(); ++i) lanes[i] = lanes[i] * lanes[(i + 1) % lanes.size()] + 12345;
    if (round % 64 == 0) integers[0] += std::make_unique<uint64_t>(round).get()[0];
  }
  uint64_t hash = 0;
  for (size_t i = 0; i < integers.size(); ++i)
    hash = std::rotl(hash, 9) ^ integers[i] ^ std::bit_cast<uint64_t>(numbers[i]);
  for (const Lanes& value : lanes) hash = std::rotl(hash, 9) ^ value[0] ^ value[3];
  return hash;
}

}  // namespace

void test_kernel_preemption(TestRun& run) {
  const size_t count = cpu_count() + 3;
  constexpr uint64_t kRounds = 100'000;
  std::vector<uint64_t> alone(count), together(count), ends(count);
  const uint64_t start = nanoseconds_since_boot();
  for (size_t i = 0; i < count; ++i) alone[i] = compute_in_kernel(i + 1, kRounds);
  const uint64_t middle = nanoseconds_since_boot();
  const uint64_t preempted = preemption_count();
  Fibers fibers;
  for (size_t i = 0; i < count; ++i) {
    add(run, fibers, [&, i] {
      together[i] = compute_in_kernel(i + 1, kRounds);
      ends[i] = nanoseconds_since_boot();
    });
  }
  join_all(fibers);
  const uint64_t end = nanoseconds_since_boot();
  run.expect(alone == together, "kernel code that was preempted computes something else");
  run.expect(preemption_count() - preempted > 10, "kernel code was not preempted");
  // With several CPUs, a busy host may run one of them much longer than the others.
  if (cpu_count() == 1)
    run.expect(std::ranges::min(ends) - middle > (end - middle) / 4, "one fiber had most of the CPU");
  log_info(Subsystem::test, "fibers: ", count, " fibers in the kernel, one after the other ", (middle - start) / 1000,
           " us, by turns ", (end - middle) / 1000, " us with ", preemption_count() - preempted, " preemptions");
}

void test_deadlock(TestRun& run) {
  const std::atomic<uint32_t> never = 0;
  auto result = runtime::ParkResult::unparked;
  Fibers fibers;
  add(run, fibers, [&] { result = park(never, std::nullopt); });
  join_all(fibers);
  run.expect(result == runtime::ParkResult::deadlocked, "a fiber that nothing can wake is not told");
}

void measure_switch(TestRun& run) {
  constexpr int kSwitches = 20'000;
  Fibers fibers;
  const uint64_t start = nanoseconds_since_boot();
  for (int i = 0; i < 2; ++i) {
    add(run, fibers, [] {
      for (int n = 0; n < kSwitches / 2; ++n) yield();
    });
  }
  join_all(fibers);
  log_info(Subsystem::test, "fibers: a switch takes ", (nanoseconds_since_boot() - start) / kSwitches, " ns");
}

}  // namespace cairn::kernel
