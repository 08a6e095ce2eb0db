// Tests the text format: messages of errors, printing what was read, deep nesting, and damaged input.
#include "wasm/text/text.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "wasm/decoder.hpp"
#include "wasm/text/print_number.hpp"
#include "wasm/text/wast.hpp"

namespace cairn::wasm::text {
namespace {

std::string message_of(std::string_view source) {
  const auto bytes = assemble(source, "a.wat");
  return bytes ? "" : bytes.error().message;
}

// Returns the text that results from assembling and printing.
std::string round_trip(std::string_view source) {
  const auto bytes = assemble(source, "a.wat");
  if (!bytes) return bytes.error().message;
  const auto module = decode_and_validate(*bytes, Features::all());
  if (!module) return module.error().to_string();
  const auto text = disassemble(*module);
  return text ? *text : text.error().to_string();
}

TEST(Text, ErrorsSayWhereAndWhatWasExpected) {
  EXPECT_EQ(message_of("(module\n  (func (result i32)\n    i32.const $x))"),
            "a.wat:3:15: unexpected token $x, expected an integer");
  EXPECT_EQ(message_of("(func i32.foo)"), "a.wat:1:7: unknown operator i32.foo, expected an instruction");
  EXPECT_EQ(message_of("(func (local.get $x))"), "a.wat:1:18: unknown local $x");
  EXPECT_EQ(message_of("(func block $a end $b)"), "a.wat:1:20: mismatching label $b");
  EXPECT_EQ(message_of("(func) (memory 1)\r\n(import \"m\" \"f\" (func))"),
            "a.wat:2:9: import after memory definition");
  EXPECT_EQ(message_of("(func"), "a.wat:1:6: unexpected token: end of the text, expected ')'");
  EXPECT_EQ(message_of("(module (; (; ;) "), "a.wat:1:9: unclosed comment");
  EXPECT_EQ(message_of("(type $t (func)) (type $t (func))"), "a.wat:1:24: duplicate type $t");
  EXPECT_EQ(message_of("(memory 1) (data \"\\u{d800}\")"), "a.wat:1:19: illegal escape");
}

TEST(Text, PrintsWhatItRead) {
  EXPECT_EQ(round_trip(R"((module $m
      (func $"odd name" (export "f") (param $x i32) (result f32)
        (if $l (result f32) (local.get $x) (then (f32.const 0.1)) (else (br $l (f32.const nan:0x1))))
        (drop (i32.load offset=4 align=2 (i32.const 0))))
      (memory (data "a\"\00é"))))"),
            "(module $m\n"
            "  (type (func (param i32) (result f32)))\n"
            "  (func $\"odd name\" (type 0) (param $x i32) (result f32)\n"
            "    local.get $x\n"
            "    if $l (result f32)\n"
            "      f32.const 0x1.99999ap-4\n"
            "    else\n"
            "      f32.const nan:0x1\n"
            "      br 0\n"
            "    end\n"
            "    i32.const 0\n"
            "    i32.load offset=4 align=2\n"
            "    drop)\n"
            "  (memory 1 1)\n"
            "  (export \"f\" (func $\"odd name\"))\n"
            "  (data (memory 0) (offset i32.const 0) \"a\\\"\\00é\"))\n");
}

TEST(Text, KeepsNamesHintsAndCustomSections) {
  const std::string text = round_trip(R"(
      (@custom "first" (before first) "1")
      (func $f (@name "other") (param $a (@name "a b") i32) (local $b i64)
        (@metadata.code.branch_hint "\01") (if (local.get $a) (then)))
      (global $g i32 (i32.const 1))
      (@custom "middle" (after global) "\00\ff"))");
  EXPECT_EQ(text,
            "(module\n"
            "  (type (func (param i32)))\n"
            "  (func $other (type 0) (param $\"a b\" i32)\n"
            "    (local $b i64)\n"
            "    local.get $\"a b\"\n"
            "    (@metadata.code.branch_hint \"\\01\") if\n"
            "    end)\n"
            "  (global $g i32 i32.const 1)\n"
            "  (@custom \"first\" (before first) \"1\")\n"
            "  (@custom \"middle\" (after global) \"\\00\\ff\"))\n");
}

TEST(Text, SpellsFloatsExactly) {
  EXPECT_EQ(spell_f32(0x3f80'0000), "1");
  EXPECT_EQ(spell_f32(0x8000'0000), "-0");
  EXPECT_EQ(spell_f32(0xff80'0000), "-inf");
  EXPECT_EQ(spell_f32(0x7fc0'0000), "nan");
  EXPECT_EQ(spell_f32(0x0000'0001), "0x1p-149");
  EXPECT_EQ(spell_f64(0x3fb9'9999'9999'999a), "0x1.999999999999ap-4");
  EXPECT_EQ(spell_f64(0x000f'ffff'ffff'ffff), "0x1.ffffffffffffep-1023");
  EXPECT_EQ(spell_f64(0x7fef'ffff'ffff'ffff), "0x1.fffffffffffffp+1023");
}

std::string repeat(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Text, DeepNestingNeedsNoStack) {
  constexpr size_t kDepth = 50'000;
  EXPECT_EQ(message_of("(func " + repeat("(block ", kDepth) + repeat(")", kDepth) + ")"), "");
  EXPECT_EQ(message_of("(func " + repeat("block ", kDepth) + repeat("end ", kDepth) + ")"), "");
  EXPECT_EQ(message_of("(func (drop " + repeat("(i32.eqz ", kDepth) + "(i32.const 1)" + repeat(")", kDepth) + "))"),
            "");
  EXPECT_EQ(message_of(repeat("(; ", kDepth) + repeat(" ;)", kDepth) + "(func)"), "");
  EXPECT_EQ(message_of("(@a " + repeat("(", kDepth) + repeat(")", kDepth) + ")"), "");
  EXPECT_TRUE(message_of("(func " + repeat("block ", kMaxNesting + 1) + ")").contains("nesting limit of 100000"));
  EXPECT_EQ(message_of("(module quote \"(func)\")"), "");
  EXPECT_TRUE(
      message_of("(module quote \"(module quote \\22(func)\\22)\")").contains("a quoted module quotes another"));
}

// A mutated script either parses or gives an error. It never crashes the parser.
TEST(Text, MutatedScriptsDoNotCrash) {
  const std::string seed = R"x((module $m (@name "n") (@custom "c" (after code) "\00\41")
      (type $s (sub (struct (field $a (mut i8)) (field (ref null $s)))))
      (rec (type $f (func (param $x i32) (result i32 i64))) (type $arr (array (mut f64))))
      (import "spectest" "memory" (memory $mem i64 1 2 shared)) (import "a" "b" (func $g (type $f)))
      (table $t 10 (ref null func) (ref.null func)) (memory (pagesize 1) (data "x\u{41}" "y"))
      (tag $e (param i32)) (global $g1 (mut v128) (v128.const f32x4 1 0x1.8p3 nan:0x1 -inf))
      (func $h (export "h") (param $x i32) (result i32) (local $y i64 i64)
        (block $l (result i32) (br_if $l (i32.const -0x80000000) (i32.eqz (local.get $x))))
        (if (result i32) (then (i32.load8_s offset=0xff align=1 (i32.const 1_000)))
          (else (call_indirect $t (type $f) (param i32) (result i32 i64) (i32.const 1) (i32.const 2)) drop))
        (try_table (catch $e 0) (catch_all_ref 0) (throw $e (i32.const 7)))
        (try $q (do nop) (catch $e drop) (catch_all))
        (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)) drop
        (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15) (br_table 0 1 $l)
        (@metadata.code.branch_hint "\01") if else end (ref.cast (ref null $s)) (struct.get $s $a) )
      (elem (table $t) (offset (i32.const 0)) funcref (item ref.func $h) (ref.null func))
      (elem declare func $h $g) (start $h) (export "m" (memory $mem)) (data $d "\00\ff" ""))
    (assert_return (invoke $m "h" (i32.const 1) (ref.extern 2)) (either (f32.const nan:canonical) (ref.null)))
    (assert_malformed (module quote "(func \"x" "\")") "m") (module binary "\00asm" "\01\00\00\00")
    (thread $th (shared (module $m)) (register "x" $m)) (wait $th) (assert_trap (module instance $m) "t"))x";
  ASSERT_TRUE(parse_script(seed, "seed").has_value()) << parse_script(seed, "seed").error().message;
  const std::vector<std::string> words = {"(",    ")",        "\"",  "$",       "$x", "0",    "-1",      "(;",
                                          ";)",   ";;",       "\n",  "(@",      "\\", "\x80", "type",    "end",
                                          "rec",  "(param i", " ",   "i32",     "_",  "0x1p", "nan:0x1", "{",
                                          "(ref", "mut",      "sub", "(import", "e1", "\0"};
  std::mt19937 random(7);  // NOLINT: the same mutations each time
  int parsed = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string source = seed;
    for (size_t edits = 1 + random() % 6; edits > 0; --edits) {
      const size_t at = random() % source.size();
      const size_t length = random() % 8;
      switch (random() % 4) {
        case 0: source.erase(at, length); break;
        case 1: source.insert(at, words[random() % words.size()]); break;
        case 2: source[at] = static_cast<char>(random()); break;
        default: source.insert(at, source.substr(random() % source.size(), length * 8));
      }
    }
    if (random() % 16 == 0) source.resize(random() % source.size());
    const auto script = parse_script(source, "mutated");
    if (!script) continue;
    ++parsed;
    for (const Directive& directive : script->directives) {
      const auto* define = std::get_if<DefineModule>(&directive.what);
      if (define == nullptr || !define->module.bytes) continue;
      const auto module = decode_module(*define->module.bytes, Features::all());
      if (module) (void)disassemble(*module);
    }
  }
  EXPECT_GE(parsed, 100);
}

// The printer gets bodies that were not validated.
TEST(Text, MutatedBinariesDoNotCrashThePrinter) {
  const auto bytes = assemble(R"((func $f (param $x i32) (local $y i64) (block $l (br_if $l (local.get $x)))
      (if (local.get $x) (then nop) (else (drop (v128.const i64x2 1 2)))) (br_table 0 0 0 (local.get 0)))
      (memory 1) (data "abc") (@custom "x" "y"))",
                              "seed");
  ASSERT_TRUE(bytes.has_value());
  std::mt19937 random(7);  // NOLINT: the same mutations each time
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> mutated = *bytes;
    for (size_t edits = 1 + random() % 3; edits > 0; --edits) {
      mutated[8 + random() % (mutated.size() - 8)] = static_cast<std::byte>(random());
    }
    const auto module = decode_module(mutated, Features::all());
    if (module) (void)disassemble(*module);
  }
}

}  // namespace
}  // namespace cairn::wasm::text
