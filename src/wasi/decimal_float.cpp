#include "wasi/decimal_float.hpp"

#include <algorithm>
#include <vector>

#include "base/format.hpp"
#include "wasm/text/literal.hpp"

namespace cairn::wasi {

namespace {

constexpr uint64_t kBase = 1'000'000'000;

// A natural number in limbs of nine decimal digits, the lowest first.
class Natural {
 public:
  explicit Natural(uint64_t value) {
    for (; value != 0; value /= kBase) limbs_.push_back(value % kBase);
  }
  void multiply(uint64_t factor) {
    uint64_t carry = 0;
    for (uint64_t& limb : limbs_) {
      const uint64_t product = limb * factor + carry;
      limb = product % kBase;
      carry = product / kBase;
    }
    if (carry != 0) limbs_.push_back(carry);
  }
  [[nodiscard]] std::string digits() const {
    std::string text;
    for (const uint64_t limb : limbs_) {
      std::string part = decimal(limb);
      part.insert(0, 9 - part.size(), '0');
      text.insert(0, part);
    }
    return text.substr(std::min(text.find_first_not_of('0'), text.size()));
  }

 private:
  std::vector<uint64_t> limbs_;
};

// The number 0.DIGITS * 10^exponent.
struct Decimal {
  std::string digits;
  int exponent;
};

// Returns significand * 2^exponent, exactly.
Decimal exact(uint64_t significand, int exponent) {
  Natural number(significand);
  for (int i = 0; i < exponent; ++i) number.multiply(2);
  // 2^-n is 5^n / 10^n.
  for (int i = 0; i < -exponent; ++i) number.multiply(5);
  const std::string digits = number.digits();
  return {digits, static_cast<int>(digits.size()) + std::min(exponent, 0)};
}

// Returns the number rounded to `count` digits; a half is rounded up.
Decimal rounded(const Decimal& number, size_t count) {
  if (number.digits.size() <= count) return number;
  Decimal result{number.digits.substr(0, count), number.exponent};
  if (number.digits[count] < '5') return result;
  size_t i = count;
  while (i > 0 && result.digits[i - 1] == '9') result.digits[--i] = '0';
  if (i > 0) {
    ++result.digits[i - 1];
  } else {
    result.digits.insert(0, "1");
    result.digits.pop_back();
    ++result.exponent;
  }
  return result;
}

// Returns the text of a number. As in JavaScript, numbers from 10^21 and below 10^-6 are written with an exponent.
std::string spelled(const Decimal& number) {
  std::string digits = number.digits.substr(0, number.digits.find_last_not_of('0') + 1);
  const int point = number.exponent;
  const auto count = static_cast<int>(digits.size());
  if (point > 21 || point < -5) {
    const std::string sign = point > 0 ? "+" : "";
    if (count > 1) digits.insert(1, ".");
    return digits + "e" + sign + decimal(point - 1);
  }
  if (point <= 0) return "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  if (point >= count) return digits + std::string(static_cast<size_t>(point - count), '0');
  return digits.insert(static_cast<size_t>(point), ".");
}

// Returns the shortest text that denotes significand * 2^exponent. `reads_back` says whether reading a text gives the
// number again, which 17 digits always do.
template <class ReadsBack>
std::string shortest(uint64_t significand, int exponent, const ReadsBack& reads_back) {
  const Decimal number = exact(significand, exponent);
  for (size_t count = 1; count < 17; ++count) {
    std::string text = spelled(rounded(number, count));
    if (reads_back(text)) return text;
  }
  return spelled(rounded(number, 17));
}

}  // namespace

std::string decimal_f32(uint32_t bits) {
  const std::string sign = bits >> 31 != 0 ? "-" : "";
  const uint32_t magnitude = bits & 0x7fff'ffff;
  const uint32_t exponent = magnitude >> 23;
  if (magnitude > 0x7f80'0000) return "nan";
  if (exponent == 0xff) return sign + "inf";
  if (magnitude == 0) return sign + "0";
  const uint32_t fraction = magnitude & 0x7f'ffff;
  // The exponent has a bias of 127, and the significand is an integer of 24 bits: 127 + 23 = 150.
  return sign + shortest(exponent == 0 ? fraction : fraction | 0x80'0000,
                         static_cast<int>(std::max(exponent, 1u)) - 150,
                         [&](const std::string& text) { return wasm::text::parse_f32(text) == magnitude; });
}

std::string decimal_f64(uint64_t bits) {
  const std::string sign = bits >> 63 != 0 ? "-" : "";
  const uint64_t magnitude = bits & 0x7fff'ffff'ffff'ffff;
  const auto exponent = static_cast<int>(magnitude >> 52);
  if (magnitude > 0x7ff0'0000'0000'0000) return "nan";
  if (exponent == 0x7ff) return sign + "inf";
  if (magnitude == 0) return sign + "0";
  const uint64_t fraction = magnitude & 0xf'ffff'ffff'ffff;
  // The exponent has a bias of 1023, and the significand is an integer of 53 bits: 1023 + 52 = 1075.
  return sign + shortest(exponent == 0 ? fraction : fraction | 0x10'0000'0000'0000, std::max(exponent, 1) - 1075,
                         [&](const std::string& text) { return wasm::text::parse_f64(text) == magnitude; });
}

}  // namespace cairn::wasi
