// A model for tests: it computes the result of each vector operation in plain C++, lane by lane.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include "compiler/ir/function.hpp"

namespace cairn::x64::testing {

using ir::SimdOp;
using ir::V128;

// A vector as lanes of the type T. lanes() and vector() convert between it and bytes.
template <class T>
using Lanes = std::array<T, 16 / sizeof(T)>;
template <class T>
Lanes<T> lanes(const V128& v) {
  return std::bit_cast<Lanes<T>>(v);
}
template <class T>
V128 vector(const Lanes<T>& l) {
  return std::bit_cast<V128>(l);
}

// map1() and map2() apply `f` to each lane, or to each pair of lanes.
template <class T, class F>
V128 map1(const V128& a, F f) {
  Lanes<T> r{};
  for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<T>(f(lanes<T>(a)[i]));
  return vector<T>(r);
}
template <class T, class F>
V128 map2(const V128& a, const V128& b, F f) {
  Lanes<T> r{};
  for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<T>(f(lanes<T>(a)[i], lanes<T>(b)[i]));
  return vector<T>(r);
}
// A lane of the result is all ones where `f` holds for the two lanes, and zero elsewhere.
template <class T, class F>
V128 compare(const V128& a, const V128& b, F f) {
  using U = std::conditional_t<
      sizeof(T) == 1, uint8_t,
      std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;
  Lanes<U> r{};
  for (size_t i = 0; i < r.size(); ++i) r[i] = f(lanes<T>(a)[i], lanes<T>(b)[i]) ? static_cast<U>(~U{0}) : U{0};
  return vector<U>(r);
}
template <class To, class From>
To saturate(From value) {
  const auto wide = static_cast<int64_t>(value);
  if (wide < int64_t{std::numeric_limits<To>::min()}) return std::numeric_limits<To>::min();
  if (wide > int64_t{std::numeric_limits<To>::max()}) return std::numeric_limits<To>::max();
  return static_cast<To>(wide);
}
// Narrows the lanes of `a` and then those of `b`, with saturation.
template <class From, class To>
V128 narrow(const V128& a, const V128& b) {
  Lanes<To> r{};
  constexpr size_t n = 16 / sizeof(From);
  for (size_t i = 0; i < n; ++i) r[i] = saturate<To>(lanes<From>(a)[i]), r[i + n] = saturate<To>(lanes<From>(b)[i]);
  return vector<To>(r);
}
// extend() and extmul() extend or multiply the low or the high half of the lanes. extadd() adds neighbouring lanes.
template <class From, class To>
V128 extend(const V128& a, bool high) {
  Lanes<To> r{};
  for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<To>(lanes<From>(a)[i + (high ? r.size() : 0)]);
  return vector<To>(r);
}
template <class From, class To>
V128 extmul(const V128& a, const V128& b, bool high) {
  Lanes<To> r{};
  for (size_t i = 0; i < r.size(); ++i) {
    const size_t at = i + (high ? r.size() : 0);
    r[i] = static_cast<To>(static_cast<uint64_t>(static_cast<To>(lanes<From>(a)[at])) *
                           static_cast<uint64_t>(static_cast<To>(lanes<From>(b)[at])));
  }
  return vector<To>(r);
}
template <class From, class To>
V128 extadd(const V128& a) {
  Lanes<To> r{};
  for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<To>(lanes<From>(a)[2 * i] + lanes<From>(a)[2 * i + 1]);
  return vector<To>(r);
}
template <class F>
F wasm_min(F a, F b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<F>::quiet_NaN();
  if (a == 0 && b == 0) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}
template <class F>
F wasm_max(F a, F b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<F>::quiet_NaN();
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
template <class I, class F>
I trunc_sat(F x) {
  if (std::isnan(x)) return 0;
  const double t = std::trunc(static_cast<double>(x));
  if (t <= static_cast<double>(std::numeric_limits<I>::min())) return std::numeric_limits<I>::min();
  if (t >= static_cast<double>(std::numeric_limits<I>::max())) return std::numeric_limits<I>::max();
  return static_cast<I>(t);
}

// The type of the lanes in which any NaN is right where the expected lane is a NaN.
enum class NanLanes { none, f32, f64 };

// The result that an operation must give.
struct Expected {
  V128 value{};
  NanLanes nans = NanLanes::none;
};

// Returns the first lane, which the tests use as the operand of a splat.
inline uint32_t scalar_of(const V128& v) { return lanes<uint32_t>(v)[0]; }

inline Expected ok(V128 value, NanLanes nans = NanLanes::none) { return {value, nans}; }

// Models the comparisons of integers.
inline std::optional<Expected> compare_integers(SimdOp op, const V128& a, const V128& b) {
  switch (op) {
#define INT_COMPARES(S, s, u)                                                          \
  case SimdOp::S##_eq: return ok(compare<s>(a, b, [](s x, s y) { return x == y; }));   \
  case SimdOp::S##_ne: return ok(compare<s>(a, b, [](s x, s y) { return x != y; }));   \
  case SimdOp::S##_lt_s: return ok(compare<s>(a, b, [](s x, s y) { return x < y; }));  \
  case SimdOp::S##_gt_s: return ok(compare<s>(a, b, [](s x, s y) { return x > y; }));  \
  case SimdOp::S##_le_s: return ok(compare<s>(a, b, [](s x, s y) { return x <= y; })); \
  case SimdOp::S##_ge_s: return ok(compare<s>(a, b, [](s x, s y) { return x >= y; }));
#define UNSIGNED_COMPARES(S, u)                                                        \
  case SimdOp::S##_lt_u: return ok(compare<u>(a, b, [](u x, u y) { return x < y; }));  \
  case SimdOp::S##_gt_u: return ok(compare<u>(a, b, [](u x, u y) { return x > y; }));  \
  case SimdOp::S##_le_u: return ok(compare<u>(a, b, [](u x, u y) { return x <= y; })); \
  case SimdOp::S##_ge_u: return ok(compare<u>(a, b, [](u x, u y) { return x >= y; }));
    INT_COMPARES(i8x16, int8_t, uint8_t)
    INT_COMPARES(i16x8, int16_t, uint16_t)
    INT_COMPARES(i32x4, int32_t, uint32_t)
    INT_COMPARES(i64x2, int64_t, uint64_t)
    UNSIGNED_COMPARES(i8x16, uint8_t)
    UNSIGNED_COMPARES(i16x8, uint16_t)
    UNSIGNED_COMPARES(i32x4, uint32_t)
    default: return std::nullopt;
  }
}
#undef INT_COMPARES
#undef UNSIGNED_COMPARES

// Models the operations on lanes of floats. relaxed_madd rounds the product and the sum, and `volatile` keeps the C++
// compiler from fusing the two operations.
inline std::optional<Expected> compute_floats(SimdOp op, const V128& a, const V128& b, const V128& c) {
  switch (op) {
#define FLOAT_OPS(S, f, N)                                                                    \
  case SimdOp::S##_eq: return ok(compare<f>(a, b, [](f x, f y) { return x == y; }));          \
  case SimdOp::S##_ne: return ok(compare<f>(a, b, [](f x, f y) { return x != y; }));          \
  case SimdOp::S##_lt: return ok(compare<f>(a, b, [](f x, f y) { return x < y; }));           \
  case SimdOp::S##_gt: return ok(compare<f>(a, b, [](f x, f y) { return x > y; }));           \
  case SimdOp::S##_le: return ok(compare<f>(a, b, [](f x, f y) { return x <= y; }));          \
  case SimdOp::S##_ge: return ok(compare<f>(a, b, [](f x, f y) { return x >= y; }));          \
  case SimdOp::S##_ceil: return ok(map1<f>(a, [](f x) { return std::ceil(x); }), N);          \
  case SimdOp::S##_floor: return ok(map1<f>(a, [](f x) { return std::floor(x); }), N);        \
  case SimdOp::S##_trunc: return ok(map1<f>(a, [](f x) { return std::trunc(x); }), N);        \
  case SimdOp::S##_nearest: return ok(map1<f>(a, [](f x) { return std::nearbyint(x); }), N);  \
  case SimdOp::S##_sqrt: return ok(map1<f>(a, [](f x) { return std::sqrt(x); }), N);          \
  case SimdOp::S##_add: return ok(map2<f>(a, b, [](f x, f y) { return x + y; }), N);          \
  case SimdOp::S##_sub: return ok(map2<f>(a, b, [](f x, f y) { return x - y; }), N);          \
  case SimdOp::S##_mul: return ok(map2<f>(a, b, [](f x, f y) { return x * y; }), N);          \
  case SimdOp::S##_div: return ok(map2<f>(a, b, [](f x, f y) { return x / y; }), N);          \
  case SimdOp::S##_relaxed_min:                                                               \
  case SimdOp::S##_min: return ok(map2<f>(a, b, [](f x, f y) { return wasm_min(x, y); }), N); \
  case SimdOp::S##_relaxed_max:                                                               \
  case SimdOp::S##_max: return ok(map2<f>(a, b, [](f x, f y) { return wasm_max(x, y); }), N); \
  case SimdOp::S##_pmin: return ok(map2<f>(a, b, [](f x, f y) { return y < x ? y : x; }), N); \
  case SimdOp::S##_pmax: return ok(map2<f>(a, b, [](f x, f y) { return x < y ? y : x; }), N);
    FLOAT_OPS(f32x4, float, NanLanes::f32)
    FLOAT_OPS(f64x2, double, NanLanes::f64)
    case SimdOp::f32x4_abs: return ok(map1<uint32_t>(a, [](uint32_t x) { return x & 0x7fffffff; }));
    case SimdOp::f64x2_abs: return ok(map1<uint64_t>(a, [](uint64_t x) { return x & ~(uint64_t{1} << 63); }));
    case SimdOp::f32x4_neg: return ok(map1<uint32_t>(a, [](uint32_t x) { return x ^ 0x80000000; }));
    case SimdOp::f64x2_neg: return ok(map1<uint64_t>(a, [](uint64_t x) { return x ^ (uint64_t{1} << 63); }));
#define MADD(S, f, N)                                                           \
  case SimdOp::S##_relaxed_madd:                                                \
  case SimdOp::S##_relaxed_nmadd: {                                             \
    Lanes<f> r{};                                                               \
    for (size_t i = 0; i < r.size(); ++i) {                                     \
      const f product = lanes<f>(a)[i] * lanes<f>(b)[i];                        \
      volatile f rounded = op == SimdOp::S##_relaxed_madd ? product : -product; \
      r[i] = rounded + lanes<f>(c)[i];                                          \
    }                                                                           \
    return ok(vector<f>(r), N);                                                 \
  }
      MADD(f32x4, float, NanLanes::f32)
      MADD(f64x2, double, NanLanes::f64)
    default: return std::nullopt;
  }
}
#undef FLOAT_OPS
#undef MADD

// Models splats, swizzle, and operations on all 128 bits.
inline std::optional<Expected> move_bits(SimdOp op, const V128& a, const V128& b, const V128& c) {
  switch (op) {
    case SimdOp::i8x16_splat: return ok(map1<uint8_t>(a, [&](uint8_t) { return scalar_of(a); }));
    case SimdOp::i16x8_splat: return ok(map1<uint16_t>(a, [&](uint16_t) { return scalar_of(a); }));
    case SimdOp::f32x4_splat:
    case SimdOp::i32x4_splat: return ok(map1<uint32_t>(a, [&](uint32_t) { return scalar_of(a); }));
    case SimdOp::f64x2_splat:
    case SimdOp::i64x2_splat: return ok(map1<uint64_t>(a, [&](uint64_t) { return lanes<uint64_t>(a)[0]; }));
    case SimdOp::i8x16_relaxed_swizzle:
    case SimdOp::i8x16_swizzle: {
      Lanes<uint8_t> r{};
      for (size_t i = 0; i < 16; ++i) r[i] = lanes<uint8_t>(b)[i] < 16 ? lanes<uint8_t>(a)[lanes<uint8_t>(b)[i]] : 0;
      return ok(vector<uint8_t>(r));
    }
    case SimdOp::v128_not: return ok(map1<uint64_t>(a, [](uint64_t x) { return ~x; }));
    case SimdOp::v128_and: return ok(map2<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x & y; }));
    case SimdOp::v128_andnot: return ok(map2<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x & ~y; }));
    case SimdOp::v128_or: return ok(map2<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x | y; }));
    case SimdOp::v128_xor: return ok(map2<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x ^ y; }));
    case SimdOp::i8x16_relaxed_laneselect:
    case SimdOp::i16x8_relaxed_laneselect:
    case SimdOp::i32x4_relaxed_laneselect:
    case SimdOp::i64x2_relaxed_laneselect:
    case SimdOp::v128_bitselect: {
      Lanes<uint64_t> r{};
      for (size_t i = 0; i < 2; ++i)
        r[i] = (lanes<uint64_t>(a)[i] & lanes<uint64_t>(c)[i]) | (lanes<uint64_t>(b)[i] & ~lanes<uint64_t>(c)[i]);
      return ok(vector<uint64_t>(r));
    }
    default: return std::nullopt;
  }
}

