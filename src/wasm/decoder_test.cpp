// Tests the decoder: the messages and places of errors, and what a decoded module holds.
#include "wasm/decoder.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/text/text.hpp"

namespace cairn::wasm {
namespace {

using namespace std::string_literals;

// Returns a module that consists of the header and these bytes.
std::vector<std::byte> binary(const std::string& sections) {
  const std::string all = "\0asm\1\0\0\0"s + sections;
  const auto* begin = reinterpret_cast<const std::byte*>(all.data());
  return {begin, begin + all.size()};
}

std::string error_of(const std::string& sections) {
  const auto module = decode_and_validate(binary(sections), Features::all());
  return module ? "valid" : module.error().to_string();
}

Module decode(std::string_view text) {
  auto bytes = text::assemble(text, "test.wat");
  EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
  auto module = decode_and_validate(std::move(*bytes), Features::all());
  EXPECT_TRUE(module.has_value()) << module.error().message;
  return std::move(*module);
}

TEST(Decoder, TheEmptyModule) {
  EXPECT_EQ(error_of(""), "valid");
  EXPECT_EQ(decode_module({}, Features::all()).error().to_string(),
            "unexpected end of section or function (at offset 0x0)");
}

TEST(Decoder, ErrorsHaveOffsets) {
  EXPECT_EQ(error_of("\x0e\x00"s), "malformed section id (at offset 0x8)");
  EXPECT_EQ(error_of("\x01\x06\x01\x60\x00\x00"s), "length out of bounds, in the type section (at offset 0x9)");
  EXPECT_EQ(error_of("\x01\x04\x01\x60\x01\x00"s), "malformed value type, in type 0 (at offset 0xd)");
  EXPECT_EQ(error_of("\x03\x02\x01\x00"s), "unknown type 0, in function 0 (at offset 0xb)");
  EXPECT_EQ(error_of("\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00"s),
            "function and code section have inconsistent lengths (at offset 0x12)");
  EXPECT_EQ(error_of("\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x05\x01\x03\x00\x6a\x0b"s),
            "type mismatch: instruction requires [i32] but stack has [] (at offset 0x17)");
  EXPECT_EQ(error_of("\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x05\x01\x03\x00\xff\x0b"s),
            "illegal opcode ff (at offset 0x17)");
}

// Returns the message of the error in the module, without its offset.
std::string reason(std::string_view text) {
  const auto bytes = text::assemble(text, "test.wat");
  EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
  const auto module = decode_and_validate(*bytes, Features::all());
  return module ? "valid" : module.error().message;
}

// An error names an entry by its index in the index space, which begins with the imports.
TEST(Decoder, ErrorsNameTheEntry) {
  EXPECT_EQ(reason(R"((module (type (struct)) (type (sub (struct))) (type (sub 1 (array i32)))))"),
            "sub type 2 does not match super type 1, in type 2");
  EXPECT_EQ(reason(R"((module (rec (type (sub (struct))) (type (struct)) (type (sub 0 (func))) (type (struct)))))"),
            "sub type 2 does not match super type 0, in type 2");
  EXPECT_EQ(reason(R"((module (import "a" "b" (global i32)) (import "a" "c" (memory 70000))))"),
            "memory size must be at most 65536 pages (4GiB), in import 1");
  EXPECT_EQ(reason(R"((module (type (struct)) (import "a" "b" (func)) (func) (func (type 0))))"),
            "non-function type 0, in function 2");
  EXPECT_EQ(reason(R"((module (import "a" "b" (table 1 funcref)) (table 2 1 funcref)))"),
            "size minimum must not be greater than maximum, in table 1");
  EXPECT_EQ(reason(R"((module (memory 1) (memory 2 1)))"),
            "size minimum must not be greater than maximum, in memory 1");
  EXPECT_EQ(reason(R"((module (import "a" "b" (global i32)) (global i32 (i32.const 0)) (global i32 (i64.const 0))))"),
            "type mismatch: instruction requires [i32] but stack has [i64], in global 2");
  EXPECT_EQ(reason(R"((module (tag) (tag (result i32))))"), "non-empty tag result type, in tag 1");
  EXPECT_EQ(reason(R"((module (memory 1) (export "a" (memory 0)) (export "b" (memory 1))))"),
            "unknown memory 1, in export 1");
  EXPECT_EQ(reason(R"((module (memory 1) (export "a" (memory 0)) (export "b" (memory 0)) (export "a" (memory 0))))"),
            "duplicate export name \"a\", in export 2");
  EXPECT_EQ(reason(R"((module (func (param i32)) (start 0)))"),
            "start function has the type [i32] -> [], in the start section");
  EXPECT_EQ(reason(R"((module (table 1 funcref) (elem func) (elem (i64.const 0))))"),
            "type mismatch: instruction requires [i32] but stack has [i64], in element segment 1");
  EXPECT_EQ(reason(R"((module (memory 1) (data "x") (data (memory 1) (i32.const 0) "y")))"),
            "unknown memory 1, in data segment 1");
}

TEST(Decoder, ErrorsNameTheSection) {
  EXPECT_EQ(error_of("\x00\x02\x05\x61"s), "length out of bounds, in a custom section (at offset 0xa)");
  EXPECT_EQ(error_of("\x03\x01\x00\x01\x01\x00"s),
            "unexpected content after last section, in the type section (at offset 0xb)");
  EXPECT_EQ(error_of("\x04\x02\x00\x00"s), "section size mismatch, in the table section (at offset 0x8)");
  EXPECT_EQ(error_of("\x01\x04\x01\x60\x00\x00\x03\x03\x02\x00\x00\x0a\x06\x02\x02\x00\x0b\x7f\x00"s),
            "length out of bounds, in function 1 (at offset 0x19)");
}

// A body is reported as malformed even if there is a type error before the malformed instruction.
TEST(Decoder, MalformedComesBeforeInvalid) {
  EXPECT_EQ(error_of("\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x0a\x07\x01\x05\x00\x6a\x16\x00\x0b"s),
            "illegal opcode 16 (at offset 0x18)");
}

TEST(Decoder, KnowsWhatAModuleHas) {
  const Module module = decode(R"((module $m
    (import "env" "f" (func $imported (param i32)))
    (import "env" "g" (global i64))
    (memory (export "memory") 1 2)
    (table $t 3 funcref)
    (global $g (mut i32) (i32.const -5))
    (func $a (export "a") (call $imported (global.get $g)))
    (func $b)
    (func $c)
    (elem (i32.const 1) $b)
    (data (i32.const 8) "hello")
    (start $b)))");
  EXPECT_EQ(module.imports.size(), 2u);
  EXPECT_EQ(module.imported_functions, 1u);
  EXPECT_EQ(module.functions.size(), 4u);
  EXPECT_TRUE(module.functions[1].is_escaped);
  EXPECT_TRUE(module.functions[2].is_escaped);
  EXPECT_FALSE(module.functions[3].is_escaped);
  EXPECT_EQ(module.globals[1].initializer[0].bits, 0xffff'fffb);
  EXPECT_EQ(module.memories[0].type.limits.maximum, 2u);
  EXPECT_EQ(module.elements[0].size(), 1u);
  EXPECT_EQ(module.data[0].bytes.size(), 5u);
  EXPECT_EQ(module.start, FuncIndex(2));
  EXPECT_EQ(module.names.module, "m");
  EXPECT_EQ(module.function_name(FuncIndex(0)), "imported");
  EXPECT_EQ(module.function_name(FuncIndex(3)), "c");
  EXPECT_EQ(module.function_name(FuncIndex(4)), "");
  EXPECT_EQ(to_string(module.func_type(FuncIndex(0))), "[i32] -> []");
}

TEST(Decoder, ConstantExpressionsAreProgramsInPostfix) {
  const Module module = decode(R"((module
    (global $a i32 (i32.const 3))
    (global $b i32 (i32.add (i32.mul (global.get $a) (i32.const 4)) (i32.const 1)))
    (type $s (struct (field i8 i64)))
    (global (ref $s) (struct.new $s (i32.const 1) (i64.const 2)))
    (global v128 (v128.const i64x2 1 2))))");
  const ConstExpr& sum = module.globals[1].initializer;
  ASSERT_EQ(sum.size(), 5u);
  EXPECT_EQ(sum[0].kind, ConstOp::Kind::global_get);
  EXPECT_EQ(sum[2].kind, ConstOp::Kind::i32_mul);
  EXPECT_EQ(sum[4].kind, ConstOp::Kind::i32_add);
  EXPECT_EQ(module.globals[2].initializer[2].kind, ConstOp::Kind::struct_new);
  EXPECT_EQ(to_string(module.globals[2].initializer[2].type), "(ref 0)");
  EXPECT_EQ(module.globals[3].initializer[0].high_bits, 2u);
}

TEST(Decoder, BranchHints) {
  const Module module = decode(R"((module (func (param i32)
    (block (@metadata.code.branch_hint "\01") (br_if 0 (local.get 0))))))");
  ASSERT_EQ(module.branch_hints.size(), 1u);
  EXPECT_EQ(module.branch_hints[0].first, FuncIndex(0));
  ASSERT_EQ(module.branch_hints[0].second.size(), 1u);
  EXPECT_TRUE(module.branch_hints[0].second[0].likely);
  // The offset 5 is that of br_if: the local count, block, its type and local.get 0 come before it.
  EXPECT_EQ(module.branch_hints[0].second[0].offset, 5u);
}

