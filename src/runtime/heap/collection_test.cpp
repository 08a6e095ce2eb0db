// Tests collections while guest code runs: objects that its frames, globals, tables and exceptions refer to live on and
// may move.
#include "runtime/heap/host_access.hpp"
#include "testing/runtime/runtime_test.hpp"

namespace cairn::runtime {
namespace {

// Runs every test in a heap that collects at each allocation, and in one with a small nursery.
class Collections : public RuntimeTest, public testing::WithParamInterface<bool> {
 protected:
  Collections() : RuntimeTest(size_t{64} << 20) {}
  void SetUp() override {
    engine_options_ = {"gc-verify=on", "gc-limit=64", "gc-nursery=64"};
    if (is_stressed()) engine_options_.emplace_back("gc-stress=on");
    RuntimeTest::SetUp();
  }
  [[nodiscard]] bool is_stressed() const { return GetParam(); }
  // Returns how often a loop of a test runs: enough for several collections.
  [[nodiscard]] Val many(int32_t stressed = 200) const { return Val::i32(is_stressed() ? stressed : 20'000); }
  void expect_collections() {
    ASSERT_NE(store_->heap(), nullptr);
    EXPECT_GT(store_->heap()->statistics().minor_collections, 3U);
  }
};

INSTANTIATE_TEST_SUITE_P(, Collections, testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "InStress" : "InASmallNursery"; });

TEST_P(Collections, FramesOfDeepRecursionKeepTheirObjects) {
  const Instance instance = instantiate(R"((module
    (type $node (struct (field $value i64) (field $next (mut (ref null $node)))))
    ;; Each level holds a node across the call and checks it afterwards: the result is the sum of all values.
    (func $descend (param $n i32) (param $above (ref null $node)) (result i64)
      (local $own (ref $node)) (local $below i64)
      (local.set $own (struct.new $node (i64.extend_i32_u (local.get $n)) (local.get $above)))
      (if (i32.eqz (local.get $n)) (then (return (i64.const 0))))
      (local.set $below (call $descend (i32.sub (local.get $n) (i32.const 1)) (local.get $own)))
      (if (ref.is_null (local.get $above)) (then (return (i64.add (local.get $below) (struct.get $node $value
          (local.get $own))))))
      (if (i64.ne (struct.get $node $value (local.get $above))
                  (i64.extend_i32_u (i32.add (local.get $n) (i32.const 1))))
        (then (unreachable)))
      (i64.add (local.get $below) (struct.get $node $value (local.get $own))))
    (func (export "run") (param i32) (result i64) (call $descend (local.get 0) (ref.null $node)))))");
  const Val depth = many();
  const auto sum = invoke(instance, "run", {depth});
  ASSERT_TRUE(sum) << sum.error().to_string();
  const int64_t n = depth.as_i32();
  EXPECT_EQ(sum->at(0).as_i64(), n * (n + 1) / 2);
  expect_collections();
}

TEST_P(Collections, ListsArraysAndTreesKeepTheirShape) {
  const Instance instance = instantiate(R"((module
    (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree))))
    (type $trees (array (mut (ref null $tree))))
    (func $make (param $depth i32) (result (ref $tree))
      (if (result (ref $tree)) (i32.eqz (local.get $depth))
        (then (struct.new $tree (ref.null $tree) (ref.null $tree)))
        (else (struct.new $tree (call $make (i32.sub (local.get $depth) (i32.const 1)))
                                (call $make (i32.sub (local.get $depth) (i32.const 1)))))))
    (func $count (param $tree (ref null $tree)) (result i32)
      (if (result i32) (ref.is_null (local.get $tree))
        (then (i32.const 0))
        (else (i32.add (i32.const 1) (i32.add (call $count (struct.get $tree $left (local.get $tree)))
                                              (call $count (struct.get $tree $right (local.get $tree))))))))
    ;; Each round puts a new tree into one of n places of an array. In the end there are n trees of 63 nodes each.
    (func (export "run") (param $n i32) (param $rounds i32) (result i32)
      (local $trees (ref $trees)) (local $i i32) (local $sum i32)
      (local.set $trees (array.new_default $trees (local.get $n)))
      (loop $again
        (array.set $trees (local.get $trees) (i32.rem_u (i32.mul (local.get $i) (i32.const 7)) (local.get $n))
          (call $make (i32.const 5)))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $rounds))))
      (local.set $i (i32.const 0))
      (loop $again
        (local.set $sum (i32.add (local.get $sum)
          (call $count (array.get $trees (local.get $trees) (local.get $i)))))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (local.get $sum))))");
  const int32_t places = is_stressed() ? 10 : 4000;
  EXPECT_EQ(invoke_i32(instance, "run", {Val::i32(places), Val::i32(places + places / 2)}), places * 63);
  expect_collections();
}