// Models the operations on integers whose results have lanes of the same size.
inline std::optional<Expected> compute_integers(SimdOp op, const V128& a, const V128& b, uint32_t count) {
  switch (op) {
#define INT_OPS(S, s, u)                                                                                 \
  case SimdOp::S##_abs: return ok(map1<u>(a, [](u x) { return static_cast<s>(x) < 0 ? u(0) - x : x; })); \
  case SimdOp::S##_neg: return ok(map1<u>(a, [](u x) { return u(0) - x; }));                             \
  case SimdOp::S##_shl:                                                                                  \
    return ok(map1<u>(a, [&](u x) { return static_cast<uint64_t>(x) << (count % (8 * sizeof(u))); }));   \
  case SimdOp::S##_shr_s: return ok(map1<s>(a, [&](s x) { return x >> (count % (8 * sizeof(u))); }));    \
  case SimdOp::S##_shr_u: return ok(map1<u>(a, [&](u x) { return x >> (count % (8 * sizeof(u))); }));    \
  case SimdOp::S##_add: return ok(map2<u>(a, b, [](u x, u y) { return x + y; }));                        \
  case SimdOp::S##_sub: return ok(map2<u>(a, b, [](u x, u y) { return x - y; }));
    INT_OPS(i8x16, int8_t, uint8_t)
    INT_OPS(i16x8, int16_t, uint16_t)
    INT_OPS(i32x4, int32_t, uint32_t)
    INT_OPS(i64x2, int64_t, uint64_t)
    case SimdOp::i8x16_popcnt: return ok(map1<uint8_t>(a, [](uint8_t x) { return std::popcount(x); }));
#define SATURATING(S, s, u)                                                                              \
  case SimdOp::S##_add_sat_s: return ok(map2<s>(a, b, [](int x, int y) { return saturate<s>(x + y); })); \
  case SimdOp::S##_add_sat_u: return ok(map2<u>(a, b, [](int x, int y) { return saturate<u>(x + y); })); \
  case SimdOp::S##_sub_sat_s: return ok(map2<s>(a, b, [](int x, int y) { return saturate<s>(x - y); })); \
  case SimdOp::S##_sub_sat_u: return ok(map2<u>(a, b, [](int x, int y) { return saturate<u>(x - y); })); \
  case SimdOp::S##_avgr_u: return ok(map2<u>(a, b, [](int x, int y) { return (x + y + 1) / 2; }));
      SATURATING(i8x16, int8_t, uint8_t)
      SATURATING(i16x8, int16_t, uint16_t)
#define MIN_MAX(S, s, u)                                                                     \
  case SimdOp::S##_min_s: return ok(map2<s>(a, b, [](s x, s y) { return std::min(x, y); })); \
  case SimdOp::S##_min_u: return ok(map2<u>(a, b, [](u x, u y) { return std::min(x, y); })); \
  case SimdOp::S##_max_s: return ok(map2<s>(a, b, [](s x, s y) { return std::max(x, y); })); \
  case SimdOp::S##_max_u: return ok(map2<u>(a, b, [](u x, u y) { return std::max(x, y); }));
      MIN_MAX(i8x16, int8_t, uint8_t)
      MIN_MAX(i16x8, int16_t, uint16_t)
      MIN_MAX(i32x4, int32_t, uint32_t)
    case SimdOp::i16x8_mul: return ok(map2<uint16_t>(a, b, [](uint32_t x, uint32_t y) { return x * y; }));
    case SimdOp::i32x4_mul: return ok(map2<uint32_t>(a, b, [](uint32_t x, uint32_t y) { return x * y; }));
    case SimdOp::i64x2_mul: return ok(map2<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x * y; }));
    case SimdOp::i16x8_relaxed_q15mulr_s:
    case SimdOp::i16x8_q15mulr_sat_s:
      return ok(map2<int16_t>(a, b, [](int x, int y) { return saturate<int16_t>((x * y + 0x4000) >> 15); }));
    default: return std::nullopt;
  }
}
#undef INT_OPS
#undef SATURATING
#undef MIN_MAX

