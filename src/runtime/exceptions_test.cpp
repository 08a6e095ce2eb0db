// Exceptions among tail calls, instances, stores, host functions and traps.
#include <gtest/gtest.h>

#include "platform/platform.hpp"
#include "runtime/testing/runtime_test.hpp"

namespace cairn::runtime {
namespace {

class Exceptions : public RuntimeTest {
 protected:
  Exceptions() : RuntimeTest(size_t{16} << 20) {}
  using RuntimeTest::instantiate;
  Instance instantiate(std::string_view text, std::string_view name) {
    const Instance instance = instantiate(text);
    EXPECT_TRUE(linker_->define_instance(name, instance));
    return instance;
  }
  // env.call: calls the funcref that it is given, by its table index in `table`, and passes on what comes of it.
  void define_call() {
    const auto f = wrap_function(*store_, [this](Caller& caller, int32_t index) -> std::expected<int32_t, Trap> {
      ++host_calls_;
      const auto function = get_export_as<Func>(caller.store(), *callee_, "callee" + std::to_string(index));
      auto result = call(caller.store(), *function, {});
      if (!result) {
        ++host_failures_;
        return std::unexpected(std::move(result.error()));
      }
      return result->at(0).as_i32();
    });
    ASSERT_TRUE(f);
    ASSERT_TRUE(linker_->define("env", "call", *f));
  }

  std::optional<Instance> callee_;
  int host_calls_ = 0;
  int host_failures_ = 0;
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

// More values live than there are callee-saved registers, of all kinds; frames in between that use those registers.
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
        (i32.add (local.get $x) (i32.add (i32.add (local.get 1) (local.get 2)) (i32.add (local.get 3) (i32.add (local.get 4) (local.get 5)))))))
    (func (export "run") (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 f64 f64 f32 f32 v128) (result i64)
      (local $caught i32)
      (block $done
        (local.set $caught (block $h (result i32)
          (try_table (catch $t $h)
            (drop (call $deep (i32.const 5) (i32.const 100) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4))))
          (br $done))))
      (i64.add (i64.extend_i32_u (local.get $caught))
      (i64.add (i64.extend_i32_u (i32.add (i32.add (i32.add (local.get 0) (local.get 1)) (i32.add (local.get 2) (local.get 3)))
                        (i32.add (i32.add (local.get 4) (local.get 5)) (i32.add (local.get 6) (local.get 7)))))
        (i64.add (i64.add (local.get 8) (local.get 9))
          (i64.add (i64.trunc_f64_s (f64.add (local.get 10) (local.get 11)))
            (i64.add (i64.trunc_f32_s (f32.add (local.get 12) (local.get 13))) (i64x2.extract_lane 1 (local.get 14))))))))))");
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

// Results of a call in a region that do not fit registers.
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

constexpr std::string_view kThrower = R"((module
  (tag $t (export "t") (param i32))
  (memory 1) (data (i32.const 0) "\63")
  (func (export "throw") (param i32) (throw $t (local.get 0)))
  (func (export "many") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (throw $t (local.get 11)))))";

TEST_F(Exceptions, CrossInstancesWhoseMemoriesDiffer) {
  instantiate(kThrower, "a");
  const Instance instance = instantiate(R"((module
    (import "a" "t" (tag $t (param i32)))
    (import "a" "throw" (func $throw (param i32)))
    (tag $same_type (param i32))
    (memory 1) (data (i32.const 0) "\2a")
    (table 1 funcref) (elem (i32.const 0) $throw)
    (func (export "direct") (result i32)
      (block $other (result i32)
        (block $h (result i32)
          (try_table (catch $same_type $other) (catch $t $h) (call $throw (i32.const 8)))
          unreachable)
        (i32.add (i32.load8_u (i32.const 0)))
        return)
      drop i32.const -1)
    (func (export "indirect") (result i32)
      (block $h (result i32)
        (try_table (catch $t $h) (call_indirect (param i32) (i32.const 9) (i32.const 0)))
        unreachable)
      (i32.add (i32.load8_u (i32.const 0))))))");
  EXPECT_EQ(invoke_i32(instance, "direct"), 50);
  EXPECT_EQ(invoke_i32(instance, "indirect"), 51);
}