TEST_P(Collections, GlobalsAndTablesOfSeveralInstancesAreRoots) {
  const Instance exporter = instantiate(R"((module
    (global (export "global") (mut anyref) (ref.null any))
    (table (export "table") 4 anyref)))");
  ASSERT_TRUE(linker_->define_instance("shared", exporter));
  const Instance instance = instantiate(R"((module
    (type $box (struct (field i32)))
    (import "shared" "global" (global $global (mut anyref)))
    (import "shared" "table" (table $table 4 anyref))
    (global $own (mut (ref null $box)) (struct.new $box (i32.const 1)))
    (global $waste (mut (ref null $box)) (ref.null $box))  ;; keeps the allocations from being optimized away
    (table $mine 2 (ref null $box))
    (elem $segment (ref null $box) (struct.new $box (i32.const 4)) (struct.new $box (i32.const 5)))
    (func $get (param anyref) (result i32) (struct.get $box 0 (ref.cast (ref $box) (local.get 0))))
    (func (export "run") (param $rounds i32) (result i32)
      (global.set $global (struct.new $box (i32.const 2)))
      (table.set $table (i32.const 3) (struct.new $box (i32.const 3)))
      (loop $again
        (global.set $waste (struct.new $box (local.get $rounds)))
        (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
      (table.init $mine $segment (i32.const 0) (i32.const 0) (i32.const 2))
      (i32.add (i32.mul (i32.const 1000) (call $get (global.get $global)))
        (i32.add (i32.mul (i32.const 100) (call $get (table.get $table (i32.const 3))))
          (i32.add (i32.mul (i32.const 10) (call $get (table.get $mine (i32.const 0))))
            (i32.add (call $get (table.get $mine (i32.const 1))) (call $get (global.get $own)))))))))");
  EXPECT_EQ(invoke_i32(instance, "run", {many()}), 2346);
  expect_collections();
}

TEST_P(Collections, ExceptionsAndTheirPayloadSurvive) {
  const Instance instance = instantiate(R"((module
    (type $box (struct (field i32)))
    (tag $t (param i32 (ref $box) externref))
    (global $waste (mut (ref null $box)) (ref.null $box))  ;; keeps the allocations from being optimized away
    (func $waste (param $n i32)
      (loop $again
        (global.set $waste (struct.new $box (local.get $n)))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func $throw (param $n i32) (param $e externref) (local $box (ref $box))
      (local.set $box (struct.new $box (i32.const 40)))
      (call $waste (local.get $n))
      (throw $t (i32.const 2) (local.get $box) (local.get $e)))
    ;; The first exception is caught, held while another one is thrown and caught, and then thrown again.
    (func (export "run") (param $n i32) (param $extern externref) (result i32 externref)
      (local $first exnref) (local $box (ref null $box)) (local $value i32)
      (local.set $first (block $h (result exnref)
        (try_table (catch_all_ref $h) (call $throw (local.get $n) (local.get $extern)))
        (unreachable)))
      (block $h (try_table (catch_all $h) (call $throw (local.get $n) (ref.null extern))))
      (call $waste (local.get $n))
      (block $h (result i32 (ref $box) externref)
        (try_table (catch $t $h) (throw_ref (local.get $first)))
        (unreachable))
      (local.set $extern) (local.set $box) (local.set $value)
      (call $waste (local.get $n))
      (i32.add (local.get $value) (struct.get $box 0 (local.get $box))) (local.get $extern))))");
  const HandleScope scope(*store_);
  const auto results = invoke(instance, "run", {many(20), Val::externref(77)});
  ASSERT_TRUE(results) << results.error().to_string();
  EXPECT_EQ(results->at(0).as_i32(), 42);
  EXPECT_EQ(results->at(1).as_externref(), 77U);
  expect_collections();
}