// Models narrowing, extensions and dot products.
inline std::optional<Expected> resize_integers(SimdOp op, const V128& a, const V128& b, const V128& c) {
  switch (op) {
    case SimdOp::i8x16_narrow_i16x8_s: return ok(narrow<int16_t, int8_t>(a, b));
    case SimdOp::i8x16_narrow_i16x8_u: return ok(narrow<int16_t, uint8_t>(a, b));
    case SimdOp::i16x8_narrow_i32x4_s: return ok(narrow<int32_t, int16_t>(a, b));
    case SimdOp::i16x8_narrow_i32x4_u: return ok(narrow<int32_t, uint16_t>(a, b));
    case SimdOp::i32x4_dot_i16x8_s: {
      Lanes<uint32_t> r{};
      for (size_t i = 0; i < 4; ++i)
        for (size_t k = 0; k < 2; ++k)
          r[i] += static_cast<uint32_t>(lanes<int16_t>(a)[2 * i + k] * lanes<int16_t>(b)[2 * i + k]);
      return ok(vector<uint32_t>(r));
    }
    case SimdOp::i16x8_extadd_pairwise_i8x16_s: return ok(extadd<int8_t, int16_t>(a));
    case SimdOp::i16x8_extadd_pairwise_i8x16_u: return ok(extadd<uint8_t, uint16_t>(a));
    case SimdOp::i32x4_extadd_pairwise_i16x8_s: return ok(extadd<int16_t, int32_t>(a));
    case SimdOp::i32x4_extadd_pairwise_i16x8_u: return ok(extadd<uint16_t, uint32_t>(a));
#define EXTEND(To, From, ts, fs, tu, fu)                                           \
  case SimdOp::To##_extend_low_##From##_s: return ok(extend<fs, ts>(a, false));    \
  case SimdOp::To##_extend_low_##From##_u: return ok(extend<fu, tu>(a, false));    \
  case SimdOp::To##_extend_high_##From##_s: return ok(extend<fs, ts>(a, true));    \
  case SimdOp::To##_extend_high_##From##_u: return ok(extend<fu, tu>(a, true));    \
  case SimdOp::To##_extmul_low_##From##_s: return ok(extmul<fs, ts>(a, b, false)); \
  case SimdOp::To##_extmul_low_##From##_u: return ok(extmul<fu, tu>(a, b, false)); \
  case SimdOp::To##_extmul_high_##From##_s: return ok(extmul<fs, ts>(a, b, true)); \
  case SimdOp::To##_extmul_high_##From##_u: return ok(extmul<fu, tu>(a, b, true));
      EXTEND(i16x8, i8x16, int16_t, int8_t, uint16_t, uint8_t)
      EXTEND(i32x4, i16x8, int32_t, int16_t, uint32_t, uint16_t)
      EXTEND(i64x2, i32x4, int64_t, int32_t, uint64_t, uint32_t)
    case SimdOp::i16x8_relaxed_dot_i8x16_i7x16_s:
    case SimdOp::i32x4_relaxed_dot_i8x16_i7x16_add_s: {
      Lanes<int16_t> words{};
      for (size_t i = 0; i < 8; ++i)
        words[i] = saturate<int16_t>(lanes<int8_t>(a)[2 * i] * lanes<int8_t>(b)[2 * i] +
                                     lanes<int8_t>(a)[2 * i + 1] * lanes<int8_t>(b)[2 * i + 1]);
      if (op == SimdOp::i16x8_relaxed_dot_i8x16_i7x16_s) return ok(vector<int16_t>(words));
      Lanes<uint32_t> r{};
      for (size_t i = 0; i < 4; ++i)
        r[i] = static_cast<uint32_t>(words[2 * i] + words[2 * i + 1]) + lanes<uint32_t>(c)[i];
      return ok(vector<uint32_t>(r));
    }
    default: return std::nullopt;
  }
}
#undef EXTEND

