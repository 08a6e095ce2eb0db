// Tests exceptions in one instance: backtraces, the state that handlers see, payloads, traps, deep stacks.
#include <gtest/gtest.h>

#include "testing/runtime/runtime_test.hpp"

namespace cairn::runtime {
namespace {

class Exceptions : public RuntimeTest {
 protected:
  Exceptions() : RuntimeTest(size_t{16} << 20) {}
};

TEST_F(Exceptions, UncaughtAreValuesWithTheirBacktrace) {
  const Instance instance = instantiate(R"((module
    (tag $t (export "oops") (param i32 i64 f64 v128 f32))
    (func $inner (throw $t (i32.const -1) (i64.const 2) (f64.const 3) (v128.const i64x2 4 5) (f32.const 6)))
    (func $outer (call $inner))
    (func (export "run") (call $outer))))");
  auto result = invoke(instance, "run");
  ASSERT_FALSE(result);
  const Trap& trap = result.error();
  EXPECT_EQ(trap.kind, wasm::TrapKind::uncaught_exception);
  ASSERT_TRUE(trap.exception);
  EXPECT_EQ(trap.exception->tag, *get_export_as<Tag>(*store_, instance, "oops"));
  ASSERT_EQ(trap.exception->payload.size(), 5);
  EXPECT_EQ(trap.exception->payload[0].as_i32(), -1);
  EXPECT_EQ(trap.exception->payload[1].as_i64(), 2);
  EXPECT_EQ(trap.exception->payload[2].as_f64(), 3);
  EXPECT_EQ(trap.exception->payload[3].low(), 4);
  EXPECT_EQ(trap.exception->payload[3].high(), 5);
  EXPECT_EQ(trap.exception->payload[4].as_f32(), 6);
  EXPECT_TRUE(trap.what().starts_with("uncaught exception: oops(i32 -1, i64 2, f64 ")) << trap.what();
  ASSERT_EQ(trap.frames.size(), 3);
  EXPECT_EQ(trap.frames[0].function_name, "inner");
  EXPECT_EQ(trap.frames[1].function_name, "outer");
}

TEST_F(Exceptions, TheBacktraceBeginsAtTheThrowThoughHandlersPassItOn) {
  const Instance instance = instantiate(R"((module
    (tag $t (param i32)) (tag $other)
    (func $throw (throw $t (i32.const 1)))
    (func $filter (block $h (try_table (catch $other $h) (call $throw))))
    (func $twice (block $h (try_table (catch $other $h) (call $filter))))
    (func (export "run") (call $twice))))");
  auto result = invoke(instance, "run");
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().frames.size(), 4);
  EXPECT_EQ(result.error().frames[0].function_name, "throw");
  EXPECT_EQ(result.error().frames[1].function_name, "filter");
  EXPECT_EQ(result.error().frames[2].function_name, "twice");
}

TEST_F(Exceptions, LocalsAtTheHandlerAreAsOfTheCall) {
  const Instance instance = instantiate(R"((module
    (tag $t)
    (func $maybe (param i32 i32) (if (i32.eq (local.get 0) (local.get 1)) (then (throw $t))))
    (func (export "run") (param $n i32) (result i32)
      (local $a i32) (local $b i64) (local $f f64) (local $i i32)
      (local.set $a (i32.const 1)) (local.set $b (i64.const 10)) (local.set $f (f64.const 100))
      (block $h
        (try_table (catch $t $h)
          (call $maybe (local.get $n) (i32.const 0))
          (local.set $a (i32.const 2))
          (call $maybe (local.get $n) (i32.const 1))
          (local.set $b (i64.const 20))
          (call $maybe (local.get $n) (i32.const 2))
          (local.set $f (f64.const 200))
          (loop $l
            (call $maybe (local.get $n) (i32.add (i32.const 3) (local.get $i)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 1000)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 5))))
          (local.set $a (i32.const 0))))
      (i32.add (local.get $a) (i32.add (i32.wrap_i64 (local.get $b)) (i32.trunc_f64_s (local.get $f)))))))");
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(0)}), 111);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(1)}), 112);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(2)}), 122);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(3)}), 222);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(6)}), 3222);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(99)}), 220);
}

