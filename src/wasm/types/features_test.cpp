// Checks that a module is refused if it uses a proposal that is off, and that the error names the proposal and the
// place of the use.
#include "wasm/types/features.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::wasm {
namespace {

std::vector<std::byte> to_bytes(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// Returns a module with one function, whose first instruction has this opcode. The opcode lies at kCodeOffset. Zeros
// follow as immediates.
constexpr uint64_t kCodeOffset = 23;
std::vector<std::byte> module_with(const OpcodeInfo& opcode) {
  std::string code;
  if (opcode.prefix == 0) {
    code += static_cast<char>(opcode.code);
  } else {
    code += static_cast<char>(opcode.prefix);
    code += static_cast<char>(0x80 | (opcode.code & 0x7f));
    code += static_cast<char>(opcode.code >> 7);
  }
  code += std::string(20, '\0') + "\x0b";
  const std::string body = std::string(1, '\0') + code;
  std::string module("\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0", 18);
  module += std::string("\x0a") + static_cast<char>(body.size() + 2) + '\1' + static_cast<char>(body.size()) + body;
  return to_bytes(module);
}

TEST(Features, EveryInstructionIsRefusedByName) {
  unsigned refused = 0;
  for (const OpcodeInfo& opcode : kOpcodes) {
    if (!opcode.feature) continue;
    Features features = Features::all().without(*opcode.feature);
    // `throw` belongs to both proposals, exceptions and legacy-exceptions.
    if (opcode.name == "throw") features = features.without(Feature::legacy_exceptions);
    const auto module = decode_and_validate(module_with(opcode), features);
    ASSERT_FALSE(module) << opcode.name;
    EXPECT_EQ(module.error().kind, ErrorKind::unsupported) << opcode.name << ": " << module.error().to_string();
    EXPECT_EQ(module.error().message, std::string(opcode.name) + " needs the proposal " +
                                          std::string(to_string(*opcode.feature)) + ", which is off");
    EXPECT_EQ(module.error().offset, kCodeOffset) << opcode.name;
    ++refused;
    // With the feature on, the module is valid or refused for another reason.
    const auto other = decode_and_validate(module_with(opcode), Features::all());
    EXPECT_TRUE(other || other.error().kind != ErrorKind::unsupported) << opcode.name;
  }
  EXPECT_GT(refused, 400u);
}

// A use of a feature other than by one of the feature's instructions. The error's message begins with `what`.
struct Use {
  Feature feature;
  std::string_view text;
  std::string_view what;
  uint64_t offset;
  Features base = Features::all();  // the features that are on until the test turns `feature` off
};

const Use kUses[] = {
    {Feature::mutable_globals, R"((import "a" "b" (global (mut i32))))", "an imported mutable global", 0xf},
    {Feature::mutable_globals, R"((global (export "g") (mut i32) (i32.const 0)))", "an exported mutable global", 0x15},
    {Feature::multi_value, "(type (func (result i32 i32)))", "a function with several results", 0xb},
    {Feature::multi_value, "(func (i32.const 1) (block (param i32) (drop)))", "a block with a type index", 0x1d},
    {Feature::bulk_memory, R"((data "x"))", "a data segment that is not of kind 0", 0xb},
    {Feature::bulk_memory, "(func) (elem func 0)", "an element segment that is not of kind 0", 0x15},
    {Feature::reference_types, "(table 1 funcref) (table 1 funcref)", "multiple tables", 0xe},
    {Feature::reference_types, "(table 1 externref)", "extern", 0xb},
    {Feature::reference_types, "(func (param funcref))", "a reference as a value", 0xd},
    {Feature::extended_const, "(global i32 (i32.add (i32.const 1) (i32.const 2)))", "i32.add", 0x11},
    {Feature::extended_const, "(global i32 (i32.const 1)) (global i32 (global.get 0))",
     "global.get of a defined global in a constant expression", 0x12},
    {Feature::multi_memory, "(memory 1) (memory 1)", "multiple memories", 0xd},
    {Feature::memory64, "(memory i64 1)", "malformed limits flags: a 64-bit memory", 0xb},
    {Feature::memory64, "(table i64 1 funcref)", "a 64-bit table", 0xc},
    {Feature::function_references, "(type (func)) (func (param (ref 0)))", "a typed reference", 0x10},
    {Feature::function_references, "(func $f) (table 1 funcref (ref.func $f))", "a table with an initializer", 0x15},
    {Feature::simd, "(func (param v128))", "v128", 0xd},
    {Feature::simd, "(global (mut v128) (v128.const i64x2 0 0))", "v128", 0xb},
    {Feature::custom_page_sizes, "(memory 1 (pagesize 1))", "malformed limits flags: a page size", 0xb},
    {Feature::gc, "(rec (type (func)) (type (func)))", "a recursive type group", 0xb},
    {Feature::gc, "(type (sub (func)))", "a subtype declaration", 0xb},
    {Feature::gc, "(type (struct))", "a structure type", 0xb},
    {Feature::gc, "(type (array i8))", "an array type", 0xb},
    {Feature::gc, "(func (param eqref))", "eq", 0xd},
    {Feature::exceptions, "(tag)", "a tag", 0x11, Features::all().without(Feature::legacy_exceptions)},
    {Feature::exceptions, "(func (param exnref))", "exn", 0xd},
    {Feature::threads, "(memory 1 1 shared)", "malformed limits flags: a shared memory", 0xb},
};

TEST(Features, WhatIsNoInstructionIsRefusedByName) {
  for (const Use& use : kUses) {
    const auto bytes = text::assemble(use.text, "test.wat");
    ASSERT_TRUE(bytes) << use.text << ": " << bytes.error().message;
    const auto with = decode_and_validate(*bytes, Features::all());
    EXPECT_TRUE(with) << use.text << ": " << with.error().to_string();
    const auto without = decode_and_validate(*bytes, use.base.without(use.feature));
    ASSERT_FALSE(without) << use.text;
    const Error& error = without.error();
    EXPECT_EQ(error.kind, ErrorKind::unsupported) << use.text << ": " << error.to_string();
    EXPECT_TRUE(error.message.starts_with(std::string(use.what) + " needs the proposal " +
                                          std::string(to_string(use.feature)) + ", which is off"))
        << error.message;
    EXPECT_TRUE(error.has_offset && error.offset == use.offset) << use.text << ": " << error.to_string();
  }
}

// A custom section never makes a module invalid. If the feature is off, hints are not read.
TEST(Features, BranchHintsAreIgnoredWhenOff) {
  const auto bytes =
      text::assemble(R"((func (param i32) (@metadata.code.branch_hint "\00") (if (local.get 0) (then))))", "test.wat");
  ASSERT_TRUE(bytes);
  EXPECT_EQ(decode_and_validate(*bytes, Features::all())->branch_hints.size(), 1u);
  EXPECT_EQ(decode_and_validate(*bytes, Features::all().without(Feature::branch_hints))->branch_hints.size(), 0u);
}

}  // namespace
}  // namespace cairn::wasm
