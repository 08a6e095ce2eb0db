// The shapes of large modules in the text format.
#include <string>

#include "shapes.hpp"

namespace cairn::bombs {
namespace {

// Returns `before`, the unit repeated until there are `bytes` bytes, and `after`. `#` is replaced by the number of the
// unit.
std::string text_of(size_t bytes, const std::string& before, const std::string& unit, const std::string& after) {
  std::string out = before;
  for (size_t i = 0; out.size() + unit.size() + after.size() < bytes; ++i) {
    for (char c : unit) {
      if (c == '#') {
        out += std::to_string(i);
      } else {
        out += c;
      }
    }
  }
  return out + after;
}

// Does the same as text_of(), but with an `after` for each unit, with at most `most` units, and with `end` last.
std::string nested(size_t bytes, const std::string& before, const std::string& unit, const std::string& after,
                   const std::string& end, size_t most = 90'000) {
  std::string out = before;
  size_t count = 0;
  for (; count < most && out.size() + count * after.size() < bytes; ++count) {
    for (char c : unit) {
      if (c == '#') {
        out += std::to_string(count);
      } else {
        out += c;
      }
    }
  }
  while (count-- > 0) out += after;
  return out + end;
}

}  // namespace

std::vector<TextShape> text_shapes() {
  return {
      {"instructions", [](size_t b) { return text_of(b, "(func", " i32.const 1 drop", ")"); }},
      {"folded", [](size_t b) { return text_of(b, "(func", " (drop (i32.add (i32.const 1) (i32.const 2)))", ")"); }},
      {"folded_deep", [](size_t b) { return nested(b, "(func (drop ", "(i32.eqz ", ")", "))"); }},
      {"blocks_deep", [](size_t b) { return nested(b, "(func ", "(block ", ")", ")"); }},
      {"labels_deep",
       [](size_t b) {
         const std::string blocks = nested(b / 2, "(func ", "block $l# ", "", "");
         std::string ends;
         for (size_t at = 0; (at = blocks.find("block", at)) != std::string::npos; ++at) ends += " end";
         return blocks + text_of(b / 2, "", " br $l0", "") + ends + ")";
       }},
      {"functions", [](size_t b) { return text_of(b, "(func $f (call $f))", "(func $f# (call $f#))", ""); }},
      {"inline_types", [](size_t b) { return text_of(b, "", "(func (param i32 i64))", ""); }},
      {"inline_types_distinct",
       [](size_t b) {
         std::string out;
         for (size_t i = 0; out.size() < b; ++i) {
           out += "(func (param";
           for (size_t bit = 0; bit < 20; ++bit) out += (i >> bit & 1) != 0 ? " i32" : " i64";
           out += "))";
         }
         return out;
       }},
      {"locals", [](size_t b) { return text_of(b, "(func ", "(local $l# i32)", ")"); }},
      {"fields", [](size_t b) { return text_of(b, "(type $s (struct ", "(field $f# i32)", "))"); }},
      {"strings", [](size_t b) { return text_of(b, "(memory 1)(data \"", "\\00abc\\u{41}", "\")"); }},
      {"data", [](size_t b) { return text_of(b, "(memory 1)", "(data \"x\")", ""); }},
      {"elements", [](size_t b) { return text_of(b, "(table 1 funcref)(func $f)(elem func", " $f", ")"); }},
      {"exports", [](size_t b) { return text_of(b, "(func $f)", "(export \"e#\" (func $f))", ""); }},
      {"imports", [](size_t b) { return text_of(b, "", "(import \"m\" \"n#\" (func))", ""); }},
      {"types", [](size_t b) { return text_of(b, "", "(type $t# (func (param i32)))", ""); }},
      {"recursion_group",
       [](size_t b) {
         return text_of(b, "(rec (type $t (struct))", "(type $t# (struct (field (ref null $t#))))", ")");
       }},
      {"comments", [](size_t b) { return text_of(b, "(func)", " ;; comment\n (; another ;)", ""); }},
      {"comments_deep", [](size_t b) { return nested(b, "", "(; ", " ;)", "(func)", 10'000'000); }},
      {"annotations", [](size_t b) { return text_of(b, "(func)", " (@a b \"c\")", ""); }},
      {"annotations_deep", [](size_t b) { return nested(b, "(@a ", "(", ")", ") (func)", 10'000'000); }},
      {"one_long_float", [](size_t b) { return text_of(b, "(func (drop (f64.const 0.", "123456789", ")))"); }},
      {"one_long_hexadecimal_float",
       [](size_t b) { return text_of(b, "(func (drop (f64.const 0x0.", "00009abcdef", "p-7)))"); }},
      {"long_floats",
       [](size_t b) { return text_of(b, "(func", " (drop (f64.const 1" + std::string(1000, '7') + "e-900))", ")"); }},
      {"floats", [](size_t b) { return text_of(b, "(func", " (drop (f64.const #.#e-290))", ")"); }},
      {"vectors",
       [](size_t b) {
         return text_of(b, "(func", " (drop (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))", ")");
       }},
      {"branch_tables", [](size_t b) { return text_of(b, "(func br_table", " 0", " (i32.const 0))"); }},
      {"branch_hints",
       [](size_t b) {
         return text_of(b, "(func", " (@metadata.code.branch_hint \"\\01\") (if (i32.const 0) (then))", ")");
       }},
      {"names",
       [](size_t b) { return text_of(b, "", "(func $f# (@name \"name #\") (param $p# i32) (local $l# i64))", ""); }},
  };
}

}  // namespace cairn::bombs
