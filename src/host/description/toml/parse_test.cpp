#include "host/description/toml/parse.hpp"

#include <gtest/gtest.h>

#include <random>

#include "base/format.hpp"

namespace cairn::host::toml {
namespace {

std::string print(const Value& value);

std::string print(const Table& table) {
  std::string out = "{";
  for (const Entry& entry : table.entries()) out += (out.size() > 1 ? " " : "") + entry.key + "=" + print(entry.value);
  return out + "}";
}

// A value in a form of its own: strings in quotes, tables in braces, arrays in brackets.
std::string print(const Value& value) {
  switch (value.kind) {
    case Kind::string: return "'" + value.text + "'";
    case Kind::integer: return std::to_string(value.integer);
    case Kind::floating: return "float";
    case Kind::boolean: return value.flag ? "true" : "false";
    case Kind::date_time: return "date";
    case Kind::table: return print(value.table);
    case Kind::array: {
      std::string out = "[";
      for (const Value& element : value.elements) out += (out.size() > 1 ? " " : "") + print(element);
      return out + "]";
    }
  }
  return "";
}

std::string parsed(std::string_view text) {
  Mistakes mistakes;
  const Table table = parse(text, mistakes);
  return mistakes.empty() ? print(table) : mistakes.to_string("f");
}

TEST(Toml, Strings) {
  EXPECT_EQ(parsed(R"(a = "" )"), "{a=''}");
  EXPECT_EQ(parsed(R"(a = "b\"\\\t\n" # "c")"), "{a='b\"\\\t\n'}");
  EXPECT_EQ(parsed(R"(a = "\u00e9\U0001F600\u0041")"), "{a='\u00e9\U0001F600A'}");
  EXPECT_EQ(parsed(R"(a = 'b\n"c')"), "{a='b\\n\"c'}");
  EXPECT_EQ(parsed("a = \"\"\"\nb\r\nc \\  \n\n  d\"\"\""), "{a='b\nc d'}");
  EXPECT_EQ(parsed("a = '''\r\nb''c\\'''"), "{a='b''c\\'}");
  EXPECT_EQ(parsed("a = \"\"\"\"b\"\"\"\"\""), "{a='\"b\"\"'}");
  EXPECT_EQ(parsed("a = ''''''"), "{a=''}");
  EXPECT_EQ(parsed("a = '\tb'"), "{a='\tb'}");
}

TEST(Toml, Numbers) {
  EXPECT_EQ(parsed("a = [0, +1, -17, 1_000, 0xFf_0, 0o17, 0b101, -0]"), "{a=[0 1 -17 1000 4080 15 5 0]}");
  EXPECT_EQ(parsed("a = [9223372036854775807, -9223372036854775808]"),
            "{a=[9223372036854775807 -9223372036854775808]}");
  EXPECT_EQ(parsed("a = [1.0, -0.5e-3, 6e2_3, inf, +nan, 1_0.0_1]"), "{a=[float float float float float float]}");
  EXPECT_EQ(parsed("a = [true, false]"), "{a=[true false]}");
  EXPECT_EQ(parsed("a = [1979-05-27, 1979-05-27T07:32:00Z, 1979-05-27 07:32:00.5-07:00, 07:32:00]"),
            "{a=[date date date date]}");
}

TEST(Toml, Tables) {
  EXPECT_EQ(parsed(""), "{}");
  EXPECT_EQ(parsed("\xef\xbb\xbf"
                   "a = 1\r\n"),
            "{a=1}");
  EXPECT_EQ(parsed("a.b = 1\na . 'c.d'.\"\" = 2\n1.2 = 3"), "{a={b=1 c.d={=2}} 1={2=3}}");
  EXPECT_EQ(parsed("[a]\nb = 1\n[a.c]\nd = 2\n[e]"), "{a={b=1 c={d=2}} e={}}");
  EXPECT_EQ(parsed("[a.b]\nc = 1\n[a]\nd = 2"), "{a={b={c=1} d=2}}");
  EXPECT_EQ(parsed("[[a]]\nb = 1\n[[a]]\n[a.c]\nd = 2\n[[a.e]]\n[[a.e]]"), "{a=[{b=1} {c={d=2} e=[{} {}]}]}");
  EXPECT_EQ(parsed("a = { b = 1, c.d = 'x', c.e = { } }"), "{a={b=1 c={d='x' e={}}}}");
  EXPECT_EQ(parsed("[a]\nb.c = 1\n[a.b.d]\ne = 2"), "{a={b={c=1 d={e=2}}}}");
  EXPECT_EQ(parsed("a = [ # one\n 1 , # two\n\n [2], { b = 3 },\n]"), "{a=[1 [2] {b=3}]}");
}

TEST(Toml, ValuesKnowTheirPlaces) {
  Mistakes mistakes;
  const Table table = parse("\u00e9 = 1", mistakes);
  EXPECT_EQ(mistakes.to_string("f"),
            "f:1:1: a key is expected here: letters, digits, dashes, underscores, or a string");
  Mistakes none;
  const Table good = parse("'\u00e9\u00e9' = [1,\n\t'x']\n [[t]]", none);
  ASSERT_TRUE(none.empty()) << none.to_string("f");
  EXPECT_EQ(good.entries()[0].position, (Position{1, 1}));
  EXPECT_EQ(good.entries()[0].value.position, (Position{1, 8}));
  EXPECT_EQ(good.entries()[0].value.elements[1].position, (Position{2, 2}));
  EXPECT_EQ(good.entries()[1].value.elements[0].position, (Position{3, 2}));
}

TEST(Toml, MistakesInValues) {
  const auto after = [](std::string_view value) { return parsed("a = " + std::string(value)); };
  const std::string digits = "f:1:5: this is no number, date or time";
  for (const std::string_view wrong :
       {"01", "1_", "1__0", "0x", "0xg", "+0x1", "-", "1.", "1e", "1.e5", "00.5", "1979-5-27", "1979-05-27T07:32"}) {
    EXPECT_EQ(after(wrong), digits) << wrong;
  }
  EXPECT_EQ(after("9223372036854775808"), "f:1:5: this integer does not fit into 64 bits");
  EXPECT_EQ(after("-9223372036854775809"), "f:1:5: this integer does not fit into 64 bits");
  EXPECT_EQ(after("0xffffffffffffffffff"), "f:1:5: this integer does not fit into 64 bits");
  EXPECT_EQ(after("yes"), "f:1:5: this is no value; a string needs quotes");
  EXPECT_EQ(after(""), "f:1:5: a value is expected here");
  EXPECT_EQ(after("# b"), "f:1:5: a value is expected here");
  EXPECT_EQ(after("'b"), "f:1:5: this string does not end in its line");
  EXPECT_EQ(after("\"b\nc\""), "f:1:5: this string does not end in its line");
  EXPECT_EQ(after("'''b\n"), "f:1:5: this string does not end");
  EXPECT_EQ(after("\"\\q\""),
            "f:1:6: this escape is unknown; a backslash is written \\\\, or the string in single quotes");
  EXPECT_EQ(after("\"\\u12g4\""), "f:1:6: \\u needs four hexadecimal digits of a Unicode character");
  EXPECT_EQ(after("\"\\ud800\""), "f:1:6: \\u needs four hexadecimal digits of a Unicode character");
  EXPECT_EQ(after("\"\\U00110000\""), "f:1:6: \\U needs eight hexadecimal digits of a Unicode character");
  EXPECT_EQ(after("\"\x01\""), "f:1:6: a string must not contain a control character; write \\u0001");
  EXPECT_EQ(after("'\x7f'"),
            "f:1:6: a string must not contain a control character; write it in double quotes as \\u007f");
  EXPECT_EQ(after("[1 2]"), "f:1:8: a comma or ] is expected here");
  EXPECT_EQ(after("[1,,2]"), "f:1:8: a value is expected here");
  EXPECT_EQ(after("[1,\n"), "f:2:1: a value is expected here");
  EXPECT_EQ(after("{ b = 1, }"), "f:1:14: a key is expected here: letters, digits, dashes, underscores, or a string");
  EXPECT_EQ(after("{ b = 1\n}"), "f:1:12: a comma or } is expected here");
  EXPECT_EQ(after("1 b = 2"), "f:1:7: the end of the line is expected here");
  EXPECT_EQ(after("1 # \x02"), "f:1:9: a comment must not contain a control character");
  EXPECT_EQ(after("1\rb = 2"), "f:1:6: the end of the line is expected here");
  EXPECT_EQ(after("'\xff'"), "f:1:1: this line is not UTF-8");
}

TEST(Toml, MistakesInTables) {
  const std::string key = "a key is expected here: letters, digits, dashes, underscores, or a string";
  EXPECT_EQ(parsed("= 1"), "f:1:1: " + key);
  EXPECT_EQ(parsed("a. = 1"), "f:1:4: " + key);
  EXPECT_EQ(parsed("a b = 1"), "f:1:3: = is expected here, after the key");
  EXPECT_EQ(parsed("'''a''' = 1"), "f:1:3: = is expected here, after the key");
  EXPECT_EQ(parsed("[]"), "f:1:2: " + key);
  EXPECT_EQ(parsed("[\na = 1"), "f:1:2: " + key);
  EXPECT_EQ(parsed("[a"), "f:1:3: ] is expected here");
  EXPECT_EQ(parsed("[[a]"), "f:1:4: ]] is expected here");
  EXPECT_EQ(parsed("[a] b = 1"), "f:1:5: the end of the line is expected here");
  const auto defined = [](const char* place, const char* line) {
    return "f:" + std::string(place) + ": this key is defined already (line " + line + ")";
  };
  EXPECT_EQ(parsed("a = 1\na = 2"), defined("2:1", "1"));
  EXPECT_EQ(parsed("a = 1\n\"a\" = 2"), defined("2:1", "1"));
  EXPECT_EQ(parsed("a = 1\na.b = 2"), defined("2:1", "1"));
  EXPECT_EQ(parsed("a = {}\na.b = 2"), defined("2:1", "1"));
  EXPECT_EQ(parsed("a = {}\n[a.b]"), defined("2:2", "1"));
  EXPECT_EQ(parsed("a = {b.c = 1}\n[a.b]"), defined("2:2", "1"));
  EXPECT_EQ(parsed("[a]\n[a]"), defined("2:2", "1"));
  EXPECT_EQ(parsed("[a]\nb = 1\n[a.b]"), defined("3:4", "2"));
  EXPECT_EQ(parsed("[a]\nb.c = 1\n[a.b]"), defined("3:4", "2"));
  EXPECT_EQ(parsed("[a.b]\n[a]\nb.c = 1"), defined("3:1", "1"));
  EXPECT_EQ(parsed("[[a]]\n[a]"), defined("2:2", "1"));
  EXPECT_EQ(parsed("[a]\n[[a]]"), defined("2:3", "1"));
  EXPECT_EQ(parsed("a = []\n[[a]]"), defined("2:3", "1"));
  EXPECT_EQ(parsed("a = [{}]\n[a.b]"), defined("2:2", "1"));
  EXPECT_EQ(parsed("a = {b = 1, b = 2}"), defined("1:13", "1"));
}

TEST(Toml, GoesOnAtTheNextTable) {
  EXPECT_EQ(parsed("a = \nb = \n[c]\nd = 1\n[[e]\nf = \n[g]\nh"),
            "f:1:5: a value is expected here\nf:5:4: ]] is expected here\nf:8:2: = is expected here, after the key");
}

TEST(Toml, DepthIsBounded) {
  const auto nested = [](size_t depth) { return "a = " + std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parsed(nested(kMaximumDepth)).starts_with("{a=[["));
  EXPECT_EQ(parsed(nested(kMaximumDepth + 1)), "f:1:37: arrays and tables lie in each other too deep here");
  EXPECT_TRUE(parsed(nested(1'000'000)).ends_with("too deep here"));
  std::string key = "a";
  for (size_t i = 1; i < kMaximumDepth; ++i) key += ".a";
  EXPECT_TRUE(parsed(key + " = 1").starts_with("{a={a="));
  EXPECT_EQ(parsed(key + ".a = 1"), "f:1:65: this key has more than 32 parts");
  EXPECT_EQ(parsed("[" + key + ".a]"), "f:1:66: this key has more than 32 parts");
}

TEST(Toml, SurvivesDamage) {
  const std::string good =
      "a = 1 # b\n'c' = \"d\\u00e9\"\n[e.f]\ng = [1, 2.5, { h = '''i\n''' }]\n[[j]]\nk.l = 1979-05-27 "
      "07:32:00\n[[j]]\n";
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (unsigned i = 0; i <= random() % 4; ++i)
      text[random() % text.size()] = "\"'[]{}=.,#\\\n\r a1_\xc3\xa9"[random() % 19];
    text.resize(random() % (text.size() + 1));
    (void)parsed(text);
  }
}

}  // namespace
}  // namespace cairn::host::toml
