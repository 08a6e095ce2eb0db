// Tests which assertions of a script pass and which fail, and what the line about a failure says.
#include "testing/wast/script_runner.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/configure.hpp"

namespace cairn::runtime {
namespace {

struct Observed {
  ScriptTotals totals;
  std::vector<std::string> lines;
};

Observed run_script(std::string_view source) {
  Observed outcome;
  auto engine = Engine::create(*configure_engine(BootConfig{}));
  EXPECT_TRUE(engine);
  ScriptRunner runner(**engine, [&](std::string_view line) { outcome.lines.emplace_back(line); });
  runner.run("test.wast", source);
  outcome.totals = runner.totals();
  return outcome;
}

constexpr std::string_view kModule = R"(
  (module $m
    (func (export "seven") (result i32) (i32.const 7))
    (func (export "nan") (result f32) (f32.const nan:0x200000))
    (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
    (func (export "null") (result funcref) (ref.null func)))
)";

// Checks that the assertion is the only one that fails, with one line that contains `why`.
void expect_failure(std::string_view assertion, std::string_view why) {
  const Observed outcome = run_script(std::string(kModule) + std::string(assertion));
  EXPECT_EQ(outcome.totals.passed, 0u) << assertion;
  EXPECT_EQ(outcome.totals.failed, 1u) << assertion;
  ASSERT_EQ(outcome.lines.size(), 1u) << assertion;
  EXPECT_TRUE(outcome.lines[0].contains(why)) << outcome.lines[0];
  EXPECT_TRUE(outcome.lines[0].starts_with("test.wast:7: ")) << outcome.lines[0];
}

TEST(ScriptRunner, CountsWhatWasObserved) {
  const Observed outcome = run_script(std::string(kModule) + R"(
    (assert_return (invoke "seven") (i32.const 7))
    (assert_return (invoke "seven") (either (i32.const 6) (i32.const 7)))
    (assert_return (invoke "nan") (f32.const nan:0x200000))
    (assert_return (invoke "null") (ref.null func))
    (assert_trap (invoke "divide" (i32.const 0)) "integer divide by zero")
    (assert_invalid (module (func (result i32))) "type mismatch")
    (assert_malformed (module quote "(func ") "unexpected token")
    (assert_unlinkable (module (import "spectest" "nothing" (func))) "unknown import"))");
  EXPECT_EQ(outcome.totals.passed, 8u);
  EXPECT_EQ(outcome.totals.failed, 0u) << outcome.lines[0];
}

TEST(ScriptRunner, WrongResultsFail) {
  expect_failure(R"((assert_return (invoke "seven") (i32.const 8)))", "returned [i32:7");
  expect_failure(R"((assert_return (invoke "seven") (i64.const 7)))", "returned [i32:7");
  expect_failure(R"((assert_return (invoke "seven")))", "returned [i32:7");
  expect_failure(R"((assert_return (invoke "seven") (either (i32.const 6) (i32.const 8))))", "returned [i32:7");
  expect_failure(R"((assert_return (invoke "nan") (f32.const nan:canonical)))", "returned [f32");
  expect_failure(R"((assert_return (invoke "nan") (f32.const nan:arithmetic)))", "returned [f32");
  expect_failure(R"((assert_return (invoke "null") (ref.func)))", "returned [");
  expect_failure(R"((assert_return (invoke "divide" (i32.const 0)) (i32.const 0)))", "integer divide by zero");
}

TEST(ScriptRunner, OtherTrapsAndRefusalsFail) {
  expect_failure(R"((assert_trap (invoke "divide" (i32.const 0)) "integer overflow"))", "integer divide by zero");
  expect_failure(R"((assert_trap (invoke "seven") "unreachable"))", "expected trap");
  expect_failure(R"((assert_exhaustion (invoke "seven") "call stack exhausted"))", "expected trap");
  expect_failure(R"((assert_exception (invoke "seven")))", "expected an exception");
  expect_failure(R"((assert_exception (invoke "divide" (i32.const 0))))", "expected an exception");
  expect_failure(R"((assert_invalid (module (func)) "type mismatch"))", "was accepted");
  expect_failure(R"((assert_invalid (module (func (result i32))) "unknown local"))", "type mismatch");
  // An invalid module is not malformed, and a malformed one is not invalid.
  expect_failure(R"-((assert_malformed (module quote "(func (result i32))") "type mismatch"))-", "type mismatch");
  expect_failure(R"-((assert_invalid (module quote "(func") "unexpected token"))-", "unexpected");
  expect_failure(R"((assert_unlinkable (module) "unknown import"))", "was instantiated");
  expect_failure(R"((assert_unlinkable (module (import "spectest" "print" (global i32))) "unknown import"))",
                 "incompatible");
  expect_failure(R"((invoke "divide" (i32.const 0)))", "integer divide by zero");
  expect_failure(R"((invoke "missing"))", "no function");
}

// Scripts of wasmtime's tests import from named instances.
TEST(ScriptRunner, NamedInstancesCanBeImportedFrom) {
  const Observed outcome = run_script(std::string(kModule) + R"(
    (module (import "m" "seven" (func $f (result i32))) (func (export "g") (result i32) (call $f)))
    (assert_return (invoke "g") (i32.const 7))
    (module $other (func (export "seven") (result i32) (i32.const 8)))
    (register "m" $other)
    (module $m (func (export "seven") (result i32) (i32.const 9)))
    (module (import "m" "seven" (func $f (result i32))) (func (export "g") (result i32) (call $f)))
    (assert_return (invoke "g") (i32.const 8)))");
  EXPECT_EQ(outcome.totals.passed, 2u);
  EXPECT_EQ(outcome.totals.failed, 0u) << outcome.lines[0];
}

TEST(ScriptRunner, ScriptsCanCollect) {
  const Observed outcome = run_script(R"(
    (module
      (import "wasmtime" "gc" (func $gc))
      (type $cell (struct (field i32)))
      (global $kept (mut (ref null $cell)) (ref.null $cell))
      (func (export "collect") (result i32)
        (global.set $kept (struct.new $cell (i32.const 5)))
        (call $gc)
        (struct.get $cell 0 (global.get $kept))))
    (assert_return (invoke "collect") (i32.const 5)))");
  EXPECT_EQ(outcome.totals.passed, 1u);
  EXPECT_EQ(outcome.totals.failed, 0u) << outcome.lines[0];
}

}  // namespace
}  // namespace cairn::runtime
