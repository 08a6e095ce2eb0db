// Tests stores, linking, calls and traps with real modules.
#include "testing/runtime/runtime_test.hpp"

#include <gtest/gtest.h>

#include "platform/platform.hpp"

namespace cairn::runtime {
namespace {

using Runtime = RuntimeTest;

TEST_F(Runtime, CallsWithManyArgumentsAndResults) {
  const Instance instance = instantiate(R"((module
    (func (export "sum") (param i32 i64 i32 i64 i32 i64 i32 i64 i32 i64 i32 f64 f32) (result i64)
      local.get 0 i64.extend_i32_u local.get 1 i64.add local.get 2 i64.extend_i32_u i64.add local.get 3 i64.add
      local.get 4 i64.extend_i32_u i64.add local.get 5 i64.add local.get 6 i64.extend_i32_u i64.add local.get 7 i64.add
      local.get 8 i64.extend_i32_u i64.add local.get 9 i64.add local.get 10 i64.extend_i32_u i64.add
      local.get 11 i64.trunc_f64_s i64.add local.get 12 i64.trunc_f32_s i64.add)
    (func (export "many") (result i32 i64 i32 i64 i32 i64 i32 i64 i32 i64)
      i32.const 1 i64.const 2 i32.const 3 i64.const 4 i32.const 5 i64.const 6 i32.const 7 i64.const 8 i32.const 9
      i64.const 10)))");
  std::vector<Val> arguments;
  for (int i = 0; i < 11; ++i) arguments.push_back(i % 2 == 0 ? Val::i32(1 << i) : Val::i64(1 << i));
  arguments.push_back(Val::f64(2048));
  arguments.push_back(Val::f32(4096));
  auto sum = invoke(instance, "sum", arguments);
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->at(0).as_i64(), 8191);
  auto many = invoke(instance, "many");
  ASSERT_TRUE(many);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(many->at(i).low(), i + 1);
}

// A type that refers to itself does so by its position in its own group, so its place in the module does not matter.
TEST_F(Runtime, RecursiveTypesAreEqualAcrossModules) {
  const Ref<Module> first = compile("(module (type $t (func (param i32 (ref null $t)))))");
  const Ref<Module> second = compile("(module (type (func)) (type $t (func (param i32 (ref null $t)))))");
  const Ref<Module> other = compile("(module (type $t (func (param i64 (ref null $t)))))");
  EXPECT_EQ(first->type_ids()[0], second->type_ids()[1]);
  EXPECT_NE(first->type_ids()[0], second->type_ids()[0]);
  EXPECT_NE(first->type_ids()[0], other->type_ids()[0]);
  const CanonicalId id = first->type_ids()[0];
  engine_->types().with([&](const TypeRegistry& types) {
    EXPECT_EQ(types[id].func.params[1].heap().index().index(), id.index());
    EXPECT_LT(types[id].func.params[1].heap().index().index(), types.size());
  });
}

TEST_F(Runtime, ChecksArguments) {
  const Instance instance = instantiate(R"((module (func (export "f") (param i32))))");
  EXPECT_EQ(trap_of(instance, "f"), "wrong number of arguments: wanted 1, got 0");
  EXPECT_EQ(trap_of(instance, "f", {Val::i64(1)}), "argument 0 has type i64, wanted i32");
  const auto function = *get_export_as<Func>(*store_, instance, "f");
  EXPECT_FALSE(TypedFunc<int32_t(int32_t)>::create(*store_, function));
  EXPECT_TRUE(TypedFunc<void(int32_t)>::create(*store_, function));
}

TEST_F(Runtime, HostFunctionsTakeAndGiveValues) {
  ASSERT_TRUE(linker_->define_function(
      "env", "mix",
      [](Caller&, int32_t a, int64_t b, float c, double d) -> std::expected<std::tuple<double, int32_t>, Trap> {
        return std::tuple(a + static_cast<double>(b) + c + d, a);
      }));
  const Instance instance = instantiate(R"((module
    (import "env" "mix" (func $mix (param i32 i64 f32 f64) (result f64 i32)))
    (func (export "f") (result f64 i32) (call $mix (i32.const 1) (i64.const 20) (f32.const 300) (f64.const 4000)))))");
  auto result = invoke(instance, "f");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->at(0).as_f64(), 4321);
  EXPECT_EQ(result->at(1).as_i32(), 1);
}