TEST_F(Exceptions, CrossTailCalls) {
  instantiate(kThrower, "a");
  const Instance instance = instantiate(R"((module
    (import "a" "t" (tag $t (param i32)))
    (import "a" "throw" (func $throw (param i32)))
    (import "a" "many" (func $many (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (memory 1) (data (i32.const 0) "\2a")
    (func $tail (param i32) (return_call $throw (local.get 0)))
    (func $tail_many (param i32)
      (return_call $many (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (local.get 0)))
    (func $own (param i32) (throw $t (local.get 0)))
    (func $tail_own (param i32) (return_call $own (local.get 0)))
    ;; The callee of a tail call in a region is not covered by it.
    (func $uncovered (param i32)
      (block $h (try_table (catch_all $h) (return_call $throw (local.get 0)))))
    (func (export "run") (param i32) (result i32)
      (block $h (result i32)
        (try_table (catch $t $h)
          (if (i32.eq (local.get 0) (i32.const 0)) (then (call $tail (i32.const 1))))
          (if (i32.eq (local.get 0) (i32.const 1)) (then (call $tail_many (i32.const 2))))
          (if (i32.eq (local.get 0) (i32.const 2)) (then (call $tail_own (i32.const 3))))
          (if (i32.eq (local.get 0) (i32.const 3)) (then (call $uncovered (i32.const 4)))))
        i32.const 100)
      (i32.add (i32.load8_u (i32.const 0))))))");
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(0)}), 43);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(1)}), 44);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(2)}), 45);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(3)}), 46);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(4)}), 142);
}

constexpr std::string_view kThroughHost = R"((module
  (import "env" "call" (func $call (param i32) (result i32)))
  (tag $t (export "t") (param i32))
  (memory 1) (data (i32.const 0) "\2a")
  (func $throw (export "callee0") (result i32) (throw $t (i32.const 7)))
  (func (export "callee1") (result i32) (call $call (i32.const 0)))
  (func (export "callee2") (result i32) unreachable)
  (func (export "caught") (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $t $h) (return (call $call (local.get 0))))
      unreachable)
    (i32.add (i32.load8_u (i32.const 0))))
  (func (export "all") (param i32) (result i32)
    (block $h (try_table (catch_all $h) (return (call $call (local.get 0)))))
    i32.const 5)
  (func $uncaught (export "uncaught") (param i32) (result i32) (call $call (local.get 0)))))";

TEST_F(Exceptions, PassThroughHostFunctions) {
  define_call();
  const Instance instance = instantiate(kThroughHost);
  callee_ = instance;
  EXPECT_EQ(invoke_i32(instance, "caught", {Val::i32(0)}), 49);
  EXPECT_EQ(host_failures_, 1);
  EXPECT_EQ(invoke_i32(instance, "caught", {Val::i32(1)}), 49);  // through two of them
  EXPECT_EQ(host_failures_, 3);
  EXPECT_EQ(invoke_i32(instance, "all", {Val::i32(1)}), 5);
  EXPECT_EQ(trap_of(instance, "all", {Val::i32(2)}), "unreachable");  // a trap stays one
  auto result = invoke(instance, "uncaught", {Val::i32(1)});
  ASSERT_FALSE(result);
  ASSERT_TRUE(result.error().exception);
  EXPECT_EQ(result.error().exception->payload.at(0).as_i32(), 7);
  ASSERT_EQ(result.error().frames.size(), 3);
  EXPECT_EQ(result.error().frames[0].function_name, "throw");
  EXPECT_EQ(result.error().frames[2].function_name, "uncaught");
}

TEST_F(Exceptions, HostFunctionsThrow) {
  const auto tag_type = wasm::FuncType{{wasm::ValType::i32, wasm::ValType::i64}, {}};
  const CanonicalId type = *engine_->types().with([&](TypeRegistry& types) { return types.canonicalize(tag_type); });
  const Tag tag = store_->create_tag(type);
  ASSERT_TRUE(linker_->define("env", "t", tag));
  bool fits = true;
  const auto f = wrap_function(*store_, [&](Caller&, int32_t a) -> std::expected<int32_t, Trap> {
    if (a == 0) return 1;
    std::vector<Val> payload = {Val::i32(a), Val::i64(a * 2)};
    if (!fits) payload.pop_back();
    return std::unexpected(Trap::thrown(tag, std::move(payload)));
  });
  ASSERT_TRUE(linker_->define("env", "f", *f));
  const Instance instance = instantiate(R"((module
    (import "env" "t" (tag $t (param i32 i64)))
    (import "env" "f" (func $f (param i32) (result i32)))
    (func (export "run") (param i32) (result i32)
      (block $h (result i32 i64)
        (try_table (catch $t $h) (return (call $f (local.get 0))))
        unreachable)
      i32.wrap_i64 i32.add)
    (func (export "plain") (param i32) (result i32) (call $f (local.get 0)))))");
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(0)}), 1);
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(10)}), 30);
  auto result = invoke(instance, "plain", {Val::i32(10)});
  ASSERT_FALSE(result);
  ASSERT_TRUE(result.error().exception);
  EXPECT_EQ(result.error().exception->tag, tag);
  EXPECT_EQ(result.error().frames.size(), 1);
  fits = false;
  EXPECT_EQ(invoke(instance, "run", {Val::i32(10)}).error().kind, wasm::TrapKind::uncaught_exception);
  // A host function that the host calls.
  auto direct = call(*store_, *f, std::vector{Val::i32(3)});
  ASSERT_FALSE(direct);
  EXPECT_EQ(direct.error().kind, wasm::TrapKind::uncaught_exception);
}