// Values of all types are live at the handler. Some of them are in callee-saved registers, which the frames between
// throw and handler use as well.
TEST_F(Exceptions, RegistersAreRestored) {
  const Instance instance = instantiate(R"((module
    (tag $t (param i32))
    (global $g (mut i32) (i32.const 7))
    (func $deep (param i32 i32 i32 i32 i32 i32) (result i32)
      (local $x i32)
      (local.set $x (i32.mul (local.get 0) (i32.const 3)))
      (if (i32.eqz (local.get 0)) (then (throw $t (local.get 1))))
      (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 1))
                           (local.get 3) (local.get 2) (local.get 5) (local.get 4))
        (i32.add (local.get $x) (i32.add (i32.add (local.get 1) (local.get 2)) (i32.add (local.get 3) (i32.add
            (local.get 4) (local.get 5)))))))
    (func (export "run") (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 f64 f64 f32 f32 v128) (result i64)
      (local $caught i32)
      (block $done
        (local.set $caught (block $h (result i32)
          (try_table (catch $t $h)
            (drop (call $deep (i32.const 5) (i32.const 100) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4))))
          (br $done))))
      (i64.add (i64.extend_i32_u (local.get $caught))
      (i64.add (i64.extend_i32_u (i32.add (i32.add (i32.add (local.get 0) (local.get 1)) (i32.add (local.get 2)
          (local.get 3)))
                        (i32.add (i32.add (local.get 4) (local.get 5)) (i32.add (local.get 6) (local.get 7)))))
        (i64.add (i64.add (local.get 8) (local.get 9))
          (i64.add (i64.trunc_f64_s (f64.add (local.get 10) (local.get 11)))
            (i64.add (i64.trunc_f32_s (f32.add (local.get 12) (local.get 13))) (i64x2.extract_lane 1
                (local.get 14))))))))))");
  std::vector<Val> arguments;
  for (int i = 0; i < 8; ++i) arguments.push_back(Val::i32(1 << i));
  arguments.push_back(Val::i64(1 << 8));
  arguments.push_back(Val::i64(1 << 9));
  arguments.push_back(Val::f64(1 << 10));
  arguments.push_back(Val::f64(1 << 11));
  arguments.push_back(Val::f32(1 << 12));
  arguments.push_back(Val::f32(1 << 13));
  arguments.push_back(Val::v128(77, 1 << 14));
  auto result = invoke(instance, "run", arguments);
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->at(0).as_i64(), (1 << 15) - 1 + 105);
}

// A call in a try_table has results that do not fit registers.
TEST_F(Exceptions, CallsInRegionsHaveResultsInMemory) {
  const Instance instance = instantiate(R"((module
    (tag $t (param i32 i32))
    (func $many (param i32) (result i32 i64 i32 i64 i32 i64 i32 i64 f64 v128)
      (if (local.get 0) (then (throw $t (i32.const 40) (i32.const 2))))
      i32.const 1 i64.const 2 i32.const 3 i64.const 4 i32.const 5 i64.const 6 i32.const 7 i64.const 8 f64.const 9
      v128.const i64x2 10 11)
    (func (export "run") (param i32) (result i32)
      (block $h (result i32 i32)
        (try_table (catch $t $h)
          (call $many (local.get 0))
          i64x2.extract_lane 1 i32.wrap_i64
          return)
        unreachable)
      i32.add)))");
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(0)}), 11);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(1)}), 42);
}

TEST_F(Exceptions, TrapsAreNotCaught) {
  const Instance instance = instantiate(R"((module
    (tag $t)
    (memory 1)
    (func $endless (call $endless))
    (func $throw (throw $t))
    (func (export "overflow") (block $h (try_table (catch_all $h) (call $endless))))
    (func (export "divide") (param i32) (result i32)
      (block $h (try_table (catch_all $h) (return (i32.div_u (i32.const 1) (local.get 0)))))
      (i32.const 7))
    (func (export "null") (block $h (try_table (catch_all $h) (throw_ref (ref.null exn)))))
    (func $in_handler (export "in_handler") (result i32)
      (block $h (try_table (catch_all $h) (call $throw)))
      (i32.load (i32.const 65536)))
    (func (export "legacy") (try (do (call $throw)) (catch_all unreachable)))))");
  EXPECT_EQ(trap_of(instance, "overflow"), "call stack exhausted");
  EXPECT_EQ(trap_of(instance, "divide", {Val::i32(0)}), "integer divide by zero");
  EXPECT_EQ(invoke_i32(instance, "divide", {Val::i32(1)}), 1);
  EXPECT_EQ(trap_of(instance, "null"), "null exception reference");
  EXPECT_EQ(trap_of(instance, "in_handler"), "out of bounds memory access");
  auto result = invoke(instance, "in_handler");
  ASSERT_EQ(result.error().frames.size(), 1);
  EXPECT_EQ(result.error().frames[0].function_name, "in_handler");
  EXPECT_EQ(trap_of(instance, "legacy"), "unreachable");
  EXPECT_EQ(trap_of(instance, "overflow"), "call stack exhausted");
}

// Throwing and growing a memory need stack. At the end of the stack they trap.
TEST_F(Exceptions, NeedStackToBeThrown) {
  const Instance instance = instantiate(R"((module
    (tag $t) (memory 1)
    (func $throw (throw $t))
    (func $throwing (export "throwing") (block $h (try_table (catch_all $h) (call $throw))) (call $throwing))
    (func $growing (export "growing") (drop (memory.grow (i32.const 0))) (call $growing))))");
  for (const char* name : {"throwing", "growing"}) {
    auto result = invoke(instance, name);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, wasm::TrapKind::call_stack_exhausted);
    EXPECT_GT(result.error().omitted_frames, 1000u);
  }
}