TEST_F(Runtime, HostFunctionsSeeTheCallersMemory) {
  ASSERT_TRUE(linker_->define_function("env", "poke", [](Caller& caller, uint32_t at) -> std::expected<void, Trap> {
    std::span<std::byte> memory = caller.exported_memory("memory");
    if (at >= memory.size()) return std::unexpected(Trap::of(wasm::TrapKind::host_error, "no such place"));
    memory[at] = std::byte{42};
    return {};
  }));
  const Instance instance = instantiate(R"((module
    (import "env" "poke" (func $poke (param i32)))
    (memory (export "memory") 1)
    (func (export "f") (param i32) (result i32) (call $poke (local.get 0)) (i32.load8_u (local.get 0)))))");
  EXPECT_EQ(invoke_i32(instance, "f", {Val::i32(77)}), 42);
  auto failed = invoke(instance, "f", {Val::i32(65536)});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what(), "no such place");
  ASSERT_EQ(failed.error().frames.size(), 1u);
  EXPECT_EQ(failed.error().frames[0].function_index, 1u);
}

TEST_F(Runtime, TrapsHaveNamesAndBacktraces) {
  const Instance instance = instantiate(R"((module $m
    (memory 1)
    (func $inner (param i32) (result i32) (i32.load offset=4 (local.get 0)))
    (func $middle (param i32) (result i32) (i32.add (call $inner (local.get 0)) (i32.const 1)))
    (func $outer (export "load") (param i32) (result i32) (i32.add (call $middle (local.get 0)) (i32.const 1)))
    (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
    (func (export "rem") (param i32 i32) (result i32) (i32.rem_s (local.get 0) (local.get 1)))
    (func (export "trunc") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
    (func (export "unreachable") unreachable)))");
  EXPECT_EQ(invoke_i32(instance, "load", {Val::i32(65528)}), 2);
  auto trap = invoke(instance, "load", {Val::i32(65529)});
  ASSERT_FALSE(trap);
  EXPECT_EQ(trap.error().what(), "out of bounds memory access");
  EXPECT_GE(trap.error().memory_offset.value_or(0), 65533u);
  EXPECT_EQ(trap.error().memory_length, 65536u);
  ASSERT_EQ(trap.error().frames.size(), 3u);
  EXPECT_EQ(trap.error().frames[0].function_name, "inner");
  EXPECT_EQ(trap.error().frames[1].function_name, "middle");
  EXPECT_EQ(trap.error().frames[2].function_name, "outer");
  for (const TrapFrame& frame : trap.error().frames) EXPECT_NE(frame.wasm_offset, 0u);
  EXPECT_EQ(trap_of(instance, "load", {Val::i32(-1)}), "out of bounds memory access");
  EXPECT_EQ(trap_of(instance, "div", {Val::i32(1), Val::i32(0)}), "integer divide by zero");
  EXPECT_EQ(trap_of(instance, "div", {Val::i32(INT32_MIN), Val::i32(-1)}), "integer overflow");
  EXPECT_EQ(invoke_i32(instance, "rem", {Val::i32(INT32_MIN), Val::i32(-1)}), 0);
  EXPECT_EQ(trap_of(instance, "trunc", {Val::f64(1e10)}), "integer overflow");
  EXPECT_EQ(trap_of(instance, "trunc", {Val::f64(__builtin_nan(""))}), "invalid conversion to integer");
  EXPECT_EQ(trap_of(instance, "unreachable"), "unreachable");
}

TEST_F(Runtime, InfiniteRecursionIsATrap) {
  const Instance instance = instantiate(R"((module
    (func $f (export "f") (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0))))
    (func $big (export "big") (param i64) (result i64) (local v128)
      (i64.add (call $big (i64.add (local.get 0) (i64.const 1))) (local.get 0)))))");
  for (int i = 0; i < 3; ++i) {
    auto trap = invoke(instance, "f", {Val::i32(1)});
    ASSERT_FALSE(trap);
    EXPECT_EQ(trap.error().what(), "call stack exhausted");
    EXPECT_EQ(trap.error().frames.size(), Backtrace::kMaximumFrames);
    EXPECT_GT(trap.error().omitted_frames, 1000u);
    EXPECT_EQ(trap_of(instance, "big", {Val::i64(0)}), "call stack exhausted");
  }
}

