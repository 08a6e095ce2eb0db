#include "kernel/testing/kills.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernel/boot/options.hpp"
#include "kernel/devices/console.hpp"
#include "kernel/fibers/core.hpp"
#include "kernel/fibers/cpus.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/program/program_run.hpp"
#include "kernel/testing/account.hpp"
#include "kernel/testing/function_fiber.hpp"
#include "kernel/time/clock.hpp"
#include "runtime/configure.hpp"
#include "wasi/supervision/kill_switch.hpp"
#include "wasm/text/text.hpp"

namespace cairn::kernel {
namespace {

// A program that runs until it is killed.
struct Victim {
  std::string_view name;
  std::string_view text;
};

// The imports of WASI with which the text of every victim begins.
constexpr std::string_view kCommon = R"(
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
)";

constexpr Victim kVictims[] = {
    {"a loop", R"((memory (export "memory") 1) (func (export "_start") (loop (br 0))))"},
    {"vectors in a loop", R"((memory (export "memory") 1)
      (func (export "_start") (local v128)
        (loop (local.set 0 (f64x2.add (local.get 0) (v128.const f64x2 1 2))) (br 0))))"},
    {"host calls", R"((memory (export "memory") 1)
      (func (export "_start") (loop (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 8))) (br 0))))"},
    {"random bytes", R"((memory (export "memory") 16)
      (func (export "_start") (loop (drop (call $random (i32.const 0) (i32.const 0x10000))) (br 0))))"},
    {"yields", R"((memory (export "memory") 1) (func (export "_start") (loop (drop (call $yield)) (br 0))))"},
    {"a long sleep", R"((memory (export "memory") 1)
      (data (i32.const 24) "\ff\ff\ff\ff\ff\ff\ff\00") (data (i32.const 16) "\01")
      (func (export "_start") (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
        (loop (br 0))))"},
    {"short sleeps", R"((memory (export "memory") 1)
      (data (i32.const 24) "\00\40") (data (i32.const 16) "\01")
      (func (export "_start")
        (loop (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))) (br 0))))"},
    {"a wait", R"((memory (export "memory") 1 1 shared)
      (func (export "_start") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0x7fffffffffffffff)))
        (loop (br 0))))"},
    {"growing memory", R"((memory (export "memory") 1 64)
      (func $fill (loop (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then
        (memory.fill (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536)) (i32.const 7) (i32.const 65536))
        (br 1)))))
      (func (export "_start") (call $fill)
        (loop (memory.fill (i32.const 0) (i32.const 3) (i32.const 0x100000)) (br 0))))"},
    {"growing tables", R"((memory (export "memory") 1) (table 1 funcref)
      (func (export "_start") (loop (drop (table.grow (ref.null func) (i32.const 1000))) (br 0))))"},
    {"garbage", R"((memory (export "memory") 1)
      (type $node (struct (field (mut (ref null $node))) (field i64)))
      (func (export "_start") (local $list (ref null $node)) (local $n i32)
        (loop
          (local.set $list (struct.new $node (local.get $list) (i64.const 5)))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (if (i32.eqz (i32.and (local.get $n) (i32.const 0xfff))) (then (local.set $list (ref.null $node))))
          (br 0))))"},
    {"exceptions", R"((memory (export "memory") 1) (tag $e)
      (func $deep (param i32)
        (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (throw $e))))
      (func (export "_start") (loop (block (try_table (catch_all 0) (call $deep (i32.const 50)))) (br 0))))"},
    {"recursion", R"((memory (export "memory") 1)
      (func $deep (param i32) (result i32)
        (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
          (else (i32.const 0))))
      (func (export "_start") (loop (drop (call $deep (i32.const 5000))) (br 0))))"},
    {"files", R"((memory (export "memory") 1) (data (i32.const 256) "tmp/file0")
      (func (export "_start") (local $n i32)
        (loop
          (i32.store8 (i32.const 264) (i32.add (i32.const 0x61) (i32.and (local.get $n) (i32.const 15))))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (if (i32.eqz (call $open (i32.const 3) (i32.const 0) (i32.const 256) (i32.const 9) (i32.const 9)
                (i64.const 0x6e) (i64.const 0) (i32.const 0) (i32.const 64)))
            (then
              (i32.store (i32.const 128) (i32.const 1024)) (i32.store (i32.const 132) (i32.const 30000))
              (drop (call $write (i32.load (i32.const 64)) (i32.const 128) (i32.const 1) (i32.const 72)))
              (if (i32.and (local.get $n) (i32.const 1)) (then (drop (call $close (i32.load (i32.const 64))))))))
          (br 0))))"},
};

// A module whose compilation takes long: many functions, or one large function.
std::string long_module(bool has_many_functions) {
  std::string text = "(module " + std::string(kCommon) + R"((memory (export "memory") 1) (func (export "_start"))";
  for (int i = 0; i < 400; ++i) {
    text += has_many_functions ? ") (func (param i32) (result i32) (local.get 0)" : " (i32.const 1)";
    for (int j = 0; j < 20; ++j) text += "(i32.const " + std::to_string(i * j) + ") (i32.mul)";
    if (!has_many_functions) text += " (drop)";
  }
  return text + "))";
}

// What all runs share.
struct Shared {
  std::unique_ptr<runtime::Engine> engine;
  BootConfig boot;
  std::vector<std::string_view> names;
  std::vector<std::vector<std::byte>> modules;
};

