// The shapes of modules that have one large function.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sstream>

#include "base/assert.hpp"
#include "shapes.hpp"
#include "wasm/decoder.hpp"
#include "wasm/text/testing/module_writer.hpp"
#include "wasm/text/text.hpp"
#include "wasm/types/limits.hpp"
#include "wasm/types/opcodes.hpp"

namespace cairn::bombs {
namespace {

using wasm::testing::ByteWriter;
using wasm::testing::kCode;

std::string times(size_t count, std::string_view text) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

// Returns the definitions of 64 structure types, each a subtype of the one before.
std::string chain() {
  std::string out = "(type $level0 (sub (struct)))";
  for (size_t i = 1; i < 64; ++i) {
    out += "(type $level" + std::to_string(i) + " (sub $level" + std::to_string(i - 1) + " (struct)))";
  }
  return out;
}

// Returns the fields that the shapes refer to. The function of the shape comes after them, as the last function.
const std::string& declarations() {
  static const std::string& text = *new std::string(
      "(type $f (func (param i32 i32) (result i32)))"
      "(type $wide (func" +
      times(1000, " (param i64)") + times(1000, " (result i64)") +
      "))"
      "(type $wide_block (func" +
      times(1000, " (param i64)") + times(1000, " (result i64)") +
      "))"
      "(type $results (func (result" +
      times(1000, " i64") +
      ")))"
      "(type $takes (func (param" +
      times(1000, " i64") +
      ")))"
      "(type $none (func))"
      "(type $gives (func (result i32)))"
      "(type $object (struct" +
      times(10'000, " (field (mut i64))") + "))" + "(type $array (array (mut i32)))" + chain() +
      "(import \"\" \"\" (func $none (type $none)))"
      "(memory $m 1) (memory $m64 i64 1) (table $t 10 funcref) (table $x 10 externref)"
      "(tag $e) (tag $e1 (param i32))"
      "(global $o (mut (ref null $level0)) (ref.null $level0))"
      "(global $g (mut i32) (i32.const 0)) (global $r (mut externref) (ref.null extern))"
      "(global $v (mut v128) (v128.const i64x2 0 0))");
  return text;
}

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "cairn-bombs: %s\n", what.c_str());
  std::abort();
}

Bytes assemble(const std::string& fields) {
  auto bytes = wasm::text::assemble("(module " + declarations() + fields + ")", "shape");
  if (!bytes) give_up(bytes.error().message + " in " + fields.substr(0, 2000));
  return std::move(*bytes);
}

// A text whose blocks are complete, because words were added to it. `before` and `after` are the sizes, in bytes of
// code, of the words added at its front and at its end.
struct Whole {
  std::string text;
  size_t before = 0;
  size_t after = 0;
};

Whole make_whole(const std::string& text) {
  std::string opening;
  size_t opened = 0;
  size_t open = 0;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const bool is_arm = word == "else" || word == "catch" || word == "catch_all";
    if (word == "block" || word == "loop" || word == "if" || word == "try" || word == "try_table") ++open;
    if (word != "end" && word != "delegate" && !is_arm) continue;
    if (open == 0) {
      opening += word == "else" ? "if " : word == "end" ? "block " : "try ";
      ++opened;
      ++open;
    }
    if (!is_arm) --open;
  }
  return {opening + text + times(open, " end"), 2 * opened, open};
}

// Returns the locals and the instructions of a function with this text, without the `end`.
ByteWriter body_of(const std::string& text) {
  const Whole whole = make_whole(text);
  const size_t locals_end = text.starts_with("(local") ? text.find(')') + 1 : 0;
  CAIRN_ASSERT(whole.before == 0);
  Bytes bytes = assemble("(func $self (export \"f\") (type $f) " + text.substr(0, locals_end) + " " +
                         whole.text.substr(locals_end) + ")");
  const auto module = wasm::decode_module(std::move(bytes), wasm::Features::all());
  if (!module) give_up(module.error().to_string());
  const auto body = module->functions.back().body;
  ByteWriter out;
  out.append(body.first(body.size() - 1 - whole.after));
  return out;
}