TEST_F(Runtime, RecursionThroughTheHostIsATrapToo) {
  Instance instance;
  ASSERT_TRUE(
      linker_->define_function("env", "again", [&](Caller& caller, int32_t depth) -> std::expected<int32_t, Trap> {
        const auto f = *get_export_as<Func>(caller.store(), instance, "f");
        auto typed = *TypedFunc<int32_t(int32_t)>::create(caller.store(), f);
        return typed.call(caller.store(), depth + 1);
      }));
  instance = instantiate(R"((module
    (import "env" "again" (func $again (param i32) (result i32)))
    (func (export "f") (param i32) (result i32)
      (if (result i32) (i32.eq (local.get 0) (i32.const 5))
        (then unreachable)
        (else (call $again (local.get 0)))))))");
  auto trap = invoke(instance, "f", {Val::i32(0)});
  ASSERT_FALSE(trap);
  EXPECT_EQ(trap.error().what(), "unreachable");
  EXPECT_EQ(trap_of(instance, "f", {Val::i32(6)}), "call stack exhausted");
}

TEST_F(Runtime, LinksInstancesByImportsAndExports) {
  const Instance library = instantiate(R"((module
    (memory (export "memory") 1 3)
    (table (export "table") 4 funcref)
    (global $count (export "count") (mut i32) (i32.const 0))
    (func (export "next") (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (i32.store (i32.const 0) (global.get $count))
      (global.get $count))
    (elem (i32.const 1) func 0)))");
  ASSERT_TRUE(linker_->define_instance("lib", library));
  EXPECT_EQ(linker_->define_instance("lib", library).error().message, "Name lib::memory is already defined");
  const Instance user = instantiate(R"((module
    (import "lib" "memory" (memory 1))
    (import "lib" "table" (table 1 funcref))
    (import "lib" "count" (global $count (mut i32)))
    (import "lib" "next" (func $next (result i32)))
    (memory $own 1)
    (type $t (func (result i32)))
    (func (export "direct") (result i32) (drop (call $next)) (i32.add (i32.load (i32.const 0)) (global.get $count)))
    (func (export "indirect") (param i32) (result i32) (call_indirect (type $t) (local.get 0)))
    (func $mine (result i32) (i32.const 99))
    (elem (i32.const 2) func $mine $next)))");
  EXPECT_EQ(invoke_i32(user, "direct"), 2);
  EXPECT_EQ(invoke_i32(user, "indirect", {Val::i32(1)}), 2);
  EXPECT_EQ(invoke_i32(user, "indirect", {Val::i32(2)}), 99);
  EXPECT_EQ(invoke_i32(user, "indirect", {Val::i32(3)}), 3);
  EXPECT_EQ(trap_of(user, "indirect", {Val::i32(0)}).substr(0, 21), "uninitialized element");
  EXPECT_EQ(trap_of(user, "indirect", {Val::i32(4)}), "undefined element");
  // Repeated calls give the same handle.
  EXPECT_EQ(get_export(*store_, library, "memory"), get_export(*store_, library, "memory"));
}

