// Tests trials: the outcomes that they report, and the limits on memory and time.
#include "testing/trial/trial.hpp"

#include <gtest/gtest.h>

#include "runtime/configure.hpp"
#include "wasi/fake_system.hpp"
#include "wasm/text/text.hpp"

namespace cairn::wasi {
namespace {

std::string try_text(std::string_view text, uint64_t milliseconds = 10'000) {
  auto bytes = wasm::text::assemble(text, "test.wat");
  EXPECT_TRUE(bytes) << bytes.error().to_string();
  FakeSystem system;
  return try_module(*runtime::configure_engine(BootConfig{}), std::move(*bytes), system, {},
                    within(milliseconds * 1'000'000));
}

TEST(Trial, SuppliesImportsAndCallsExports) {
  EXPECT_EQ(try_text(R"((module
    (import "a" "f" (func $f (param i64) (result f64 i32 funcref)))
    (import "a" "m" (memory 1))
    (import "a" "t" (table 3 funcref))
    (import "a" "g" (global $g (mut i64)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (func (export "f") (drop (drop (drop (call $f (i64.const 1))))))
    (func (export "y") (result i32) (call $yield))
    (func (export "trap") (param i32 f32) (unreachable))))"),
            "ran 3 calls, 1 traps: unreachable");
}

TEST(Trial, SaysWhyNot) {
  EXPECT_EQ(try_text("(module (memory 1000))"), "not run: a memory is too large for a trial");
  EXPECT_EQ(try_text("(module (table 1000000 funcref))"), "not run: a table is too large for a trial");
  EXPECT_EQ(try_text("(module (func $s unreachable) (start $s))"), "not instantiated: unreachable");
  EXPECT_TRUE(try_text("(module (func (result i32)))").starts_with("not run: type mismatch"));
}

TEST(Trial, MemoriesStopAtTheLimit) {
  EXPECT_EQ(try_text(R"((module (memory 1)
    (func (export "grow") (if (i32.ne (memory.grow (i32.const 1000)) (i32.const -1)) (then unreachable)))
    (func (export "grow less") (if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable)))))"),
            "ran 2 calls, 0 traps");
}

// A loop, a loop around a builtin, a loop around a host function and an exponential recursion are all ended, and after
// each the next call works.
TEST(Trial, EndsWhatRunsForEver) {
  EXPECT_EQ(try_text(R"((module
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (memory 1)
    (func (export "loop") (loop (br 0)))
    (func (export "builtin") (loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 100)) (br 0)))
    (func (export "host") (loop (drop (call $yield)) (br 0)))
    (func $fib (param i32) (result i32)
      (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0)
            (i32.const 2)))))))
    (func (export "calls") (result i32) (call $fib (i32.const 60)))))",
                     50),
            "ran 4 calls, 4 traps: interrupted");
}

TEST(Trial, SleepingTakesNoTime) {
  FakeSystem machine;
  SleeplessSystem system(machine);
  system.sleep_until(machine.time + 5);
  system.yield();
  EXPECT_EQ(machine.time, 1000u);
  EXPECT_EQ(machine.yields, 0);
  EXPECT_EQ(system.now(ClockId::realtime), FakeSystem::kEpoch + 1000);
}

TEST(Trial, WaitsEndWithTheLimit) {
  EXPECT_EQ(try_text(R"((module (memory 1 1 shared)
    (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 0)
        (i64.const 0x7fffffffffffffff)))))",
                     50)
                .substr(0, 11),
            "ran 1 calls");
}

}  // namespace
}  // namespace cairn::wasi