TEST_P(Collections, HandlesOfTheHostStayGoodAcrossCalls) {
  const Instance instance = instantiate(R"((module
    (type $box (struct (field i32)))
    (func (export "make") (param i32) (result (ref $box)) (struct.new $box (local.get 0)))
    (func (export "get") (param (ref $box)) (result i32) (struct.get $box 0 (local.get 0)))))");
  const HandleScope scope(*store_);
  std::vector<Val> boxes;
  const int32_t count = is_stressed() ? 50 : 30'000;
  for (int32_t i = 0; i < count; ++i) boxes.push_back(invoke(instance, "make", {Val::i32(i)})->at(0));
  for (int32_t i = 0; i < count; ++i) ASSERT_EQ(invoke_i32(instance, "get", {boxes[i]}), i);
  expect_collections();
}

TEST_P(Collections, HostFunctionsBetweenGuestFrames) {
  // Guest code calls the host, which calls guest code. Both guests have objects in their frames, and the host has a
  // handle.
  std::optional<Instance> instance;
  const auto function = create_function(
      *store_,
      {.params = {wasm::ValType::i32, wasm::ValType::reference(wasm::Nullability::nullable, wasm::HeapType::any)},
       .results = {wasm::ValType::reference(wasm::Nullability::nullable, wasm::HeapType::any)}},
      [](void* data, Caller& caller, std::span<Val> arguments, std::span<Val> results) -> std::expected<void, Trap> {
        const auto& callee = *static_cast<std::optional<Instance>*>(data);
        const auto down = get_export_as<Func>(caller.store(), *callee, "down");
        const Val depth = Val::i32(arguments[0].as_i32() - 1);
        if (arguments[0].as_i32() > 0) {
          const std::array<Val, 2> values = {depth, arguments[1]};
          auto done = call(caller.store(), *down, values);
          if (!done) return std::unexpected(std::move(done.error()));
        }
        results[0] = arguments[1];
        return {};
      },
      &instance);
  ASSERT_TRUE(function);
  ASSERT_TRUE(linker_->define("env", "up", *function));
  instance = instantiate(R"((module
    (type $box (struct (field i32)))
    (import "env" "up" (func $up (param i32 anyref) (result anyref)))
    (func $down (export "down") (param $n i32) (param $above anyref) (result i32)
      (local $own (ref $box)) (local $i i32)
      (local.set $own (struct.new $box (local.get $n)))
      (local.set $i (i32.const 20))
      (loop $again
        (drop (struct.new $box (i32.const 0)))
        (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (if (i32.eqz (ref.eq (ref.cast (ref $box) (call $up (local.get $n) (local.get $own))) (local.get $own)))
        (then (unreachable)))
      (i32.add (struct.get $box 0 (local.get $own))
        (if (result i32) (ref.is_null (local.get $above))
          (then (i32.const 0))
          (else (struct.get $box 0 (ref.cast (ref $box) (local.get $above)))))))))");
  EXPECT_EQ(invoke_i32(*instance, "down", {Val::i32(60), Val::null(wasm::HeapType::any)}), 60);
}

TEST_P(Collections, TheHostReadsAndWritesFieldsAndElements) {
  const Instance instance = instantiate(R"((module
    (type $pair (struct (field $a (mut i8)) (field $b (mut externref)) (field $c i64) (field $d (mut
        (ref null $pair)))))
    (type $pairs (array (mut (ref null $pair))))
    (func (export "pair") (result (ref $pair))
      (struct.new $pair (i32.const 0x1ff) (ref.null extern) (i64.const -1) (ref.null $pair)))
    (func (export "pairs") (param i32) (result (ref $pairs)) (array.new_default $pairs (local.get 0)))
    (func (export "sum") (param (ref $pairs)) (result i32) (local $i i32) (local $sum i32)
      (loop $again
        (local.set $sum (i32.add (local.get $sum)
          (struct.get_u $pair $a (array.get $pairs (local.get 0) (local.get $i)))))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get 0)))))
      (local.get $sum))))");
  const HandleScope scope(*store_);
  const Val pair = invoke(instance, "pair")->at(0);
  EXPECT_EQ(get_field(*store_, pair, 0)->as_i32(), 0xff);
  EXPECT_TRUE(get_field(*store_, pair, 1)->is_null());
  EXPECT_EQ(get_field(*store_, pair, 2)->as_i64(), -1);
  EXPECT_TRUE(set_field(*store_, pair, 1, Val::externref(1234)));
  EXPECT_TRUE(set_field(*store_, pair, 3, pair));
  EXPECT_EQ(get_field(*store_, pair, 1)->as_externref(), 1234U);
  EXPECT_EQ(get_field(*store_, *get_field(*store_, pair, 3), 1)->as_externref(), 1234U);
  EXPECT_FALSE(set_field(*store_, pair, 2, Val::i64(0)));  // the field is immutable
  EXPECT_FALSE(set_field(*store_, pair, 0, Val::i64(0)));
  EXPECT_FALSE(set_field(*store_, pair, 3, Val::externref(1)));
  EXPECT_FALSE(get_field(*store_, pair, 4));
  EXPECT_FALSE(get_element(*store_, pair, 0));
  EXPECT_FALSE(get_field(*store_, Val::i31(1), 0));
  EXPECT_FALSE(get_field(*store_, Val::externref(1), 0));
  // Without stress, the array is long enough to be old from the start and to have cards.
  const int32_t length = is_stressed() ? 100 : 12'000;
  const Val pairs = invoke(instance, "pairs", {Val::i32(length)})->at(0);
  EXPECT_EQ(array_length(*store_, pairs), static_cast<uint32_t>(length));
  for (int32_t i = 0; i < length; ++i) {
    const HandleScope inner(*store_);
    const Val element = invoke(instance, "pair")->at(0);
    ASSERT_TRUE(set_field(*store_, element, 0, Val::i32(i & 1)));
    ASSERT_TRUE(set_element(*store_, pairs, static_cast<uint32_t>(i), element));
  }
  EXPECT_FALSE(get_element(*store_, pairs, static_cast<uint32_t>(length)));
  EXPECT_EQ(get_field(*store_, *get_element(*store_, pairs, 3), 0)->as_i32(), 1);
  EXPECT_EQ(invoke_i32(instance, "sum", {pairs}), length / 2);
  expect_collections();
}