// Returns the code of the instructions in this text, without locals and without the words that make_whole() adds.
ByteWriter code_of(const std::string& text) {
  const Whole whole = make_whole(text);
  const ByteWriter body = body_of(whole.text);
  ByteWriter out;
  // The first byte of the body is the number of groups of locals, which is 0.
  out.append(body.bytes().first(body.size() - whole.after).subspan(1 + whole.before));
  return out;
}

// Returns a module whose last function has this body.
Bytes module_of(const ByteWriter& body) {
  Bytes bytes = assemble("(func $self (export \"f\") (type $f))");
  auto module = wasm::decode_module(std::move(bytes), wasm::Features::all());
  if (!module) give_up(module.error().to_string());
  // The code section of this small module has four bytes before the function's body: the section's number, its size,
  // the number of functions, and the size of the body.
  constexpr size_t kBytesBeforeBody = 4;
  ByteWriter out;
  out.append(std::span(module->bytes).first(module->functions.back().body_offset - kBytesBeforeBody));
  ByteWriter section;
  section.unsigned_leb(1);
  section.sized(body.bytes());
  out.section(kCode, section.bytes());
  return out.take();
}

// Makes a module whose function has at most `bytes` bytes: `before`, repetitions of `unit`, and `after`.
Bytes make_function(const Shape& shape, size_t bytes) {
  bytes = std::min<size_t>(bytes, wasm::limits::kFunctionSize);
  ByteWriter body = body_of(shape.before);
  const ByteWriter unit = code_of(shape.unit);
  ByteWriter after = code_of(shape.after);
  after.byte(0x0b);
  for (size_t i = 0; i < shape.most_units && body.size() + unit.size() + after.size() <= bytes; ++i)
    body.append(unit.bytes());
  body.append(after.bytes());
  return module_of(body);
}

// Does the same as make_function(), but each unit encloses the next one, and is closed by an `after` of its own.
Bytes make_nested(const Shape& shape, size_t bytes) {
  bytes = std::min<size_t>(bytes, wasm::limits::kFunctionSize);
  ByteWriter body = body_of(shape.before);
  const ByteWriter unit = code_of(shape.unit);
  const ByteWriter after = code_of(shape.after + " end");
  const size_t each = unit.size() + after.size();
  const size_t count = std::min(shape.most_units, (bytes - body.size()) / each);
  for (size_t i = 0; i < count; ++i) body.append(unit.bytes());
  for (size_t i = 0; i < count; ++i) body.append(after.bytes());
  body.append(code_of("local.get 0").bytes());
  body.byte(0x0b);
  return module_of(body);
}

// Repeats the text for each of `count` locals after the two parameters. `#` in the text is replaced by the local's
// number.
std::string numbered(size_t count, const std::string& text) {
  std::string out;
  for (size_t i = 2; i < count + 2; ++i) {
    for (char c : text) {
      if (c == '#') {
        out += std::to_string(i);
      } else {
        out += c;
      }
    }
  }
  return out;
}

constexpr uint32_t kLocals = 40'000;  // near the limit of 50,000

// Returns the declaration of `count` locals of a type.
std::string locals(size_t count, std::string_view type = "i32") {
  return "(local" + times(count, " " + std::string(type)) + ") ";
}

