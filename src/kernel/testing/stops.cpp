#include "kernel/testing/stops.hpp"

#include <array>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/fibers/scheduler.hpp"
#include "kernel/log/log.hpp"
#include "kernel/program/supervisor.hpp"
#include "kernel/testing/account.hpp"
#include "kernel/time/clock.hpp"
#include "wasi/system/pipe.hpp"
#include "wasm/text/text.hpp"

namespace cairn::kernel {
namespace {

constexpr uint64_t kLongWait = 30'000'000'000;

// The programs, in the order of their modules.
enum Module : size_t { polls, ends, writes, reads };
constexpr std::array kModules = {
    // Ends when it is asked to.
    R"((import "cairn:system" "stop_requested" (func $stop_requested (param i64) (result i32)))
       (memory (export "memory") 1)
       (func (export "_start") (loop (br_if 0 (call $stop_requested (i64.const 1000000000))))))",
    R"((memory (export "memory") 1) (func (export "_start")))",
    // Writes 5,000 bytes again and again until that fails.
    R"((import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
       (memory (export "memory") 1) (data (i32.const 0) "\00\01\00\00\88\13\00\00")
       (func (export "_start")
         (loop (br_if 0 (i32.eqz (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))))",
    // Reads until the end.
    R"((import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
       (memory (export "memory") 1) (data (i32.const 0) "\00\01\00\00\d0\07\00\00")
       (func (export "_start") (loop
         (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)) (then unreachable))
         (br_if 0 (i32.load (i32.const 16))))))",
};

class StopTest {
 public:
  explicit StopTest(TestRun& run) : run_(run) {}

  [[nodiscard]] bool create() {
    for (const std::string_view text : kModules) {
      auto bytes = wasm::text::assemble("(module " + std::string(text) + ")", "stops");
      run_.expect(bytes.has_value(), "a module is wrong");
      if (!bytes) return false;
      bytes_.push_back(*std::move(bytes));
    }
    for (const auto& bytes : bytes_) bundle_.modules.emplace_back(bytes);
    for (const Module module : {polls, ends}) {
      bundle_.programs.push_back(program(module));
      bundle_.programs.back().config.restart = Restart::always;
    }
    auto supervisor = Supervisor::create(bundle_);
    run_.expect(supervisor.has_value(), "there is no memory for the programs");
    if (!supervisor) return false;
    supervisor_ = *std::move(supervisor);
    return true;
  }

  // Programs that start again are stopped before, in and between their runs.
  void stop_programs(std::minstd_rand& random) {
    supervisor_->start_all();
    pause(random, 300'000'000);
    for (size_t i = 0; i < supervisor_->count(); ++i) supervisor_->request_stop(i);
    expect_ends(0);
  }

  // A pipeline is ended at one of its ends.
  void end_pipeline(std::minstd_rand& random) {
    auto pipe = wasi::make_pipe();
    run_.expect(pipe.writer != nullptr, "there is no memory for a pipe");
    const BundledProgram writer = program(writes), reader = program(reads);
    const bool started =
        supervisor_->start_another(writer, {}, {.input = nullptr, .output = std::move(pipe.writer)}).has_value() &&
        supervisor_->start_another(reader, {}, {.input = std::move(pipe.reader), .output = nullptr}).has_value();
    run_.expect(started, "a pipeline does not start");
    pause(random, 5'000'000);
    switch (random() % 3) {
      case 0: supervisor_->kill(0); break;                         // the reader finds the end
      case 1: supervisor_->kill(supervisor_->count() - 1); break;  // the writer gets an error
      case 2:
        supervisor_->request_stop(supervisor_->count() - 1);
        break;  // the reader ends, and so the writer gets an error
    }
    expect_all_end();
  }

 private:
  static BundledProgram program(Module module) {
    BundledProgram program;
    program.config.name = "program";
    program.config.module = static_cast<uint32_t>(module);
    return program;
  }
  static void pause(std::minstd_rand& random, uint64_t longest) {
    sleep_until(nanoseconds_since_boot() + random() % longest);
  }
  // Waits until all programs have ended, and forgets them.
  void expect_all_end() {
    while (supervisor_->count() != 0) {
      const bool ended = supervisor_->wait(0, nanoseconds_since_boot() + kLongWait);
      run_.expect(ended, "a program does not end");
      if (!ended) supervisor_->kill(0);
      (void)supervisor_->wait(0, Fiber::kNever);
      supervisor_->forget(0);
    }
  }
  void expect_ends(int status) {
    for (size_t i = 0; i < supervisor_->count(); ++i) {
      const bool ended = supervisor_->wait(i, nanoseconds_since_boot() + kLongWait);
      run_.expect(ended && supervisor_->status(i).status == status,
                  "a program that is asked to stop does not end well");
    }
    expect_all_end();
  }

  TestRun& run_;
  std::vector<std::vector<std::byte>> bytes_;
  Bundle bundle_;
  std::unique_ptr<Supervisor> supervisor_;
};

void stop_some(TestRun& run, std::minstd_rand& random, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    StopTest test(run);
    if (!test.create()) return;
    test.stop_programs(random);
    for (int i = 0; i < 4; ++i) test.end_pipeline(random);
  }
}

}  // namespace

void test_stops(TestRun& run) {
  std::minstd_rand random(static_cast<unsigned>(nanoseconds_since_boot()));
  stop_some(run, random, 6);  // not counted, because the kernel keeps objects that it makes on first use
  const Account before = Account::now();
  stop_some(run, random, 8);
  run.expect_nothing(Account::now().difference(before));
}

}  // namespace cairn::kernel
