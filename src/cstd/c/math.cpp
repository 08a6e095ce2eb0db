// Rounding for RISC-V, where the base instruction set has no instruction for it (on x86-64 the compiler uses SSE4.1).
// A double of at least 2^52 and a float of at least 2^23 have no fraction; smaller numbers fit an integer register.
// Each function keeps the sign of zero.
#include <math.h>

#include <cstdint>

namespace {

// Rounds `value` with `to_integer` if its magnitude is less than `limit`, from which on numbers have no fraction.
template <class F, class I>
F round_with(F value, F limit, I (*to_integer)(F)) {
  // Numbers without a fraction, infinities and NaNs are returned as they are, but the addition makes a signalling NaN
  // quiet.
  if (!(__builtin_fabs(static_cast<double>(value)) < static_cast<double>(limit))) return value + F{0};
  F rounded = static_cast<F>(to_integer(value));
  if constexpr (sizeof(F) == 8) return __builtin_copysign(rounded, value);
  return static_cast<F>(__builtin_copysignf(static_cast<float>(rounded), static_cast<float>(value)));
}

constexpr double kNoFraction64 = 0x1p52;
constexpr float kNoFraction32 = 0x1p23f;

template <class F>
int64_t toward_zero(F value) {
  return static_cast<int64_t>(value);
}
template <class F>
int64_t downward(F value) {
  auto integer = static_cast<int64_t>(value);
  return static_cast<F>(integer) > value ? integer - 1 : integer;
}
template <class F>
int64_t upward(F value) {
  auto integer = static_cast<int64_t>(value);
  return static_cast<F>(integer) < value ? integer + 1 : integer;
}
template <class F>
int64_t to_even(F value) {
  int64_t below = downward(value);
  F fraction = value - static_cast<F>(below);
  return fraction > F{0.5} || (fraction == F{0.5} && (below & 1) != 0) ? below + 1 : below;
}
template <class F>
int64_t half_away(F value) {
  int64_t integer = toward_zero(value);
  F fraction = value - static_cast<F>(integer);
  if (fraction >= F{0.5}) return integer + 1;
  return fraction <= F{-0.5} ? integer - 1 : integer;
}

}  // namespace

extern "C" {

double trunc(double v) { return round_with(v, kNoFraction64, toward_zero<double>); }
float truncf(float v) { return round_with(v, kNoFraction32, toward_zero<float>); }
double floor(double v) { return round_with(v, kNoFraction64, downward<double>); }
float floorf(float v) { return round_with(v, kNoFraction32, downward<float>); }
double ceil(double v) { return round_with(v, kNoFraction64, upward<double>); }
float ceilf(float v) { return round_with(v, kNoFraction32, upward<float>); }
double nearbyint(double v) { return round_with(v, kNoFraction64, to_even<double>); }
float nearbyintf(float v) { return round_with(v, kNoFraction32, to_even<float>); }
double rint(double v) { return nearbyint(v); }
float rintf(float v) { return nearbyintf(v); }
double roundeven(double v) { return nearbyint(v); }
float roundevenf(float v) { return nearbyintf(v); }
double round(double v) { return round_with(v, kNoFraction64, half_away<double>); }
float roundf(float v) { return round_with(v, kNoFraction32, half_away<float>); }

}  // extern "C"