// Models the conversions between integers and floats, and between floats of both sizes.
inline std::optional<Expected> convert(SimdOp op, const V128& a) {
  switch (op) {
    case SimdOp::i32x4_relaxed_trunc_f32x4_s:
    case SimdOp::i32x4_trunc_sat_f32x4_s: {
      Lanes<int32_t> r{};
      for (size_t i = 0; i < 4; ++i) r[i] = trunc_sat<int32_t>(lanes<float>(a)[i]);
      return ok(vector<int32_t>(r));
    }
    case SimdOp::i32x4_relaxed_trunc_f32x4_u:
    case SimdOp::i32x4_trunc_sat_f32x4_u: {
      Lanes<uint32_t> r{};
      for (size_t i = 0; i < 4; ++i) r[i] = trunc_sat<uint32_t>(lanes<float>(a)[i]);
      return ok(vector<uint32_t>(r));
    }
    case SimdOp::i32x4_relaxed_trunc_f64x2_s_zero:
    case SimdOp::i32x4_trunc_sat_f64x2_s_zero: {
      Lanes<int32_t> r{};
      for (size_t i = 0; i < 2; ++i) r[i] = trunc_sat<int32_t>(lanes<double>(a)[i]);
      return ok(vector<int32_t>(r));
    }
    case SimdOp::i32x4_relaxed_trunc_f64x2_u_zero:
    case SimdOp::i32x4_trunc_sat_f64x2_u_zero: {
      Lanes<uint32_t> r{};
      for (size_t i = 0; i < 2; ++i) r[i] = trunc_sat<uint32_t>(lanes<double>(a)[i]);
      return ok(vector<uint32_t>(r));
    }
    case SimdOp::f32x4_convert_i32x4_s:
    case SimdOp::f32x4_convert_i32x4_u: {
      Lanes<float> r{};
      for (size_t i = 0; i < 4; ++i)
        r[i] = op == SimdOp::f32x4_convert_i32x4_s ? static_cast<float>(lanes<int32_t>(a)[i])
                                                   : static_cast<float>(lanes<uint32_t>(a)[i]);
      return ok(vector<float>(r));
    }
    case SimdOp::f64x2_convert_low_i32x4_s:
    case SimdOp::f64x2_convert_low_i32x4_u: {
      Lanes<double> r{};
      for (size_t i = 0; i < 2; ++i)
        r[i] =
            op == SimdOp::f64x2_convert_low_i32x4_s ? lanes<int32_t>(a)[i] : static_cast<double>(lanes<uint32_t>(a)[i]);
      return ok(vector<double>(r));
    }
    case SimdOp::f32x4_demote_f64x2_zero: {
      Lanes<float> r{};
      for (size_t i = 0; i < 2; ++i) r[i] = static_cast<float>(lanes<double>(a)[i]);
      return ok(vector<float>(r), NanLanes::f32);
    }
    case SimdOp::f64x2_promote_low_f32x4: {
      Lanes<double> r{};
      for (size_t i = 0; i < 2; ++i) r[i] = lanes<float>(a)[i];
      return ok(vector<double>(r), NanLanes::f64);
    }
    default: return std::nullopt;
  }
}