TEST_F(Exceptions, OfAnotherStoreAreTraps) {
  auto other = *Store::create(*engine_);
  Linker other_linker(*other);
  const Outcome<Instance> thrower = other_linker.instantiate(compile(kThrower));
  ASSERT_TRUE(thrower);
  const Func thrown = *get_export_as<Func>(*other, *thrower, "throw");
  const auto f = wrap_function(*store_, [&](Caller&, int32_t a) -> std::expected<int32_t, Trap> {
    auto result = call(*other, thrown, std::vector{Val::i32(a)});
    return std::unexpected(result.error());
  });
  ASSERT_TRUE(linker_->define("env", "f", *f));
  const Instance instance = instantiate(R"((module
    (import "env" "f" (func $f (param i32) (result i32)))
    (func (export "run") (param i32) (result i32)
      (block $h (try_table (catch_all $h) (return (call $f (local.get 0)))))
      i32.const 5)))");
  auto result = invoke(instance, "run", {Val::i32(6)});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, wasm::TrapKind::uncaught_exception);
  ASSERT_TRUE(result.error().exception);
  EXPECT_TRUE(other->owns(result.error().exception->tag));
  EXPECT_EQ(result.error().exception->payload.at(0).as_i32(), 6);
}

// Guest of store 1, guest of store 2, guest of store 1 again: the latter runs below the frames that store 1 left on its stack.
TEST_F(Exceptions, BackThroughAnotherStore) {
  auto other = *Store::create(*engine_);
  Linker other_linker(*other);
  std::optional<Instance> first;
  const auto into_first = wrap_function(*other, [&](Caller&, int32_t a) -> std::expected<int32_t, Trap> {
    auto result = call(*store_, *get_export_as<Func>(*store_, *first, "inner"), std::vector{Val::i32(a)});
    if (!result) return std::unexpected(result.error());
    return result->at(0).as_i32();
  });
  ASSERT_TRUE(other_linker.define("env", "f", *into_first));
  const Outcome<Instance> second = other_linker.instantiate(compile(R"((module
    (import "env" "f" (func $f (param i32) (result i32)))
    (func (export "middle") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1000)))))"));
  ASSERT_TRUE(second) << second.error().what();
  const auto into_second = wrap_function(*store_, [&](Caller&, int32_t a) -> std::expected<int32_t, Trap> {
    auto result = call(*other, *get_export_as<Func>(*other, *second, "middle"), std::vector{Val::i32(a)});
    if (!result) return std::unexpected(result.error());
    return result->at(0).as_i32();
  });
  ASSERT_TRUE(linker_->define("env", "g", *into_second));
  first = instantiate(R"((module
    (import "env" "g" (func $g (param i32) (result i32)))
    (tag $t (param i32))
    (func $fill (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call $fill (i32.sub (local.get 0) (i32.const 1)))))
        (else (i32.const 0))))
    (func $throw (param i32) (throw $t (local.get 0)))
    (func (export "inner") (param i32) (result i32)
      (drop (call $fill (i32.const 100)))
      (block $h (result i32)
        (try_table (catch $t $h)
          (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $t (i32.const 9))))
          (call $throw (local.get 0)))
        unreachable)
      (if (i32.eq (local.get 0) (i32.const 3)) (then unreachable)))
    (func (export "run") (param i32) (result i32)
      (local i32 i32 i32)
      (local.set 1 (call $fill (i32.const 10)))
      (local.set 2 (call $fill (i32.const 20)))
      (local.set 3 (call $fill (i32.const 30)))
      (i32.add (call $g (local.get 0)) (i32.add (local.get 1) (i32.add (local.get 2) (local.get 3)))))))");
  EXPECT_EQ(invoke_i32(*first, "run", {Val::i32(1)}), 1061);
  EXPECT_EQ(invoke_i32(*first, "run", {Val::i32(2)}), 1069);
  auto result = invoke(*first, "run", {Val::i32(3)});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, wasm::TrapKind::unreachable);
  EXPECT_EQ(result.error().frames.size(), 3);  // of both stores
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

// What the runtime does for compiled code takes stack of its own, which there must be.
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
    ;; Each frame catches, and throws again.
    (func $relay (param i32) (result i32) (local $e exnref)
      (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 6))))
      (local.set $e (block $h (result exnref)
        (try_table (catch_all_ref $h) (return (i32.add (local.get 0) (call $relay (i32.sub (local.get 0) (i32.const 1))))))
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

// One that is caught in the function that throws it.
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
