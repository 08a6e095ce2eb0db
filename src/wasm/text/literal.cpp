#include "wasm/text/literal.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

namespace cairn::wasm::text {
namespace {

constexpr uint64_t kTopBit = uint64_t{1} << 63;

constexpr uint64_t mask(unsigned bits) { return bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

constexpr uint32_t digit_value(char c) { return static_cast<uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10); }

bool take_sign(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

// The layout of a binary floating-point format.
struct Format {
  unsigned fraction_bits;
  unsigned exponent_bits;
  [[nodiscard]] constexpr unsigned sign_shift() const { return fraction_bits + exponent_bits; }
  [[nodiscard]] constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  [[nodiscard]] constexpr uint64_t exponent_mask() const { return mask(exponent_bits) << fraction_bits; }
};
constexpr Format kF32{23, 8};
constexpr Format kF64{52, 11};

// Rounds significand * 2^exponent to the format. Returns nothing if the result would be infinite. The top bit of the
// significand must be set. `inexact` says that the exact significand has nonzero bits below its last bit.
std::optional<uint64_t> round(Format format, uint64_t significand, int64_t exponent, bool inexact) {
  // The value is 1.f * 2^e with e = exponent + 63. A subnormal number keeps fewer bits of the significand.
  const int64_t e = exponent + 63;
  const int64_t minimum = 1 - format.bias();
  int64_t drop = 63 - static_cast<int64_t>(format.fraction_bits);
  if (e < minimum) drop += minimum - e;
  if (drop > 64) return 0;
  const uint64_t kept = drop == 64 ? 0 : significand >> drop;
  const uint64_t half = uint64_t{1} << (drop - 1);
  const uint64_t rest = significand & mask(static_cast<unsigned>(drop));
  const bool up = rest > half || (rest == half && (inexact || (kept & 1) != 0));
  const int64_t biased = e < minimum ? 0 : e + format.bias() - 1;  // the leading one of `kept` adds 1 in `bits`
  if (biased >= static_cast<int64_t>(mask(format.exponent_bits))) return std::nullopt;
  // A carry out of the fraction increases the exponent, which is the right result.
  const uint64_t bits = (static_cast<uint64_t>(biased) << format.fraction_bits) + kept + (up ? 1 : 0);
  if (bits >= format.exponent_mask()) return std::nullopt;
  return bits;
}

// A natural number of any size, little-endian.
class BigNatural {
 public:
  explicit BigNatural(uint32_t value) {
    if (value != 0) words_.push_back(value);
  }

  void multiply_add(uint32_t factor, uint32_t addend) {
    uint64_t carry = addend;
    for (uint32_t& word : words_) {
      carry += uint64_t{word} * factor;
      word = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) words_.push_back(static_cast<uint32_t>(carry));
  }

  void multiply_by_power_of_ten(uint64_t power) {
    for (; power >= 9; power -= 9) multiply_add(1'000'000'000, 0);
    for (; power > 0; --power) multiply_add(10, 0);
  }

  void shift_left(size_t count) {
    if (words_.empty()) return;
    const unsigned bits = count % 32;
    if (bits != 0) {
      uint32_t carry = 0;
      for (uint32_t& word : words_) {
        const uint32_t next = word >> (32 - bits);
        word = word << bits | carry;
        carry = next;
      }
      if (carry != 0) words_.push_back(carry);
    }
    words_.insert(words_.begin(), count / 32, 0);
  }

  void subtract(const BigNatural& other) {
    int64_t borrow = 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      borrow += int64_t{words_[i]} - (i < other.words_.size() ? other.words_[i] : 0);
      words_[i] = static_cast<uint32_t>(borrow);
      borrow >>= 32;
    }
    while (!words_.empty() && words_.back() == 0) words_.pop_back();
  }

  [[nodiscard]] bool less_than(const BigNatural& other) const {
    if (words_.size() != other.words_.size()) return words_.size() < other.words_.size();
    return std::lexicographical_compare(words_.rbegin(), words_.rend(), other.words_.rbegin(), other.words_.rend());
  }

  [[nodiscard]] size_t bit_length() const {
    return words_.empty() ? 0 : words_.size() * 32 - static_cast<size_t>(std::countl_zero(words_.back()));
  }
  [[nodiscard]] bool is_zero() const { return words_.empty(); }

 private:
  std::vector<uint32_t> words_;
};

// The digits d1d2d3... of a float, without its point, leading zeros and trailing zeros. The float is 0.d1d2d3... *
// base^point, times a power of 10 or 2 whose exponent is `exponent`.
struct Digits {
  std::string digits;
  int64_t point = 0;
  int64_t exponent = 0;  // the number after "e" or "p"
};

Digits split(std::string_view text, bool is_hex) {
  // Exponents saturate at a number that a text of less than 4 GiB cannot bring back into the range of floats.
  constexpr int64_t kHuge = int64_t{1} << 40;
  Digits result;
  bool seen_point = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '_') continue;
    if (c == '.') {
      seen_point = true;
    } else if ((c | 0x20) == (is_hex ? 'p' : 'e')) {
      std::string_view exponent = text.substr(i + 1);
      const bool negative = take_sign(exponent);
      for (char digit : exponent) {
        if (digit != '_') result.exponent = std::min(result.exponent * 10 + (digit - '0'), kHuge);
      }
      if (negative) result.exponent = -result.exponent;
      break;
    } else {
      if (c != '0' || !result.digits.empty()) result.digits.push_back(c);
      if (!seen_point && !result.digits.empty()) ++result.point;
      if (seen_point && result.digits.empty()) --result.point;
    }
  }
  while (result.digits.ends_with('0')) result.digits.pop_back();
  return result;
}

std::optional<uint64_t> parse_hex(Format format, std::string_view text) {
  const Digits value = split(text, true);
  if (value.digits.empty()) return 0;
  uint64_t significand = 0;
  bool inexact = false;
  for (size_t i = 0; i < value.digits.size(); ++i) {
    const uint64_t digit = digit_value(value.digits[i]);
    if (i < 16) {
      significand |= digit << (60 - 4 * i);
    } else {
      inexact |= digit != 0;
    }
  }
  int64_t exponent = value.exponent + 4 * value.point - 64;
  const int zeros = std::countl_zero(significand);
  significand <<= zeros;
  if (zeros > 0 && value.digits.size() > 16) {
    // The shift made room for bits of the seventeenth digit.
    const uint64_t digit = digit_value(value.digits[16]);
    significand |= digit >> (4 - zeros);
    inexact = (digit & mask(static_cast<unsigned>(4 - zeros))) != 0 || value.digits.size() > 17;
  }
  exponent -= zeros;
  return round(format, significand, exponent, inexact);
}

std::optional<uint64_t> parse_decimal(Format format, std::string_view text) {
  Digits value = split(text, false);
  if (value.digits.empty()) return 0;
  const int64_t magnitude = value.point + value.exponent;  // the value is in [10^(m-1), 10^m)
  // All numbers of both formats, except 0, lie between 10^-324 and 10^309.
  if (magnitude > 400) return std::nullopt;
  if (magnitude < -400) return 0;

  // A number halfway between two floats has at most 768 significant digits. Digits after the first kDigits can only
  // show that the number is above the middle, so a single digit stands for all of them.
  constexpr size_t kDigits = 800;
  if (value.digits.size() > kDigits) {
    value.digits.resize(kDigits);
    value.digits.push_back('1');
  }
  BigNatural numerator(0);
  for (char c : value.digits) numerator.multiply_add(10, digit_value(c));
  BigNatural denominator(1);
  const int64_t scale = magnitude - static_cast<int64_t>(value.digits.size());
  if (scale >= 0) {
    numerator.multiply_by_power_of_ten(static_cast<uint64_t>(scale));
  } else {
    denominator.multiply_by_power_of_ten(static_cast<uint64_t>(-scale));
  }

  // Scales the quotient into [1, 2), then takes its bits one by one.
  const auto numerator_bits = static_cast<int64_t>(numerator.bit_length());
  const auto denominator_bits = static_cast<int64_t>(denominator.bit_length());
  const int64_t shift = denominator_bits - numerator_bits;
  if (shift > 0) numerator.shift_left(static_cast<size_t>(shift));
  if (shift < 0) denominator.shift_left(static_cast<size_t>(-shift));
  int64_t exponent = -shift;
  if (numerator.less_than(denominator)) {
    numerator.shift_left(1);
    --exponent;
  }
  uint64_t significand = 0;
  for (int i = 0; i < 64; ++i) {
    significand <<= 1;
    if (!numerator.less_than(denominator)) {
      numerator.subtract(denominator);
      significand |= 1;
    }
    numerator.shift_left(1);
  }
  return round(format, significand, exponent - 63, !numerator.is_zero());
}

std::optional<uint64_t> parse_float(Format format, std::string_view text) {
  const uint64_t sign = uint64_t{take_sign(text)} << format.sign_shift();
  const uint64_t quiet = uint64_t{1} << (format.fraction_bits - 1);
  if (text == "inf") return sign | format.exponent_mask();
  if (text == "nan") return sign | format.exponent_mask() | quiet;
  if (text.starts_with("nan:")) {
    const std::optional<uint64_t> payload = parse_unsigned(text.substr(4), 64);
    if (!payload || *payload == 0 || *payload > mask(format.fraction_bits)) return std::nullopt;
    return sign | format.exponent_mask() | *payload;
  }
  const std::optional<uint64_t> bits =
      text.starts_with("0x") ? parse_hex(format, text.substr(2)) : parse_decimal(format, text);
  if (!bits) return std::nullopt;
  return sign | *bits;
}

}  // namespace

std::optional<uint64_t> parse_unsigned(std::string_view text, unsigned bits) {
  const bool is_hex = text.starts_with("0x");
  if (is_hex) text.remove_prefix(2);
  const uint64_t base = is_hex ? 16 : 10;
  uint64_t value = 0;
  for (char c : text) {
    if (c == '_') continue;
    if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit_value(c), &value)) {
      return std::nullopt;
    }
  }
  if (value > mask(bits)) return std::nullopt;
  return value;
}

std::optional<uint64_t> parse_integer(std::string_view text, unsigned bits) {
  const bool negative = take_sign(text);
  const std::optional<uint64_t> magnitude = parse_unsigned(text, bits);
  if (!magnitude || !negative) return magnitude;
  if (*magnitude > kTopBit >> (64 - bits)) return std::nullopt;
  return (0 - *magnitude) & mask(bits);
}

std::optional<uint32_t> parse_f32(std::string_view text) {
  const std::optional<uint64_t> bits = parse_float(kF32, text);
  if (!bits) return std::nullopt;
  return static_cast<uint32_t>(*bits);
}

std::optional<uint64_t> parse_f64(std::string_view text) { return parse_float(kF64, text); }

}  // namespace cairn::wasm::text