// Models all operations that give a vector; returns nothing for others. `c` is the third operand of ternary operations,
// and `count` is the count of shifts.
inline std::optional<Expected> model(SimdOp op, const V128& a, const V128& b, const V128& c, uint32_t count) {
  if (auto expected = compare_integers(op, a, b)) return expected;
  if (auto expected = compute_floats(op, a, b, c)) return expected;
  if (auto expected = move_bits(op, a, b, c)) return expected;
  if (auto expected = compute_integers(op, a, b, count)) return expected;
  if (auto expected = resize_integers(op, a, b, c)) return expected;
  return convert(op, a);
}

// The functions from here on model the reductions to an i32.
template <class T>
uint32_t all_true(const V128& v) {
  for (const T lane : lanes<T>(v))
    if (lane == 0) return 0;
  return 1;
}
template <class T>
uint32_t bitmask(const V128& v) {
  uint32_t mask = 0;
  for (size_t i = 0; i < lanes<T>(v).size(); ++i) mask |= (lanes<T>(v)[i] < 0 ? 1u : 0u) << i;
  return mask;
}
// Returns the result of a reduction, or nothing for other operations.
inline std::optional<uint32_t> reduce(SimdOp op, const V128& a) {
  switch (op) {
    case SimdOp::v128_any_true: return a != V128{};
    case SimdOp::i8x16_all_true: return all_true<int8_t>(a);
    case SimdOp::i16x8_all_true: return all_true<int16_t>(a);
    case SimdOp::i32x4_all_true: return all_true<int32_t>(a);
    case SimdOp::i64x2_all_true: return all_true<int64_t>(a);
    case SimdOp::i8x16_bitmask: return bitmask<int8_t>(a);
    case SimdOp::i16x8_bitmask: return bitmask<int16_t>(a);
    case SimdOp::i32x4_bitmask: return bitmask<int32_t>(a);
    case SimdOp::i64x2_bitmask: return bitmask<int64_t>(a);
    default: return std::nullopt;
  }
}

}  // namespace cairn::x64::testing