TEST(Decoder, MalformedNamesAreIgnoredFromTheFirstErrorOn) {
  const std::string functions = "\x01\x04\x01\x60\x00\x00\x03\x03\x02\x00\x00\x0a\x07\x02\x02\x00\x0b\x02\x00\x0b"s;
  // Function names: 0 "f", then 1 "\xff".
  const auto module =
      decode_module(binary(functions + "\x00\x0e\x04name\x01\x07\x02\x00\x01\x66\x01\x01\xff"s), Features::all());
  ASSERT_TRUE(module.has_value()) << module.error().to_string();
  EXPECT_EQ(module->function_name(FuncIndex(0)), "f");
  EXPECT_EQ(module->function_name(FuncIndex(1)), "");
}

TEST(Decoder, CustomSectionsAreKept) {
  const auto module = decode_module(binary("\x00\x04\x02hixx"s.substr(0, 3) + "hi"s + "\x07"s), Features::all());
  ASSERT_TRUE(module.has_value()) << module.error().to_string();
  ASSERT_EQ(module->custom_sections.size(), 1u);
  EXPECT_EQ(module->custom_sections[0].name, "hi");
  EXPECT_EQ(module->custom_sections[0].offset, 13u);
  EXPECT_EQ(module->custom_sections[0].bytes.size(), 1u);
}

}  // namespace
}  // namespace cairn::wasm
