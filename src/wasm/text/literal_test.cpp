// Tests the conversion of number literals, also in comparison with the C library.
#include "wasm/text/literal.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace cairn::wasm::text {
namespace {

TEST(Literal, Integers) {
  EXPECT_EQ(parse_unsigned("0", 32), 0u);
  EXPECT_EQ(parse_unsigned("4294967295", 32), 0xffff'ffffu);
  EXPECT_EQ(parse_unsigned("4294967296", 32), std::nullopt);
  EXPECT_EQ(parse_unsigned("0xffff_ffff_ffff_ffff", 64), ~uint64_t{0});
  EXPECT_EQ(parse_unsigned("18446744073709551616", 64), std::nullopt);
  EXPECT_EQ(parse_unsigned("0x1_0000_0000_0000_0000", 64), std::nullopt);
  EXPECT_EQ(parse_integer("-128", 8), 0x80u);
  EXPECT_EQ(parse_integer("-129", 8), std::nullopt);
  EXPECT_EQ(parse_integer("255", 8), 0xffu);
  EXPECT_EQ(parse_integer("256", 8), std::nullopt);
  EXPECT_EQ(parse_integer("-0x8000_0000_0000_0000", 64), uint64_t{1} << 63);
  EXPECT_EQ(parse_integer("-0x8000_0000_0000_0001", 64), std::nullopt);
}

TEST(Literal, SpecialFloats) {
  EXPECT_EQ(parse_f32("inf"), 0x7f80'0000u);
  EXPECT_EQ(parse_f32("-inf"), 0xff80'0000u);
  EXPECT_EQ(parse_f32("nan"), 0x7fc0'0000u);
  EXPECT_EQ(parse_f32("-nan:0x1"), 0xff80'0001u);
  EXPECT_EQ(parse_f32("nan:0x80_0000"), std::nullopt);
  EXPECT_EQ(parse_f32("nan:0x0"), std::nullopt);
  EXPECT_EQ(parse_f64("nan:0xf_ffff_ffff_ffff"), 0x7fff'ffff'ffff'ffffu);
  EXPECT_EQ(parse_f64("-0"), uint64_t{1} << 63);
  EXPECT_EQ(parse_f64("0x0p+9999999999999999999"), 0u);
}

TEST(Literal, RoundsToNearestEven) {
  EXPECT_EQ(parse_f32("0x1.000000p0"), 0x3f80'0000u);
  EXPECT_EQ(parse_f32("0x1.000001p0"), 0x3f80'0000u);               // a tie, rounded to even
  EXPECT_EQ(parse_f32("0x1.0000010000000000001p0"), 0x3f80'0001u);  // just above the tie
  EXPECT_EQ(parse_f32("0x1.000003p0"), 0x3f80'0002u);
  EXPECT_EQ(parse_f32("0x1p-149"), 1u);
  EXPECT_EQ(parse_f32("0x1p-150"), 0u);
  EXPECT_EQ(parse_f32("0x1.00000000000000000000000001p-150"), 1u);
  EXPECT_EQ(parse_f32("0x1.fffffep127"), 0x7f7f'ffffu);
  EXPECT_EQ(parse_f32("0x1.fffffefffffffp127"), 0x7f7f'ffffu);
  EXPECT_EQ(parse_f32("0x1.ffffffp127"), std::nullopt);
  EXPECT_EQ(parse_f32("340282356779733661637539395458142568447"), 0x7f7f'ffffu);
  EXPECT_EQ(parse_f32("340282356779733661637539395458142568448"), std::nullopt);
  EXPECT_EQ(parse_f64("1e309"), std::nullopt);
  EXPECT_EQ(parse_f64("1e-99999999999999999999"), 0u);
  EXPECT_EQ(parse_f64("0x1fffffffffffffffffp-70"), std::bit_cast<uint64_t>(0x1fffffffffffffffffp-70));
  EXPECT_EQ(parse_f64("1_000.5_0e+0_1"), std::bit_cast<uint64_t>(10005.0));
}

// Compares the results with those of the C library, for numbers of all magnitudes and lengths.
TEST(Literal, AgreesWithStrtod) {
  std::mt19937_64 random(1);  // NOLINT: the same numbers each time
  for (int i = 0; i < 20000; ++i) {
    char text[1200];
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const int precision = static_cast<int>(random() % 60);
    switch (random() % 3) {
      case 0: std::snprintf(text, sizeof text, "%.*e", precision, value); break;
      case 1: std::snprintf(text, sizeof text, "%.*a", precision % 20, value); break;
      // The number is halfway between two numbers of type f32, or close to the middle.
      default: {
        const double narrow =
            static_cast<float>(std::ldexp(static_cast<double>(random() >> 40), static_cast<int>(random() % 250) - 160));
        const double next = std::nextafter(static_cast<float>(narrow), INFINITY);
        std::snprintf(text, sizeof text, "%.*e", 150 + precision, (narrow + next) / 2);
      }
    }
    const double wide = std::strtod(text, nullptr);
    const float narrow = std::strtof(text, nullptr);
    if (std::isfinite(wide)) ASSERT_EQ(parse_f64(text), std::bit_cast<uint64_t>(wide)) << text;
    if (std::isfinite(narrow)) ASSERT_EQ(parse_f32(text), std::bit_cast<uint32_t>(narrow)) << text;
    if (!std::isfinite(narrow)) ASSERT_EQ(parse_f32(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace cairn::wasm::text
