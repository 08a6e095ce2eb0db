#include "wasi/supervision/kill_switch.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <thread>

#include "runtime/configure.hpp"
#include "wasi/fake_system.hpp"
#include "wasi/supervision/limited_run.hpp"
#include "wasm/text/text.hpp"

namespace cairn::wasi {
namespace {

std::vector<std::byte> assemble(std::string_view body) {
  auto bytes =
      wasm::text::assemble("(module " + std::string(body) + " (memory (export \"memory\") 1 1 shared))", "test");
  EXPECT_TRUE(bytes.has_value());
  return bytes ? *bytes : std::vector<std::byte>{};
}

LimitedRun run_module(const std::vector<std::byte>& bytes, const ProgramConfig& config, KillSwitch& kill_switch) {
  FakeSystem system;
  Context context(system);
  auto settings = runtime::configure_engine(BootConfig{});
  auto engine = runtime::Engine::create(*settings);
  return run_limited(config, kill_switch, [&](runtime::TimeLimit& limit) -> Result<ProgramResult> {
    PhaseTimes times;
    auto program = CAIRN_TRY(Program::load(**engine, bytes, context, {}, times));
    return program->run(limit, times);
  });
}

class KillAtAnyMoment : public testing::TestWithParam<const char*> {};

TEST_P(KillAtAnyMoment, EndsTheProgram) {
  const std::vector<std::byte> bytes = assemble(GetParam());
  std::minstd_rand random(1);
  for (int round = 0; round < 20; ++round) {
    KillSwitch kill_switch;
    LimitedRun run = LimitedRun::failed(Error::of(ErrorKind::usage, "did not run"));
    std::thread program([&] { run = run_module(bytes, {}, kill_switch); });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 5000));
    kill_switch.kill();
    program.join();
    EXPECT_TRUE(kill_switch.is_killed());
    EXPECT_EQ(run.time_end, runtime::TimeEnd::kill);
    EXPECT_EQ(run.message, "cairn: the program was killed\n");
    ASSERT_TRUE(run.result.has_value() && run.result->trap.has_value());
    EXPECT_EQ(run.result->trap->kind, wasm::TrapKind::interrupted);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Guests, KillAtAnyMoment,
    testing::Values(R"((func (export "_start") (loop (br 0))))",
                    R"((import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
                       (func (export "_start") (loop (drop (call $yield)) (br 0))))",
                    R"((func (export "_start") (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))
                       (br 0))))",
                    R"((func (export "_start")
                       (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0x7fffffffffffffff)))
                       (loop (br 0))))"));

TEST(LimitedRun, SaysWhichLimitHasEndedTheProgram) {
  const std::vector<std::byte> loop = assemble(R"((func (export "_start") (loop (br 0))))");
  KillSwitch never;
  ProgramConfig config;
  config.limits.set(Limit::wall_time, 20'000'000);
  EXPECT_EQ(run_module(loop, config, never).message, "cairn: the program has reached its limit of 20 ms\n");
  config = {};
  config.limits.set(Limit::cpu_time, 20'000'000);
  EXPECT_EQ(run_module(loop, config, never).message, "cairn: the program has reached its limit of 20 ms of CPU time\n");
}

TEST(LimitedRun, LeavesAnEndOfItsOwnAlone) {
  KillSwitch never;
  const LimitedRun run = run_module(assemble(R"((func (export "_start")))"), {}, never);
  EXPECT_FALSE(run.time_end.has_value());
  EXPECT_TRUE(run.message.empty());
  EXPECT_TRUE(run.result.has_value() && !run.result->trap);
}

}  // namespace
}  // namespace cairn::wasi