// Makes a br_table with as many targets as the bytes and the limits allow, inside of `depth` blocks.
Bytes make_table(size_t bytes, uint32_t depth, std::string_view block_type, std::string_view result) {
  ByteWriter body = body_of("");
  const ByteWriter block = code_of("block " + std::string(block_type));
  for (uint32_t i = 0; i < depth; ++i) body.append(block.bytes());
  body.append(code_of(std::string(result) + " local.get 0").bytes());
  body.byte(0x0e);                          // br_table
  const size_t each = depth < 128 ? 1 : 2;  // bytes of a target
  const size_t targets = std::min<size_t>(bytes, wasm::limits::kFunctionSize - 100'000) / each;
  body.unsigned_leb(targets - 1);
  for (size_t i = 0; i < targets; ++i) body.unsigned_leb(i % depth);
  for (uint32_t i = 0; i < depth; ++i) {
    body.byte(0x0b);
    if (!result.empty()) body.append(code_of("unreachable").bytes());
  }
  body.append(code_of("local.get 0").bytes());
  body.byte(0x0b);
  return module_of(body);
}

// Makes distinct constants: each is `opcode`, a number of `size` bytes, and `use`.
Bytes make_constants(size_t bytes, std::string_view opcode, unsigned size, std::string_view use) {
  bytes = std::min<size_t>(bytes, wasm::limits::kFunctionSize);
  ByteWriter body = body_of("");
  const ByteWriter used = code_of(std::string(use));
  for (uint64_t i = 1; body.size() + 64 < bytes; ++i) {
    body.append(opcode);
    body.fixed(i * 0x9e37'79b9'7f4a'7c15, 8 < size ? 8 : size);
    if (size == 16) body.fixed(i, 8);
    body.append(used.bytes());
  }
  body.append(code_of("local.get 0").bytes());
  body.byte(0x0b);
  return module_of(body);
}

// Makes at most `most` values that all live until the end. `value` is the code for a value, and `combine` the code that
// makes one value from two.
Bytes make_live(size_t bytes, const std::string& value, const std::string& combine, size_t most) {
  bytes = std::min<size_t>(bytes, wasm::limits::kFunctionSize);
  const ByteWriter each = code_of(value);
  const ByteWriter merge = code_of(combine);
  const size_t count = std::min(most, bytes / (each.size() + merge.size()));
  ByteWriter body = body_of("");
  for (size_t i = 0; i < count; ++i) body.append(each.bytes());
  for (size_t i = 0; i + 1 < count; ++i) body.append(merge.bytes());
  body.byte(0x0b);
  return module_of(body);
}

// A list of shapes. add() adds a shape that make_function() makes, and chain() one that is also measured without
// optimization. nest() adds a shape that make_nested() makes, and make() one that `maker` makes.
class ShapeList {
 public:
  void add(std::string name, std::string before, std::string unit, std::string after = "local.get 0",
           size_t most = ~size_t{0}) {
    shapes_.push_back({std::move(name), make_function, std::move(before), std::move(unit), std::move(after), most});
  }
  void chain(std::string name, std::string before, std::string unit, std::string after = "") {
    add(std::move(name), std::move(before), std::move(unit), std::move(after));
    shapes_.back().also_unoptimized = true;
  }
  void nest(std::string name, std::string before, std::string unit, std::string after = "", size_t most = ~size_t{0}) {
    shapes_.push_back({std::move(name), make_nested, std::move(before), std::move(unit), std::move(after), most});
  }
  void make(std::string name, Bytes (*maker)(const Shape&, size_t)) {
    shapes_.push_back({std::move(name), maker, {}, {}, {}, ~size_t{0}});
  }
  std::vector<Shape> take() { return std::move(shapes_); }

 private:
  std::vector<Shape> shapes_;
};

void add_straight_lines(ShapeList& list) {
  list.add("nothing", "", "nop");
  list.chain("arithmetic", "local.get 0", "local.get 1 i32.add local.get 0 i32.xor local.get 1 i32.mul");
  list.add("dead_values", "", "local.get 0 i32.const 77 i32.mul drop");
  list.add("equal_values", "", "local.get 0 local.get 1 i32.mul local.set 0");
  list.add("divisions", "", "local.get 0 local.get 1 i32.div_s local.set 0");
  list.chain("conversions", "local.get 0", "i64.extend_i32_s i32.wrap_i64");
  list.chain("unsigned_conversions", "local.get 0", "i64.extend_i32_u i32.wrap_i64");
  list.chain("sign_extensions", "local.get 0", "i32.extend8_s i32.extend16_s");
  list.chain("reinterpretations", "local.get 0", "f32.reinterpret_i32 i32.reinterpret_f32");
  list.chain("reinterpretations_of_64", "local.get 0 i64.extend_i32_u", "f64.reinterpret_i64 i64.reinterpret_f64",
             "i32.wrap_i64");
  list.chain("reinterpreted_constants", "", "i32.const 7 f32.reinterpret_i32 i32.reinterpret_f32 local.set 0",
             "local.get 0");
  list.chain("float_conversions", "local.get 0 f32.convert_i32_s", "f64.promote_f32 f32.demote_f64",
             "i32.trunc_sat_f32_s");
  list.chain("float_signs", "local.get 0 f32.convert_i32_s", "f32.neg f32.abs", "i32.trunc_sat_f32_s");
  list.chain("splats", "local.get 0", "i32x4.splat i32x4.extract_lane 1");
  list.chain("masks", "local.get 0", "i32.const 255 i32.and i32.const 3 i32.shl");
  list.chain("negations", "local.get 0", "i32.eqz");
  list.chain("comparisons", "local.get 0", "local.get 1 i32.lt_u");
  list.chain("selections", "local.get 0", "local.get 1 local.get 0 select");
  list.chain("selections_of_conditions", "local.get 0", "local.get 1 i32.lt_s local.get 0 local.get 1 select");
  list.chain("chain_of_loads", "", "local.get 0 i32.load local.set 0", "local.get 0");
  list.add(
      "loads_and_stores", "",
      "local.get 0 local.get 1 i32.load offset=16 i32.store offset=24 local.get 1 local.get 0 i64.load8_u i64.store16");
  list.add("loads_of_64", "", "local.get 0 i64.extend_i32_u i32.load $m64 local.set 0");
  list.add("equal_loads", "", "local.get 0 i32.load drop");
  list.add("globals", "", "global.get $g i32.const 1 i32.add global.set $g");
  list.add("host_calls", "", "call $none");
  list.add("calls", "", "local.get 0 local.get 1 call $self local.set 0");
  list.add("indirect_calls", "", "local.get 0 local.get 1 local.get 0 call_indirect $t (type $f) local.set 0");
  list.add("indirect_calls_of_results", "local.get 0", "call_indirect $t (type $gives)", "");
  list.add("tables", "", "local.get 0 local.get 0 table.get $x table.set $x");
  list.add("bulk", "",
           "local.get 0 local.get 1 i32.const 9 memory.copy $m $m local.get 0 local.get 1 local.get 1 memory.fill $m");
  list.add("growing", "", "local.get 0 memory.grow $m local.set 0");
  list.add("returns", "", "local.get 0 return");
  list.add("unreachable", "", "unreachable");
  list.add("dead_code", "unreachable", "i32.add drop");
  list.add("atomics", "", "local.get 0 local.get 1 i32.atomic.rmw.add $m local.set 0");
  list.make("many_floats", [](const Shape&, size_t b) {
    return make_constants(b, "\x44", 8, "i32.trunc_sat_f64_s local.get 0 i32.add local.set 0");
  });
  list.make("many_integers", [](const Shape&, size_t b) {
    return make_live(b, "local.get 0 i32.const 0x12345678 i32.xor local.tee 0", "i32.add", 900'000);
  });
  list.make("many_vectors", [](const Shape&, size_t b) {
    return make_constants(b, "\xfd\x0c", 16, "global.get $v i8x16.add global.set $v");
  });
}

void add_long_lives(ShapeList& list) {
  list.make("live_values", [](const Shape&, size_t b) {
    return make_live(b, "local.get 0 i32.const 3 i32.mul local.tee 0", "i32.add", 900'000);
  });
  list.make("live_floats", [](const Shape&, size_t b) {
    return make_live(b, "local.get 0 i32.const 3 i32.mul local.tee 0 f64.convert_i32_s i32.trunc_f64_s", "i32.add",
                     900'000);
  });
  list.make("live_loads", [](const Shape&, size_t b) {
    return make_live(b, "local.get 0 i32.load offset=8 local.tee 0", "i32.sub", 900'000);
  });
  list.make("live_calls", [](const Shape&, size_t b) {
    return make_live(b, "local.get 0 local.get 1 call $self local.tee 0", "i32.add", 900'000);
  });
  list.add("live_across_calls", numbered(1000, "local.get 0 i32.const # i32.mul "), "call $none",
           times(999, "i32.add "));
  list.add("references_across_calls",
           locals(1000, "externref") + numbered(1000, "local.get 0 table.get $x local.set # "), "call $none",
           numbered(1000, "local.get # global.set $r ") + "local.get 0");
}

void add_control(ShapeList& list) {
  list.add("blocks", "", "block local.get 0 br_if 0 local.get 1 local.set 0 end");
  list.add("ifs", "", "local.get 0 if local.get 1 i32.const 1 i32.add local.set 0 end");
  list.add("ifs_with_else", "",
           "local.get 0 if local.get 1 local.set 0 else local.get 0 i32.const 1 i32.add local.set 1 end");
  list.add("empty_blocks", "", "block end");
  list.add("loops", "", "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end");
  list.add("endless_loops", "", "block local.get 0 br_if 0 loop br 0 end end");
  list.add("returns_in_ifs", "", "local.get 0 if local.get 1 return end");
  list.add("traps_in_ifs", "", "local.get 0 if unreachable end");
  list.add("dead_ifs", "unreachable", "if else end");
  list.nest("nested_blocks", "", "block local.get 0 br_if 0", "local.get 1 local.set 0", 50'000);
  list.nest("nested_blocks_to_the_outermost", "", "block local.get 0 br_if 0", "", 50'000);
  list.nest("nested_loops", "", "loop", "local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0", 50'000);
  list.nest("nested_ifs", "", "local.get 0 if", "local.get 1 local.set 0", 50'000);
  list.nest("shallow_nests", "", "block local.get 0 br_if 0", "local.get 1 local.set 0", 1000);
  list.make("table", [](const Shape&, size_t b) { return make_table(b, 100, "", ""); });
  list.make("table_over_many_blocks", [](const Shape&, size_t b) { return make_table(b, 10'000, "", ""); });
  list.make("table_with_wide_labels",
            [](const Shape&, size_t b) { return make_table(b, 1000, "(type $results)", "unreachable"); });
  list.add("tables_of_branches", times(100, "block "), "block local.get 0 br_table 1 2 3 4 5 0 end",
           times(100, "end ") + "local.get 0");
  list.add("small_tables", "", "block block local.get 0 br_table 0 1 0 1 0 end end");
  list.add("wide_labels", "block (type $results) unreachable", "local.get 0 br_if 0", "end unreachable");
  list.add("wide_blocks", "block (type $results) unreachable", "block (type $wide_block) end", "end unreachable");
  list.add("wide_ifs", "call $none unreachable block (type $results) unreachable",
           "local.get 0 if (type $wide_block) else end", "end unreachable");
}

void add_locals(ShapeList& list) {
  list.add("many_locals", locals(kLocals), "local.get 39000 local.set 2");
  list.add("locals_and_branches", locals(kLocals) + "block " + numbered(kLocals, "local.get 0 local.set # "),
           "local.get 1 br_if 0", "end local.get 0");
  list.add("locals_and_ifs", locals(1000) + "block " + numbered(1000, "local.get 0 i32.const # i32.add local.set # "),
           "local.get 1 if local.get 500 local.set 600 local.get 600 local.set 700 end", "end local.get 0");
  list.add("locals_and_loops", locals(1000) + "loop ",
           "loop local.get 0 local.set 900 local.get 0 br_if 1 local.get 900 local.set 7 end", "end local.get 0");
  list.nest("locals_in_nested_loops", locals(1000), "loop local.get 0 local.set 900 local.get 3 local.set 4",
            "local.get 0 br_if 0", 50'000);
  list.add("loops_that_write_many_locals",
           locals(kLocals) + times(1000, "loop ") + numbered(kLocals, "local.get 0 local.set # "),
           "local.get 1 br_if 0", times(1000, "end ") + "local.get 0");
}

void add_wide_calls(ShapeList& list) {
  list.add("wide_loops", "call $none local.get 0 call_indirect $t (type $results)", "loop (type $wide_block) end",
           "unreachable");
  list.add("wide_indirect_calls", "local.get 0 call_indirect $t (type $results)",
           "local.get 0 call_indirect $t (type $wide)", "local.get 0 call_indirect $t (type $takes) local.get 0");
  list.add("dead_wide_calls", "unreachable", "local.get 0 call_indirect $t (type $wide)", "unreachable");
}

void add_objects(ShapeList& list) {
  list.add("objects", "", "struct.new_default $object drop");
  list.add("objects_kept", "(local (ref null $object))",
           "struct.new_default $object local.tee 2 struct.get $object 9999 drop");
  list.add("small_objects", "(local (ref null $level0))", "struct.new_default $level0 local.set 2");
  list.add("arrays", "(local (ref null $array))", "local.get 0 local.get 1 array.new $array local.set 2");
  list.add("array_elements", "(local (ref null $array))",
           "local.get 2 local.get 0 local.get 2 local.get 1 array.get $array array.set $array");
  list.add("arrays_of_operands", "", times(10'000, "i32.const 7 ") + "array.new_fixed $array 10000 drop");
  list.add("casts", "", "global.get $o ref.cast (ref null $level63) drop");
  list.add("tests", "", "global.get $o ref.test (ref $level63) local.set 0");
  list.add(
      "branches_on_casts", "(local (ref null $level0))",
      "block (result (ref null $level0)) global.get $o br_on_cast 0 (ref null $level0) (ref $level63) end local.set 2");
  list.add("references_of_objects", "(local (ref null $level0) (ref null $level0))",
           "global.get $o local.tee 2 local.get 3 ref.eq if local.get 2 local.set 3 end call $none");
}

void add_exceptions(ShapeList& list) {
  list.add("tries", "", "block try_table (catch $e 0) call $none end end");
  list.add("tries_of_values", "", "block (result i32) try_table (catch $e1 0) call $none end local.get 0 end drop");
  list.add("tries_with_many_clauses", "block block (result exnref)",
           "try_table " + times(100, "(catch $e 1) (catch_all_ref 0)") + " call $none end",
           "unreachable end drop end local.get 0");
  list.nest("nested_tries", "", "block try_table (catch $e 0) (catch_all 0)", "call $none end", 30'000);
  list.nest("nested_legacy_tries", "", "try call $none", "catch $e call $none", 50'000);
  list.add("legacy_tries", "", "try call $none catch $e catch_all rethrow 0 end");
  list.add("delegates", "try", "try call $none delegate 0", "catch_all end local.get 0");
  list.add("throws", "", "local.get 0 if local.get 1 throw $e1 end");
  list.add("calls_in_a_deep_try", times(1000, "block try_table (catch $e 0) "), "call $none",
           times(1000, "end end ") + "local.get 0");
  list.add("locals_and_tries", locals(1000) + numbered(1000, "local.get 0 i32.const # i32.add local.set # "),
           "block try_table (catch $e 0) call $none local.get 0 local.set 500 call $none end end", "local.get 999");
}

}  // namespace

std::vector<Shape> function_shapes() {
  ShapeList list;
  add_straight_lines(list);
  add_long_lives(list);
  add_control(list);
  add_locals(list);
  add_wide_calls(list);
  add_objects(list);
  add_exceptions(list);
  return list.take();
}

std::vector<Shape> opcode_shapes() {
  std::vector<Shape> shapes;
  // Sets the locals to values that the compiler does not know.
  constexpr std::string_view kLoads =
      "local.get 0 i64.load local.set 2 local.get 0 f32.load local.set 3 local.get 0 f64.load local.set 4 local.get 0 "
      "v128.load local.set 5";
  for (const wasm::OpcodeInfo& opcode : wasm::kOpcodes) {
    if (opcode.signature == "*" || opcode.signature.find(':') == std::string_view::npos) continue;
    const std::string_view params = opcode.signature.substr(0, opcode.signature.find(':'));
    const std::string_view results = opcode.signature.substr(opcode.signature.find(':') + 1);
    const std::string name(opcode.name);
    std::string immediate;
    switch (opcode.immediate) {
      case wasm::Immediate::none: break;
      case wasm::Immediate::memarg: break;
      case wasm::Immediate::memarg_lane:
      case wasm::Immediate::lane: immediate = " 0"; break;
      case wasm::Immediate::shuffle: immediate = " 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31"; break;
      default: continue;
    }
    // Returns the number of the local of this type; there is one of each type after the two parameters.
    const auto local = [](char type) -> std::string {
      switch (type) {
        case 'l': return "2";
        case 'f': return "3";
        case 'd': return "4";
        case 'v': return "5";
        default: return "0";
      }
    };
    std::string unit;
    for (char type : params) unit += "local.get " + local(type) + " ";
    unit += name + immediate;
    for (size_t i = results.size(); i-- > 0;) unit += " local.set " + local(results[i]);
    shapes.push_back({"opcode/" + name, make_function, "(local i64 f32 f64 v128) " + std::string(kLoads), unit,
                      "local.get 0", ~size_t{0}});
  }
  return shapes;
}

}  // namespace cairn::bombs
