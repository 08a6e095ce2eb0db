// Tests ByteReader: LEB128 numbers, and the errors of bad numbers and of bytes that end too early.
#include "wasm/byte_reader.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace cairn::wasm {
namespace {

class Bytes {
 public:
  Bytes(std::initializer_list<int> values) {
    for (int value : values) bytes_.push_back(static_cast<std::byte>(value));
  }
  ByteReader reader() { return ByteReader(bytes_, 100); }

 private:
  std::vector<std::byte> bytes_;
};

uint32_t u32(Bytes bytes) { return bytes.reader().u32().value(); }
int32_t s32(Bytes bytes) {
  int32_t value = 0;
  ByteReader reader = bytes.reader();
  EXPECT_TRUE(reader.read_s32(value));
  return value;
}
int64_t s64(Bytes bytes) {
  int64_t value = 0;
  ByteReader reader = bytes.reader();
  EXPECT_TRUE(reader.read_s64(value));
  return value;
}
std::string u32_error(Bytes bytes) { return bytes.reader().u32().error().to_string(); }
std::string s32_error(Bytes bytes) {
  int32_t value = 0;
  ByteReader reader = bytes.reader();
  EXPECT_FALSE(reader.read_s32(value));
  return reader.error().message;
}

TEST(ByteReader, DecodesLeb128) {
  EXPECT_EQ(u32({0x00}), 0u);
  EXPECT_EQ(u32({0xe5, 0x8e, 0x26}), 624485u);
  EXPECT_EQ(u32({0xff, 0xff, 0xff, 0xff, 0x0f}), 0xffff'ffffu);
  EXPECT_EQ(u32({0x80, 0x80, 0x80, 0x80, 0x00}), 0u);
  EXPECT_EQ(s32({0x7f}), -1);
  EXPECT_EQ(s32({0xff, 0x00}), 127);
  EXPECT_EQ(s32({0x80, 0x80, 0x80, 0x80, 0x78}), INT32_MIN);
  EXPECT_EQ(s32({0xff, 0xff, 0xff, 0xff, 0x07}), INT32_MAX);
  EXPECT_EQ(s64({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}), INT64_MIN);
  EXPECT_EQ(s64({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00}), INT64_MAX);
  EXPECT_EQ(s64({0x80, 0x7f}), -128);
}

TEST(ByteReader, RefusesLongAndLargeIntegers) {
  EXPECT_EQ(u32_error({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), "integer representation too long (at offset 0x69)");
  EXPECT_EQ(u32_error({0xff, 0xff, 0xff, 0xff, 0x1f}), "integer too large (at offset 0x68)");
  EXPECT_EQ(u32_error({0x80}), "unexpected end of section or function (at offset 0x65)");
  EXPECT_EQ(s32_error({0x80, 0x80, 0x80, 0x80, 0x70}), "integer too large");
  EXPECT_EQ(s32_error({0xff, 0xff, 0xff, 0xff, 0x0f}), "integer too large");
  EXPECT_EQ(s32_error({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), "integer representation too long");
}

TEST(ByteReader, StopsAtTheEnd) {
  Bytes bytes = {1, 2, 3};
  ByteReader reader = bytes.reader();
  uint32_t word = 0;
  EXPECT_FALSE(reader.read_bits32(word));
  EXPECT_TRUE(reader.failed());
  EXPECT_FALSE(bytes.reader().bytes(4).has_value());
  EXPECT_EQ(bytes.reader().bytes(3).value().size(), 3u);
  EXPECT_EQ(Bytes({5, 0, 0}).reader().length().error().message, "length out of bounds");
}

}  // namespace
}  // namespace cairn::wasm