Result<Shared> make_shared_parts() {
  Shared shared;
  shared.engine = CAIRN_TRY(runtime::Engine::create(CAIRN_TRY(runtime::configure_engine(shared.boot))));
  for (const Victim& victim : kVictims) {
    const std::string text = "(module " + std::string(kCommon) + std::string(victim.text) + ")";
    shared.modules.push_back(CAIRN_TRY(wasm::text::assemble(text, victim.name)));
    shared.names.push_back(victim.name);
  }
  for (const bool many : {true, false}) {
    shared.modules.push_back(CAIRN_TRY(wasm::text::assemble(long_module(many), "long")));
    shared.names.push_back(many ? "compiling many functions" : "compiling a large function");
  }
  return shared;
}

// One program that is started and killed.
class VictimFiber final : public Fiber {
 public:
  VictimFiber(Shared& shared, size_t which) : shared_(shared), which_(which), module_(shared.modules[which]) {
    program_.config.name = "victim";
    program_.config.arguments = {"victim"};
    program_.config.preopens = {{.name = "/", .path = "/"}};
    program_.config.standard_files = "/";
  }
  void kill() {
    killed_at_ = nanoseconds_since_boot();
    kill_switch_.kill();
  }
  // How many nanoseconds after kill() the program had ended, with everything that it owned.
  [[nodiscard]] uint64_t lateness() const { return ended_at_ - std::min(killed_at_, ended_at_); }
  [[nodiscard]] bool was_killed() const { return was_killed_; }
  [[nodiscard]] std::string_view name() const { return shared_.names[which_]; }
  [[nodiscard]] const std::string& outcome() const { return outcome_; }

 private:
  void run() override {
    wasi::PhaseTimes times;
    Allowances allowances;
    auto running = std::make_unique<RunningProgram>(allowances);
    const ProgramJob job{*shared_.engine, module_, program_, shared_.boot};
    const wasi::LimitedRun ended = run_once(job, *running, times, kill_switch_);
    running.reset();
    was_killed_ = ended.time_end == runtime::TimeEnd::kill;
    if (!was_killed_) {
      outcome_ = !ended.result        ? ended.result.error().to_string()
                 : ended.result->trap ? ended.result->trap->to_string()
                                      : "ended by itself";
    }
    ended_at_ = nanoseconds_since_boot();
  }

  Shared& shared_;
  size_t which_;
  wasi::SharedModule module_;
  BundledProgram program_;
  wasi::KillSwitch kill_switch_;
  uint64_t killed_at_ = 0, ended_at_ = 0;
  bool was_killed_ = false;
  std::string outcome_;
};

// The kill that took longest.
struct Latest {
  uint64_t lateness = 0;  // nanoseconds
  std::string_view name;
};

// Starts some programs at once and kills each at a random moment.
void kill_some(TestRun& run, Shared& shared, std::minstd_rand& random, size_t first, size_t count, Latest& latest) {
  constexpr uint64_t kLongest = 4'000'000;  // nanoseconds until a program is killed
  std::vector<std::unique_ptr<VictimFiber>> fibers;
  for (size_t i = 0; i < count; ++i) {
    fibers.push_back(std::make_unique<VictimFiber>(shared, (first + i) % shared.modules.size()));
    const bool starts = start(*fibers.back()).has_value();
    run.expect(starts, "a program does not start");
    if (!starts) fibers.pop_back();
  }
  std::ranges::shuffle(fibers, random);
  for (const auto& fiber : fibers) {
    sleep_until(nanoseconds_since_boot() + random() % kLongest);
    fiber->kill();
  }
  for (const auto& fiber : fibers) {
    join(*fiber);
    if (fiber->lateness() > latest.lateness) latest = {.lateness = fiber->lateness(), .name = fiber->name()};
    const bool may_end = fiber->name().starts_with("compiling");
    if (fiber->was_killed() || (may_end && fiber->outcome() == "ended by itself")) continue;
    log_error(Subsystem::test, "kills: ", fiber->name(), ": ", fiber->outcome());
    run.expect(false, "a program was not killed");
  }
}

// Kills at least `kills` programs of one engine, and drops the engine.
void kill_programs(TestRun& run, size_t kills, std::minstd_rand& random, Latest& latest) {
  auto shared = make_shared_parts();
  run.expect(shared.has_value(), shared ? "" : shared.error().message);
  if (!shared) return;
  const size_t at_once = cpu_count() + 2;
  for (size_t killed = 0; killed < kills; killed += at_once) kill_some(run, *shared, random, killed, at_once, latest);
}

void check_kills(TestRun& run, size_t kills) {
  std::minstd_rand random(static_cast<unsigned>(nanoseconds_since_boot()));
  Latest latest;
  kill_programs(run, 20, random, latest);  // not counted, because the kernel keeps objects that it makes on first use
  const Account before = Account::now();
  kill_programs(run, kills, random, latest);
  run.expect_nothing(Account::now().difference(before));
  run.expect(promises_are_exact(), "the promised frames are wrong");
  log_info(Subsystem::test, "kills: the last of ", kills, " programs had ended after ", latest.lateness / 1000,
           " us: ", latest.name);
  const LongestDelay delay = longest_delay();
  log_info(Subsystem::test, "kills: kernel code kept a CPU for ", delay.nanoseconds / 1000, " us at most, last in ",
           find_symbol(delay.pc).name);
}

}  // namespace

void test_kills(TestRun& run) { check_kills(run, 60); }

int run_kill_tests(std::string_view command_line) {
  const size_t kills = parse_number(boot_option(command_line, "kills")).value_or(1000);
  TestRun run;
  run.begin("kills");
  check_kills(run, kills);
  run.end();
  LogLine line;
  line << run.passed() << " passed, " << run.failed() << " failed\n";
  console::write(Port::standard_output, line.text());
  write_raw(line.text());
  return run.failed() == 0 ? 0 : 1;
}

}  // namespace cairn::kernel