TEST_F(Runtime, TailCallsBetweenInstancesRunInConstantStack) {
  // Two instances, each with its own memory, call each other in tail position through a table. One direction has more
  // arguments on the stack than the other.
  const Instance table_owner = instantiate(R"((module (table (export "table") 2 funcref)))");
  ASSERT_TRUE(linker_->define_instance("t", table_owner));
  const Instance a = instantiate(R"((module
    (import "t" "table" (table 2 funcref))
    (memory 1) (data (i32.const 0) "\01")
    (type $few (func (param i32) (result i32)))
    (type $many (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (func $even (export "even") (param $n i32) (result i32)
      (if (i32.eqz (local.get $n)) (then (return (i32.load8_u (i32.const 0)))))
      (return_call_indirect (type $many)
        (i32.sub (local.get $n) (i32.const 1)) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5)
        (i32.const 6) (i32.const 7) (i32.const 8) (i32.const 9) (i32.const 10) (i32.const 11) (i32.const 1)))
    (func (export "caller") (param $n i32) (result i32)
      (i32.add (call $even (local.get $n)) (i32.mul (i32.const 10) (i32.load8_u (i32.const 0)))))
    (elem (i32.const 0) func $even)))");
  (void)instantiate(R"((module
    (import "t" "table" (table 2 funcref))
    (memory 1) (data (i32.const 0) "\02")
    (type $few (func (param i32) (result i32)))
    (func $odd (param $n i32) (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (if (i32.ne (i32.add (local.get 11) (local.get 1)) (i32.const 12)) (then unreachable))
      (if (i32.eqz (local.get $n)) (then (return (i32.load8_u (i32.const 0)))))
      (return_call_indirect (type $few) (i32.sub (local.get $n) (i32.const 1)) (i32.const 0)))
    (elem (i32.const 1) func $odd)))");
  EXPECT_EQ(invoke_i32(a, "even", {Val::i32(1'000'000)}), 1);
  EXPECT_EQ(invoke_i32(a, "even", {Val::i32(1'000'001)}), 2);
  // After each call the caller has its own memory again.
  EXPECT_EQ(invoke_i32(a, "caller", {Val::i32(1000)}), 11);
  EXPECT_EQ(invoke_i32(a, "caller", {Val::i32(1001)}), 12);
}

TEST_F(Runtime, RefusesIncompatibleImports) {
  const Instance library = instantiate(R"((module
    (func (export "f") (param i32)) (memory (export "m") 1) (global (export "g") i32 (i32.const 1))
    (table (export "t") 1 funcref)))");
  ASSERT_TRUE(linker_->define_instance("lib", library));
  const auto error_of = [&](std::string_view text) {
    auto result = try_instantiate(text);
    return result ? "linked" : result.error().what();
  };
  EXPECT_EQ(error_of(R"((module (import "lib" "missing" (func))))"), "Missing function import lib::missing");
  EXPECT_EQ(error_of(R"((module (import "lib" "missing" (memory 1))))"), "Missing memory import lib::missing");
  EXPECT_EQ(error_of(R"((module (import "lib" "f" (func (param i64)))))"),
            "incompatible import type for lib::f: wanted function [i64] -> [], found function [i32] -> []");
  EXPECT_TRUE(error_of(R"((module (import "lib" "f" (memory 1))))").starts_with("incompatible import type"));
  EXPECT_TRUE(error_of(R"((module (import "lib" "m" (memory 2))))").starts_with("incompatible import type"));
  EXPECT_TRUE(error_of(R"((module (import "lib" "g" (global (mut i32)))))").starts_with("incompatible import type"));
  EXPECT_TRUE(error_of(R"((module (import "lib" "t" (table 1 externref))))").starts_with("incompatible import type"));
}

TEST_F(Runtime, InstantiationThatTrapsKeepsWhatWasWritten) {
  const Instance library = instantiate(R"((module (memory (export "m") 1)
    (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))))");
  ASSERT_TRUE(linker_->define_instance("lib", library));
  auto failed = try_instantiate(R"((module (import "lib" "m" (memory 1))
    (data (i32.const 7) "x") (data (i32.const 65536) "y")))");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what(), "out of bounds memory access");
  EXPECT_EQ(invoke_i32(library, "peek", {Val::i32(7)}), 'x');
  auto start = try_instantiate(R"((module (func unreachable) (start 0)))");
  ASSERT_FALSE(start);
  EXPECT_EQ(start.error().what(), "unreachable");
}

TEST_F(Runtime, MemoriesGrowWithinTheirLimits) {
  const Instance instance = instantiate(R"((module (memory (export "m") 1 3)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "size") (result i32) (memory.size))
    (func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 1)))))");
  EXPECT_EQ(trap_of(instance, "store", {Val::i32(65536)}), "out of bounds memory access");
  EXPECT_EQ(invoke_i32(instance, "grow", {Val::i32(2)}), 1);
  EXPECT_EQ(invoke_i32(instance, "size"), 3);
  EXPECT_TRUE(invoke(instance, "store", {Val::i32(196607)}));
  EXPECT_EQ(invoke_i32(instance, "grow", {Val::i32(1)}), -1);
  EXPECT_EQ(invoke_i32(instance, "grow", {Val::i32(-1)}), -1);
}