class FullHeap : public RuntimeTest {
 protected:
  FullHeap() { engine_options_ = {"gc-limit=64"}; }
};

TEST_F(FullHeap, IsATrapAndTheStoreGoesOn) {
  const Instance instance = instantiate(R"((module
    (type $list (struct (field (ref null $list)) (field i64)))
    (global $list (mut (ref null $list)) (ref.null $list))
    (func (export "fill")
      (loop $again
        (global.set $list (struct.new $list (global.get $list) (i64.const 1)))
        (br $again)))
    (func (export "clear") (global.set $list (ref.null $list)))
    (func (export "length") (result i32) (local $at (ref null $list)) (local $n i32)
      (local.set $at (global.get $list))
      (block $done
        (loop $again
          (br_if $done (ref.is_null (local.get $at)))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (local.set $at (struct.get $list 0 (local.get $at)))
          (br $again)))
      (local.get $n))))");
  EXPECT_EQ(trap_of(instance, "fill"), wasm::to_string(wasm::TrapKind::allocation_failure));
  const int32_t length = invoke_i32(instance, "length");
  EXPECT_GT(length, 1'500'000);
  ASSERT_TRUE(invoke(instance, "clear"));
  EXPECT_EQ(trap_of(instance, "fill"), wasm::to_string(wasm::TrapKind::allocation_failure));
  EXPECT_GT(invoke_i32(instance, "length"), length * 9 / 10);
}

}  // namespace
}  // namespace cairn::runtime
