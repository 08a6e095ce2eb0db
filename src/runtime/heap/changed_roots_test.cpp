// Tests that collections visit only the changed pieces of long tables and element segments, and miss none of them.
#include "testing/runtime/runtime_test.hpp"

namespace cairn::runtime {
namespace {

class ChangedRoots : public RuntimeTest {
 protected:
  const HeapStatistics statistics() { return store_->heap()->statistics(); }
};

// The guest has a table of 10 million references, nearly all null, and allocates garbage.
TEST_F(ChangedRoots, ANearlyEmptyTableCostsWhatIsInIt) {
  const Instance instance = instantiate(R"((module
    (type $node (struct (field i64)))
    (table $table 10000000 (ref null $node))
    (global $sink (mut (ref null $node)) (ref.null $node))
    (func (export "run") (param $count i32) (local $i i32)
      (loop $again
        (if (i32.eqz (i32.rem_u (local.get $i) (i32.const 100000)))
          (then (table.set $table (i32.add (i32.const 5000000) (local.get $i)) (struct.new $node (i64.extend_i32_u
              (local.get $i))))))
        (global.set $sink (struct.new $node (i64.const 1)))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count)))))
    (func (export "at") (param i32) (result i64) (struct.get $node 0 (table.get $table (i32.add (i32.const 5000000)
        (local.get 0)))))))");
  ASSERT_TRUE(invoke(instance, "run", {Val::i32(100'000)}));
  const HeapStatistics before = statistics();
  ASSERT_TRUE(invoke(instance, "run", {Val::i32(3'000'000)}));
  const HeapStatistics after = statistics();
  const uint64_t collections = after.minor_collections - before.minor_collections;
  EXPECT_GE(collections, 10U);
  // Collections visit written pieces only, except that each marking of the whole heap visits all pieces once.
  EXPECT_LE(
      after.roots_visited - before.roots_visited,
      30 * abi::kTablePiece + 1000 * collections + 10'000'000 * (after.major_collections - before.major_collections));
  EXPECT_EQ(after.major_collections, before.major_collections);
  for (int32_t i = 0; i < 3'000'000; i += 100'000) {
    const auto value = invoke(instance, "at", {Val::i32(i)});
    ASSERT_TRUE(value);
    EXPECT_EQ(value->at(0).as_i64(), i);
  }
}

TEST_F(ChangedRoots, WhileMarkingTheTableIsLookedAtOnce) {
  const Instance instance = instantiate(R"((module
    (type $node (struct (field (ref null $node)) (field i64)))
    (table $table 1000000 (ref null $node))
    (global $list (mut (ref null $node)) (ref.null $node))
    (func (export "build") (param $count i32)
      (loop $again
        (global.set $list (struct.new $node (global.get $list) (i64.const 1)))
        (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
    (func (export "run") (param $count i32)
      (loop $again
        (table.set $table (i32.const 77) (struct.new $node (ref.null $node) (i64.const 1)))
        (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))))");
  ASSERT_TRUE(invoke(instance, "build", {Val::i32(2'000'000)}));
  store_->heap()->collect_full();
  store_->heap()->request_marking();
  const HeapStatistics before = statistics();
  while (statistics().major_collections == before.major_collections) {
    ASSERT_TRUE(invoke(instance, "run", {Val::i32(100'000)}));
  }
  const uint64_t collections = statistics().minor_collections - before.minor_collections;
  EXPECT_GE(collections, 5U);
  EXPECT_LE(statistics().roots_visited - before.roots_visited, 1'000'000 + collections * (2 * abi::kTablePiece + 1000));
}

TEST_F(ChangedRoots, SegmentsAreLookedAtOnce) {
  std::string text = "(module (type $node (struct (field i64))) (elem $values (ref null $node)";
  for (int i = 0; i < 20'000; ++i) text += " (item (struct.new $node (i64.const " + std::to_string(i) + ")))";
  text += R"() (table $table 20000 (ref null $node)) (global $sink (mut (ref null $node)) (ref.null $node))
    (func (export "run") (param $count i32)
      (loop $again
        (global.set $sink (struct.new $node (i64.const 1)))
        (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
    (func (export "at") (param i32) (result i64)
      (table.init $table $values (i32.const 0) (i32.const 0) (i32.const 20000))
      (struct.get $node 0 (table.get $table (local.get 0)))))";
  const Instance instance = instantiate(text + ")");
  const HeapStatistics before = statistics();
  ASSERT_TRUE(invoke(instance, "run", {Val::i32(3'000'000)}));
  const uint64_t collections = statistics().minor_collections - before.minor_collections;
  EXPECT_GE(collections, 10U);
  EXPECT_LE(statistics().roots_visited - before.roots_visited, 2 * 20'000 + 1000 * collections);
  const auto value = invoke(instance, "at", {Val::i32(12'345)});
  ASSERT_TRUE(value);
  EXPECT_EQ(value->at(0).as_i64(), 12'345);
}

// The guest writes elements with every instruction that can write them. Then collections move the objects to which the
// elements refer.
class WrittenTables : public RuntimeTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    engine_options_ = {"gc-verify=on", "gc-limit=64", "gc-nursery=64", GetParam()};
    RuntimeTest::SetUp();
  }
};
INSTANTIATE_TEST_SUITE_P(, WrittenTables, testing::Values("gc-stress=on", "opt=none"));

TEST_P(WrittenTables, KeepWhatIsStored) {
  const Instance instance = instantiate(R"((module
    (type $node (struct (field i32)))
    (table $a (export "a") 5000 (ref null $node))
    (global $sink (mut (ref null $node)) (ref.null $node))
    (table $b 10 20000 (ref $node) (struct.new $node (i32.const 7)))
    (table $wide i64 5000 (ref null eq))
    (elem $values (ref null $node) (item (struct.new $node (i32.const 1))) (item (struct.new $node (i32.const 2))))
    (elem (table $a) (i32.const 4990) (ref null $node) (item (struct.new $node (i32.const 3))))
    (func $garbage (local $i i32)
      (loop $again
        (global.set $sink (struct.new $node (i32.const -1)))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 300)))))
    (func $expect (param (ref null $node)) (param i32)
      (if (i32.ne (struct.get $node 0 (local.get 0)) (local.get 1)) (then (unreachable))))
    (func (export "run") (local $i i32)
      (loop $again
        (call $expect (table.get $a (i32.const 4990)) (i32.const 3))
        (call $expect (table.get $b (i32.const 9)) (i32.const 7))
        (table.set $a (i32.const 1023) (struct.new $node (i32.const 10)))
        (table.set $a (i32.const 1024) (struct.new $node (i32.const 11)))
        (table.set $wide (i64.const 4999) (struct.new $node (i32.const 12)))
        (call $garbage)
        (call $expect (table.get $a (i32.const 1023)) (i32.const 10))
        (call $expect (table.get $a (i32.const 1024)) (i32.const 11))
        (call $expect (ref.cast (ref $node) (table.get $wide (i64.const 4999))) (i32.const 12))
        (table.fill $a (i32.const 2000) (struct.new $node (i32.const 13)) (i32.const 2000))
        (call $garbage)
        (call $expect (table.get $a (i32.const 2000)) (i32.const 13))
        (call $expect (table.get $a (i32.const 3999)) (i32.const 13))
        (table.init $a $values (i32.const 3071) (i32.const 0) (i32.const 2))
        (table.set $b (i32.const 5) (struct.new $node (i32.const 14)))
        (table.copy $a $b (i32.const 0) (i32.const 0) (i32.const 10))
        (table.copy $a $a (i32.const 4095) (i32.const 5) (i32.const 3))
        (drop (table.grow $b (struct.new $node (i32.const 15)) (i32.const 700)))
        (call $garbage)
        (call $expect (table.get $a (i32.const 3071)) (i32.const 1))
        (call $expect (table.get $a (i32.const 3072)) (i32.const 2))
        (call $expect (table.get $a (i32.const 5)) (i32.const 14))
        (call $expect (table.get $a (i32.const 4095)) (i32.const 14))
        (call $expect (table.get $a (i32.const 4096)) (i32.const 7))
        (call $expect (table.get $b (i32.sub (table.size $b) (i32.const 1))) (i32.const 15))
        (table.set $a (i32.const 1023) (ref.null $node))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4)))))))");
  const auto result = invoke(instance, "run");
  EXPECT_TRUE(result) << result.error().to_string();
  // Another instance uses the table as an import.
  ASSERT_TRUE(linker_->define_instance("first", instance));
  const Instance other = instantiate(R"((module
    (type $node (struct (field i32)))
    (table $a (import "first" "a") 1 (ref null $node))
    (global $sink (mut (ref null $node)) (ref.null $node))
    (func (export "run") (result i32) (local $i i32)
      (table.set $a (i32.const 4500) (struct.new $node (i32.const 21)))
      (loop $again
        (global.set $sink (struct.new $node (i32.const -1)))
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3000))))
      (struct.get $node 0 (table.get $a (i32.const 4500))))))");
  EXPECT_EQ(invoke_i32(other, "run"), 21);
}

}  // namespace
}  // namespace cairn::runtime
