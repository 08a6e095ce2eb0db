// Decodes and validates damaged modules. Whatever the bytes are, the result is a module or an error. The tests are most
// useful with sanitizers.
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"

namespace cairn::wasm {
namespace {

// A module that has all sections except the start section.
constexpr std::string_view kModule = R"((module $everything
  (type $s (sub (struct (field (mut i32)) (field i8))))
  (type $t (sub final $s (struct (field (mut i32)) (field i8) (field (ref null $s)))))
  (rec (type $f (func (param i32) (result i32 i64))) (type $a (array (mut f32))))
  (import "env" "host" (func $host (param i32 f64) (result i64)))
  (import "env" "memory" (memory $m 1 2))
  (import "env" "global" (global $ig i32))
  (memory $m64 i64 1 4 shared)
  (table $t0 2 10 funcref)
  (table $t1 i64 1 (ref null $s) (ref.null $s))
  (tag $e (param i32))
  (global $g (mut i64) (i64.mul (i64.const 3) (i64.const -4)))
  (global $r (ref $s) (struct.new $s (i32.const 1) (i32.const 2)))
  (export "run" (func $run))
  (elem $el (table $t0) (i32.const 0) func $run $host)
  (elem $pe (ref null $s) (ref.null $s) (global.get $r))
  (data $d (memory $m) (i32.const 4) "some data")
  (data $p "passive")
  (func $callee (type $f) (local.get 0) (i64.const 7))
  (func $run (param $x i32) (result i32) (local $l i64) (local $n (ref $s)) (local v128)
    (block $b (result i32)
      (local.set $n (global.get $r))
      (drop (struct.get $s 0 (local.get $n)))
      (loop $again
        (br_if $again (i32.load8_u offset=3 (local.get $x)))
        (br_table $b $b (i32.const 5) (local.get $x)))
      (if (result i32) (local.get $x)
        (then (call $callee (local.get $x)) (local.set $l))
        (else (i32.const 0x12345678)))
      (drop (call_indirect $t0 (type $f) (i32.const 1) (i32.const 0)))
      (drop))
    (block $q
      (block $h (result i32) (try_table (catch $e $h) (catch_all $q) (throw $e (i32.const 1))) (i32.const 0))
      (drop))
    (i64.atomic.rmw.add $m64 (i64.const 8) (i64.const 1)) (drop)
    (memory.copy $m $m (i32.const 0) (i32.const 1) (i32.const 2))
    (memory.init $p (i32.const 0) (i32.const 1) (i32.const 2))
    (table.init $t1 $pe (i64.const 0) (i32.const 0) (i32.const 1))
    (v128.store16_lane 3 (i32.const 0) (v128.const i32x4 1 2 3 4))
    (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (local.get 3) (local.get 3)) (local.set 3)
    (array.new_fixed $a 2 (f32.const 1) (f32.const nan:0x200000)) (drop)
    (block $c (result (ref null $s))
      (br_on_cast_fail $c (ref null $s) (ref $t) (global.get $r)))
    (drop))))";

std::vector<std::byte> valid_module() {
  auto bytes = text::assemble(kModule, "mutation.wat");
  EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
  return bytes ? std::move(*bytes) : std::vector<std::byte>();
}

// Validates damaged modules, and counts all of them and the refused ones.
struct Tally {
  int refused = 0;
  int all = 0;
  void add(std::vector<std::byte> bytes) {
    const size_t size = bytes.size();
    const auto module = decode_and_validate(std::move(bytes), Features::all());
    ++all;
    if (module) return;
    ++refused;
    EXPECT_FALSE(module.error().message.empty());
    EXPECT_TRUE(module.error().has_offset);
    EXPECT_LE(module.error().offset, size);
  }
};

TEST(Mutation, EveryBitFlipped) {
  const auto bytes = valid_module();
  Tally tally;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = bytes;
      damaged[i] ^= std::byte{1} << bit;
      tally.add(std::move(damaged));
    }
  }
  EXPECT_GT(tally.refused, tally.all / 2);
}

TEST(Mutation, EveryByteReplaced) {
  const auto bytes = valid_module();
  Tally tally;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int value : {0x00, 0x01, 0x05, 0x0b, 0x40, 0x60, 0x63, 0x70, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff}) {
      auto damaged = bytes;
      damaged[i] = static_cast<std::byte>(value);
      tally.add(std::move(damaged));
    }
  }
  EXPECT_GT(tally.refused, tally.all / 2);
}

TEST(Mutation, EveryLengthTruncated) {
  const auto bytes = valid_module();
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::vector<std::byte> damaged(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto module = decode_and_validate(std::move(damaged), Features::all());
    if (!module) EXPECT_EQ(module.error().kind, ErrorKind::malformed) << module.error().to_string();
  }
}

TEST(Mutation, SeveralBytesReplaced) {
  const auto bytes = valid_module();
  Tally tally;
  uint64_t random = 42;
  const auto next = [&random](uint64_t below) {
    random = random * 6364136223846793005 + 1442695040888963407;
    return (random >> 33) % below;
  };
  for (int i = 0; i < 20'000; ++i) {
    auto damaged = bytes;
    for (uint64_t edits = 1 + next(4); edits > 0; --edits) {
      damaged[next(damaged.size())] = static_cast<std::byte>(next(256));
    }
    tally.add(std::move(damaged));
  }
  EXPECT_GT(tally.refused, tally.all / 2);
}

TEST(Mutation, TheModuleIsValid) {
  const auto module = decode_and_validate(valid_module(), Features::all());
  EXPECT_TRUE(module.has_value()) << module.error().to_string();
}

}  // namespace
}  // namespace cairn::wasm
