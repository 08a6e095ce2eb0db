// Tests the validator of function bodies: which calls a sink gets, and the messages of errors.
#include "wasm/validation/validator.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wasm/decoder.hpp"
#include "wasm/text/text.hpp"

namespace cairn::wasm {
namespace {

std::vector<std::byte> assemble(std::string_view text) {
  auto bytes = text::assemble(text, "test.wat");
  EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
  return bytes ? std::move(*bytes) : std::vector<std::byte>();
}

std::string error_of(std::string_view text, Features features = Features::all()) {
  const auto module = decode_and_validate(assemble(text), features);
  return module ? "valid" : module.error().message;
}

// A sink that records the calls. If `folds_branches` is set, it returns Reachability::dead for `else` and br_if.
struct Recorder : NullSink {
  std::string log;
  bool folds_branches = false;  // behaves as if every condition were 1
  uint64_t stops_at = ~uint64_t{0};

  void note(const std::string& text) { log += (log.empty() ? "" : " ") + text; }

  void begin_function(FuncIndex, const FuncType& type, std::span<const ValType> locals) {
    note(cairn::wasm::to_string(type) + " locals:" + decimal(uint64_t{locals.size()}));
  }
  bool at(uint64_t offset) { return offset < stops_at; }
  Error error() { return Error::of(ErrorKind::resource, "stopped"); }
  void end_function() { note("end_function"); }
  void unreachable() { note("unreachable"); }
  void block(const BlockSignature&) { note("block"); }
  void loop(const BlockSignature&) { note("loop"); }
  Reachability if_(const BlockSignature&) {
    note("if");
    return Reachability::live;
  }
  Reachability else_() {
    note("else");
    return folds_branches ? Reachability::dead : Reachability::live;
  }
  Reachability end_block() {
    note("end");
    return Reachability::live;
  }
  void br(uint32_t depth) { note("br" + decimal(depth)); }
  Reachability br_if(uint32_t depth) {
    note("br_if" + decimal(depth));
    return folds_branches ? Reachability::dead : Reachability::live;
  }
  void br_table(std::span<const uint32_t> depths) { note("br_table*" + decimal(uint64_t{depths.size()})); }
  void return_() { note("return"); }
  void drop() { note("drop"); }
  void constant(ValType type, uint64_t bits) { note(cairn::wasm::to_string(type) + "=" + decimal(bits)); }
  void plain(Opcode opcode) { note(std::string(cairn::wasm::to_string(opcode))); }
  void load(Opcode opcode, const MemArg& memarg) {
    note(std::string(cairn::wasm::to_string(opcode)) + "+" + decimal(memarg.offset));
  }
};

std::string record(std::string_view text, Recorder recorder = {}) {
  const auto module = decode_module(assemble(text), Features::all());
  EXPECT_TRUE(module.has_value()) << module.error().message;
  FunctionValidator validator(*module);
  const auto result = validator.validate(FuncIndex(0), recorder);
  return result ? recorder.log : recorder.log + " ! " + result.error().message;
}

TEST(Validator, TellsTheSinkOfEachInstruction) {
  EXPECT_EQ(record("(module (memory 1) (func (param i32) (result i32) (local i64 f32)"
                   "  (i32.add (i32.const -1) (i32.load offset=8 (local.get 0)))))"),
            "[i32] -> [i32] locals:3 i32=4294967295 i32.load+8 i32.add end_function");
}

TEST(Validator, LeavesOutDeadCodeAndItsBlocks) {
  EXPECT_EQ(
      record("(module (func (block (br 0) (i32.const 1) (drop) (block (loop (unreachable)))) (i32.const 2) (drop)))"),
      "[] -> [] locals:0 block br0 end i32=2 drop end_function");
  EXPECT_EQ(record("(module (func (unreachable) (if (i32.const 1) (then (nop)) (else (i32.const 3) (drop)))))"),
            "[] -> [] locals:0 unreachable end_function");
}

TEST(Validator, AnnouncesArmsOfVisibleBlocksWhenTheCodeBeforeIsDead) {
  EXPECT_EQ(record("(module (func (param i32) (if (local.get 0) (then (return)) (else (i32.const 3) (drop)))))"),
            "[i32] -> [] locals:1 if return else i32=3 drop end end_function");
  Recorder folding;
  folding.folds_branches = true;
  EXPECT_EQ(record("(module (func (param i32) (if (local.get 0) (then (nop)) (else (i32.const 3) (drop)))))", folding),
            "[i32] -> [] locals:1 if else end end_function");
  // Code that is dead for the sink alone is still validated.
  EXPECT_EQ(record("(module (func (block (br_if 0 (i32.const 1)) (drop (i32.const 7)))))", folding),
            "[] -> [] locals:0 block i32=1 br_if0 end end_function");
  EXPECT_EQ(record("(module (func (block (br_if 0 (i32.const 1)) (drop))))", folding),
            "[] -> [] locals:0 block i32=1 br_if0 ! type mismatch: instruction requires a value but stack has []");
}

TEST(Validator, TheSinkCanStop) {
  Recorder recorder;
  recorder.stops_at = 0;
  EXPECT_EQ(record("(module (func (i32.const 1) (drop)))", recorder), "[] -> [] locals:0 ! stopped");
}

TEST(Validator, BrTableWithTheDefaultLast) {
  EXPECT_EQ(record("(module (func (block (block (br_table 0 1 2 0 1 (i32.const 0))))))"),
            "[] -> [] locals:0 block block i32=0 br_table*5 end end end_function");
}

TEST(Validator, RefusesWhatIsOffByNameAndOffset) {
  const auto module = decode_and_validate(assemble("(module (func (result i32) (i32.extend8_s (i32.const 1))))"),
                                          Features::all().without(Feature::sign_extension));
  ASSERT_FALSE(module.has_value());
  EXPECT_EQ(module.error().kind, ErrorKind::unsupported);
  EXPECT_EQ(module.error().to_string(),
            "i32.extend8_s needs the proposal sign-extension, which is off (at offset 0x1a)");
  const Features none = Features::none();
  EXPECT_EQ(error_of("(module (func (param v128)))", none), "v128 needs the proposal simd, which is off, in type 0");
  EXPECT_EQ(error_of("(module (func (result i32 i32) (unreachable)))", none),
            "a function with several results needs the proposal multi-value, which is off, in type 0");
  EXPECT_EQ(error_of("(module (memory 1) (memory 1))", none),
            "multiple memories needs the proposal multi-memory, which is off, in memory 1");
  EXPECT_EQ(error_of("(module (memory i64 1))", none),
            "malformed limits flags: a 64-bit memory needs the proposal memory64, which is off, in memory 0");
  EXPECT_EQ(error_of("(module (tag))", none), "a tag needs the proposal exceptions, which is off, in tag 0");
  EXPECT_EQ(error_of("(module (func return_call 0))", none), "return_call needs the proposal tail-call, which is off");
  EXPECT_EQ(error_of("(module (type (struct)))", none),
            "a structure type needs the proposal gc, which is off, in type 0");
  EXPECT_EQ(error_of("(module (func (param externref)))", none),
            "a reference as a value needs the proposal reference-types, which is off, in type 0");
  EXPECT_EQ(error_of("(module (global i32 (i32.add (i32.const 1) (i32.const 2))))", none),
            "i32.add needs the proposal extended-const, which is off, in global 0");
  EXPECT_EQ(error_of("(module (import \"a\" \"b\" (global (mut i32))))", none),
            "an imported mutable global needs the proposal mutable-globals, which is off, in import 0");
  EXPECT_EQ(error_of("(module (memory 1) (data \"x\"))", none),
            "a data segment that is not of kind 0 needs the proposal bulk-memory, which is off, in data segment 0");
  EXPECT_EQ(error_of("(module (memory 1 1 shared))", none),
            "malformed limits flags: a shared memory needs the proposal threads, which is off, in memory 0");
}

TEST(Validator, MismatchesShowBothSides) {
  EXPECT_EQ(error_of("(module (func (result i32) (i64.const 1)))"),
            "type mismatch: instruction requires [i32] but stack has [i64]");
  EXPECT_EQ(error_of("(module (func (i32.const 1) (f32.const 2)))"),
            "type mismatch: block requires [] but stack has [i32 f32]");
  EXPECT_EQ(error_of("(module (func (param i32 f32)) (func (call 0 (f32.const 1) (i32.const 2))))"),
            "type mismatch: instruction requires [i32 f32] but stack has [f32 i32]");
}

TEST(Validator, LocalsOfNonNullableTypeMustBeSet) {
  EXPECT_EQ(error_of("(module (func (param (ref func)) (local (ref func)) (drop (local.get 1))))"),
            "uninitialized local 1");
  EXPECT_EQ(error_of("(module (func (param (ref func)) (local (ref func))"
                     "  (local.set 1 (local.get 0)) (block (drop (local.get 1)))))"),
            "valid");
  EXPECT_EQ(error_of("(module (func (param (ref func)) (local (ref func))"
                     "  (block (local.set 1 (local.get 0))) (drop (local.get 1))))"),
            "uninitialized local 1");
}

TEST(Validator, AFunctionIsDefinedByItsBytesAlone) {
  // The validator is used again after a function that fails in the middle.
  const auto module = decode_module(
      assemble("(module (func (block (block (i32.const 1)))) (func (result i32) (i32.const 1)))"), Features::all());
  ASSERT_TRUE(module.has_value());
  FunctionValidator validator(*module);
  NullSink sink;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(validator.validate(FuncIndex(0), sink).has_value());
    EXPECT_TRUE(validator.validate(FuncIndex(1), sink).has_value());
  }
}

}  // namespace
}  // namespace cairn::wasm
