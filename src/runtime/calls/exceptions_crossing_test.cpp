// Tests exceptions that cross instances, stores, tail calls and host functions.
#include <gtest/gtest.h>

#include "testing/runtime/runtime_test.hpp"

namespace cairn::runtime {
namespace {

class CrossingExceptions : public RuntimeTest {
 protected:
  CrossingExceptions() : RuntimeTest(size_t{16} << 20) {}
  using RuntimeTest::instantiate;
  Instance instantiate(std::string_view text, std::string_view name) {
    const Instance instance = instantiate(text);
    EXPECT_TRUE(linker_->define_instance(name, instance));
    return instance;
  }
  // Defines the host function env.call. With the argument 1, it calls the function that the instance callee_ exports as
  // "callee1", and passes on the result or the failure.
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

constexpr std::string_view kThrower = R"((module
  (tag $t (export "t") (param i32))
  (memory 1) (data (i32.const 0) "\63")
  (func (export "throw") (param i32) (throw $t (local.get 0)))
  (func (export "many") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (throw $t (local.get 11)))))";

TEST_F(CrossingExceptions, CrossInstancesWhoseMemoriesDiffer) {
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

TEST_F(CrossingExceptions, CrossTailCalls) {
  instantiate(kThrower, "a");
  const Instance instance = instantiate(R"((module
    (import "a" "t" (tag $t (param i32)))
    (import "a" "throw" (func $throw (param i32)))
    (import "a" "many" (func $many (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (memory 1) (data (i32.const 0) "\2a")
    (func $tail (param i32) (return_call $throw (local.get 0)))
    (func $tail_many (param i32)
      (return_call $many (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
          (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (local.get 0)))
    (func $own (param i32) (throw $t (local.get 0)))
    (func $tail_own (param i32) (return_call $own (local.get 0)))
    ;; The try_table does not cover the callee of a tail call.
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

TEST_F(CrossingExceptions, PassThroughHostFunctions) {
  define_call();
  const Instance instance = instantiate(kThroughHost);
  callee_ = instance;
  EXPECT_EQ(invoke_i32(instance, "caught", {Val::i32(0)}), 49);
  EXPECT_EQ(host_failures_, 1);
  EXPECT_EQ(invoke_i32(instance, "caught", {Val::i32(1)}), 49);  // the exception passes two host functions
  EXPECT_EQ(host_failures_, 3);
  EXPECT_EQ(invoke_i32(instance, "all", {Val::i32(1)}), 5);
  EXPECT_EQ(trap_of(instance, "all", {Val::i32(2)}), "unreachable");  // no handler catches a trap
  auto result = invoke(instance, "uncaught", {Val::i32(1)});
  ASSERT_FALSE(result);
  ASSERT_TRUE(result.error().exception);
  EXPECT_EQ(result.error().exception->payload.at(0).as_i32(), 7);
  ASSERT_EQ(result.error().frames.size(), 3);
  EXPECT_EQ(result.error().frames[0].function_name, "throw");
  EXPECT_EQ(result.error().frames[2].function_name, "uncaught");
}

TEST_F(CrossingExceptions, HostFunctionsThrow) {
  const auto tag_type = wasm::FuncType{{wasm::ValType::i32, wasm::ValType::i64}, {}};
  const CanonicalId type = *engine_->types().with([&](TypeRegistry& types) { return types.canonicalize(tag_type); });
  const Tag tag = *store_->create_tag(type);
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
  // The host calls the host function itself.
  auto direct = call(*store_, *f, std::vector{Val::i32(3)});
  ASSERT_FALSE(direct);
  EXPECT_EQ(direct.error().kind, wasm::TrapKind::uncaught_exception);
}

TEST_F(CrossingExceptions, OfAnotherStoreAreTraps) {
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

// A guest of store 1 calls a guest of store 2, which calls a guest of store 1 again. The innermost guest runs below the
// frames that are on the stack of store 1 already.
TEST_F(CrossingExceptions, BackThroughAnotherStore) {
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
  EXPECT_EQ(result.error().frames.size(), 3);  // frames of both stores
}

}  // namespace
}  // namespace cairn::runtime
