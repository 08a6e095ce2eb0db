#include "wasi/decimal_float.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <random>

namespace cairn::wasi {
namespace {

std::string of(double value) { return decimal_f64(std::bit_cast<uint64_t>(value)); }
std::string of(float value) { return decimal_f32(std::bit_cast<uint32_t>(value)); }

TEST(DecimalFloat, IsShort) {
  EXPECT_EQ(of(0.0), "0");
  EXPECT_EQ(of(-0.0), "-0");
  EXPECT_EQ(of(3.5), "3.5");
  EXPECT_EQ(of(0.1), "0.1");
  EXPECT_EQ(of(0.1f), "0.1");
  EXPECT_EQ(of(-100.0), "-100");
  EXPECT_EQ(of(9.995), "9.995");
  EXPECT_EQ(of(1e20), "100000000000000000000");
  EXPECT_EQ(of(1e21), "1e+21");
  EXPECT_EQ(of(1.5e300), "1.5e+300");
  EXPECT_EQ(of(0.000001), "0.000001");
  EXPECT_EQ(of(1e-7), "1e-7");
  EXPECT_EQ(of(5e-324), "5e-324");
  EXPECT_EQ(of(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(of(1e-45f), "1e-45");
  EXPECT_EQ(of(3.4028235e38f), "3.4028235e+38");
  EXPECT_EQ(of(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(of(-std::numeric_limits<float>::infinity()), "-inf");
  EXPECT_EQ(of(-std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(DecimalFloat, DenotesTheNumber) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (value != value) continue;
    const std::string text = of(value);
    double read = 0;
    ASSERT_EQ(std::from_chars(text.data(), text.data() + text.size(), read).ec, std::errc{}) << text;
    EXPECT_EQ(std::bit_cast<uint64_t>(read), std::bit_cast<uint64_t>(value)) << text;
  }
}

}  // namespace
}  // namespace cairn::wasi