TEST_F(Exceptions, LeaveDeepRecursion) {
  const Instance instance = instantiate(R"((module
    (tag $t (param i32))
    (func $down (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 5))))
      (i32.add (local.get 0) (call $down (i32.sub (local.get 0) (i32.const 1)))))
    ;; Each frame catches the exception and throws it again.
    (func $relay (param i32) (result i32) (local $e exnref)
      (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 6))))
      (local.set $e (block $h (result exnref)
        (try_table (catch_all_ref $h) (return (i32.add (local.get 0) (call $relay (i32.sub (local.get 0)
            (i32.const 1))))))
        unreachable))
      (throw_ref (local.get $e)))
    (func (export "down") (param i32) (result i32)
      (block $h (result i32)
        (try_table (catch $t $h) (return (call $down (local.get 0))))
        unreachable))
    (func (export "relay") (param i32) (result i32)
      (block $h (result i32)
        (try_table (catch $t $h) (return (call $relay (local.get 0))))
        unreachable))))");
  EXPECT_EQ(invoke_i32(instance, "down", {Val::i32(100'000)}), 5);
  EXPECT_EQ(invoke_i32(instance, "relay", {Val::i32(100'000)}), 6);
}

TEST_F(Exceptions, InStartFunctions) {
  const Outcome<Instance> instance = linker_->instantiate(compile(R"((module
    (tag $t (export "t") (param i32))
    (func $start (throw $t (i32.const 3)))
    (start $start)))"));
  ASSERT_FALSE(instance);
  ASSERT_TRUE(instance.error().trap);
  EXPECT_EQ(instance.error().trap->kind, wasm::TrapKind::uncaught_exception);
  ASSERT_TRUE(instance.error().trap->exception);
  EXPECT_EQ(instance.error().trap->exception->payload.at(0).as_i32(), 3);
}

TEST_F(Exceptions, FunctionReferencesArePayload) {
  const Instance instance = instantiate(R"((module
    (type $f (func (result i32)))
    (tag $t (param funcref i32 (ref $f)))
    (func $a (result i32) (i32.const 20))
    (func $b (result i32) (i32.const 3))
    (elem declare func $a $b)
    (func $throw (throw $t (ref.null func) (i32.const 100) (ref.func $a)))
    (func (export "run") (result i32) (local $r (ref null $f)) (local $n i32) (local $null funcref)
      (block $h (result funcref i32 (ref $f))
        (try_table (catch $t $h) (call $throw))
        unreachable)
      (local.set $r) (local.set $n) (local.set $null)
      (i32.add (i32.add (call_ref $f (local.get $r)) (local.get $n)) (ref.is_null (local.get $null))))))");
  EXPECT_EQ(invoke_i32(instance, "run"), 121);
}

TEST_F(Exceptions, HostValuesArePayload) {
  const Instance instance = instantiate(R"((module
    (tag $t (export "t") (param externref i32 exnref))
    (func $throw (export "throw") (param externref) (throw $t (local.get 0) (i32.const 1) (ref.null exn)))
    (func (export "run") (param externref) (result externref) (local $r externref)
      (block $h (result externref i32 exnref)
        (try_table (catch $t $h) (call $throw (local.get 0)))
        unreachable)
      drop drop)))");
  auto caught = invoke(instance, "run", {Val::externref(77)});
  ASSERT_TRUE(caught) << caught.error().to_string();
  EXPECT_EQ(caught->at(0).as_externref(), 77);
  auto thrown = invoke(instance, "throw", {Val::externref(78)});
  ASSERT_FALSE(thrown);
  ASSERT_TRUE(thrown.error().exception);
  EXPECT_EQ(thrown.error().exception->payload.at(0).as_externref(), 78);
  EXPECT_TRUE(thrown.error().exception->payload.at(2).is_null());
}

// The exception is caught in the function that throws it.
TEST_F(Exceptions, StayInTheFunction) {
  const Instance instance = instantiate(R"((module
    (tag $a (param i32)) (tag $b (param i64))
    (func (export "run") (param i32) (result i32) (local $x i32)
      (i32.wrap_i64 (block $hb (result i64)
        (block $ha (result i32)
          (try_table (catch $b $hb)
            (try_table (catch $a $ha)
              (local.set $x (i32.const 10))
              (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $a (i32.const 1))))
              (local.set $x (i32.const 20))
              (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $b (i64.const 2)))))
            (local.set $x (i32.const 30)))
          (return (local.get $x)))
        (return (i32.add (i32.const 100) (i32.add (local.get $x))))))
      (i32.add (i32.const 200) (i32.add (local.get $x))))))");
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(0)}), 30);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(1)}), 111);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(2)}), 222);
}

}  // namespace
}  // namespace cairn::runtime