TEST_F(Runtime, HandlesOfOtherStoresAreRefused) {
  auto other = *Store::create(*engine_);
  auto memory = other->create_memory({.limits = {1, 1}});
  ASSERT_TRUE(memory);
  EXPECT_FALSE(linker_->define("m", "n", *memory));
  EXPECT_DEATH((void)(*store_)[*memory], "assertion");
}

TEST_F(Runtime, DescribesItsContext) {
  const Instance instance = instantiate(R"((module (memory 1) (global (mut i32) (i32.const 258))))");
  const std::string text = describe_context(*store_, instance);
  EXPECT_NE(text.find("memory[0] base 0x"), std::string::npos);
  EXPECT_NE(text.find("0x0000000000000102"), std::string::npos);
}

TEST_F(Runtime, AllowsShadowingWhenAsked) {
  const Instance one = instantiate(R"((module (func (export "f") (result i32) (i32.const 1))))");
  const Instance two = instantiate(R"((module (func (export "f") (result i32) (i32.const 2))))");
  ASSERT_TRUE(linker_->define_instance("m", one));
  linker_->allow_shadowing(true);
  ASSERT_TRUE(linker_->define_instance("m", two));
  constexpr std::string_view kCaller = R"((module (import "%" "f" (func (result i32))) (export "f" (func 0))))";
  const auto caller_of = [&](std::string_view module) {
    std::string text(kCaller);
    return instantiate(text.replace(text.find('%'), 1, module));
  };
  EXPECT_EQ(invoke_i32(caller_of("m"), "f"), 2);
  linker_->allow_shadowing(false);
  ASSERT_TRUE(linker_->alias_module("m", "alias"));
  EXPECT_FALSE(linker_->alias_module("m", "alias"));
  EXPECT_EQ(invoke_i32(caller_of("alias"), "f"), 2);
  EXPECT_TRUE(linker_->provides("alias", "f"));
  EXPECT_FALSE(linker_->provides("alias", "g"));
}

struct Counter {
  int32_t total = 0;
};
std::expected<int32_t, Trap> add(Counter& counter, Caller&, int32_t amount) { return counter.total += amount; }
std::expected<void, Trap> reset(Counter& counter, Caller&) {
  counter.total = 0;
  return {};
}
constexpr HostEntry kCounterEntries[] = {host_entry<&add>("add"), host_entry<&reset>("reset")};

// One table of entries serves any number of stores, each with data of its own. An entry that no module imports makes no
// function.
TEST_F(Runtime, EntriesBecomeFunctionsWhenTheyAreImported) {
  constexpr std::string_view kModule = R"((module
    (import "counter" "add" (func $add (param i32) (result i32)))
    (func (export "f") (result i32) (drop (call $add (i32.const 3))) (call $add (i32.const 4)))))";
  Counter mine, others;
  ASSERT_TRUE(linker_->define_entries("counter", kCounterEntries, &mine));
  EXPECT_TRUE(linker_->provides("counter", "reset"));
  EXPECT_FALSE(linker_->provides("counter", "subtract"));
  EXPECT_FALSE(linker_->define_function("counter", "add", [](Caller&) -> std::expected<void, Trap> { return {}; }));
  EXPECT_EQ(invoke_i32(instantiate(kModule), "f"), 7);
  EXPECT_EQ(invoke_i32(instantiate(kModule), "f"), 14);

  const auto other_store = *Store::create(*engine_);
  Linker other_linker(*other_store);
  ASSERT_TRUE(other_linker.define_entries("counter", kCounterEntries, &others));
  ASSERT_TRUE(other_linker.alias_module("counter", "again"));
  EXPECT_TRUE(other_linker.provides("again", "add"));
  const auto instance = other_linker.instantiate(compile(kModule));
  ASSERT_TRUE(instance);
  EXPECT_EQ(call(*other_store, *get_export_as<Func>(*other_store, *instance, "f"), {})->at(0).as_i32(), 7);
  EXPECT_EQ(mine.total, 14);

  const auto wrong = try_instantiate(R"((module (import "counter" "add" (func (param i64)))))");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().what().contains("incompatible import type for counter::add")) << wrong.error().what();
}

}  // namespace
}  // namespace cairn::runtime
