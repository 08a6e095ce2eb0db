// Tests the error messages of texts: the cases of tests/text/*.txt, and cases that no text file can hold.
#include <gtest/gtest.h>

#include <string>

#include "base/testing/text_cases.hpp"
#include "wasm/text/text.hpp"

namespace cairn::wasm::text {
namespace {

std::string message_of(std::string_view source) {
  const auto bytes = assemble_valid(source, "t.wat");
  return bytes ? "valid" : bytes.error().to_string();
}

TEST(TextErrors, Files) {
  const auto run = [](const cairn::testing::TextCase& c) { return message_of(c.input) + "\n"; };
  EXPECT_GT(cairn::testing::check_text_cases(CAIRN_SOURCE_DIR "/tests/text", run), 0U);
}

TEST(TextErrors, OtherFilesThanText) {
  EXPECT_EQ(message_of(std::string_view("\0asm\1\0\0\0", 8)),
            "t.wat:1:1: illegal character: the file is a module in the binary format, not text");
  EXPECT_EQ(message_of(std::string_view("(module\n \1)", 10)), "t.wat:2:2: illegal character 0x01");
  EXPECT_EQ(message_of("\xff\xfe("), "t.wat:1:1: malformed UTF-8 encoding");
  EXPECT_EQ(message_of(""), "valid");  // a module without fields
}

std::string repeat(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

// The parser does not recurse, so nesting of any depth ends with an error about a missing token or about the limit.
TEST(TextErrors, NestingWithoutEnd) {
  constexpr size_t kDepth = 1'000'000;
  EXPECT_EQ(message_of(repeat("(", kDepth)), "t.wat:1:1000001: unexpected token: end of the text, expected ')'");
  EXPECT_EQ(message_of("(func " + repeat("(", kDepth)),
            "t.wat:1:1000007: unexpected token: end of the text, expected ')'");
  EXPECT_EQ(message_of("(func " + repeat("(block ", kDepth)),
            "t.wat:1:7000007: unexpected token: end of the text, expected ')'");
  EXPECT_EQ(message_of("(func " + repeat("(i32.eqz ", kDepth)),
            "t.wat:1:9000007: unexpected token: end of the text, expected ')'");
  EXPECT_EQ(message_of("(func " + repeat("(i32.eqz ", kDepth) + repeat(")", kDepth) + ")"),
            "t.wat:1:900016: nesting limit of 100000 blocks exceeded");
  EXPECT_EQ(message_of(repeat("(; ", kDepth)), "t.wat:1:1: unclosed comment");
  EXPECT_EQ(message_of("(@a " + repeat("(", kDepth)), "t.wat:1:1: unclosed annotation");
  EXPECT_EQ(message_of("(type " + repeat("(sub ", kDepth)),
            "t.wat:1:5000007: unexpected token: end of the text, expected ')'");
  EXPECT_EQ(message_of(repeat("(module ", kDepth)), "t.wat:1:8000001: unexpected token: end of the text, expected ')'");
  EXPECT_EQ(message_of("(global i32 " + repeat("(i32.add ", kDepth) + repeat(")", kDepth) + ")"),
            "t.wat:1:900022: nesting limit of 100000 blocks exceeded");
}

}  // namespace
}  // namespace cairn::wasm::text
