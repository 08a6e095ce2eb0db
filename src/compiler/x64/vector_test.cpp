// Every vector operation, run on this machine, against a model that works lane by lane.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "compiler/x64/execution.hpp"

#if CAIRN_TEST_X64

namespace cairn::x64 {
namespace {

using namespace testing;
using ir::Opcode;
using ir::SimdOp;

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
template <class T, class F>
V128 compare(const V128& a, const V128& b, F f) {
  using U = std::conditional_t<sizeof(T) == 1, uint8_t, std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;
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
template <class From, class To>
V128 narrow(const V128& a, const V128& b) {
  Lanes<To> r{};
  constexpr size_t n = 16 / sizeof(From);
  for (size_t i = 0; i < n; ++i) r[i] = saturate<To>(lanes<From>(a)[i]), r[i + n] = saturate<To>(lanes<From>(b)[i]);
  return vector<To>(r);
}
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
    r[i] = static_cast<To>(static_cast<uint64_t>(static_cast<To>(lanes<From>(a)[at])) * static_cast<uint64_t>(static_cast<To>(lanes<From>(b)[at])));
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

enum class NanLanes { none, f32, f64 };

struct Expected {
  V128 value{};
  NanLanes nans = NanLanes::none;
};

uint32_t scalar_of(const V128& v) { return lanes<uint32_t>(v)[0]; }

// Operations of vectors to a vector; the third operand is that of ternary ones, shifts take their count from `count`.
std::optional<Expected> model(SimdOp op, const V128& a, const V128& b, const V128& c, uint32_t count) {
  const auto ok = [](V128 v, NanLanes n = NanLanes::none) { return Expected{v, n}; };
  const auto F32 = NanLanes::f32, F64 = NanLanes::f64;
  switch (op) {
#define INT_COMPARES(S, s, u)                                                                           \
  case SimdOp::S##_eq: return ok(compare<s>(a, b, [](s x, s y) { return x == y; }));                    \
  case SimdOp::S##_ne: return ok(compare<s>(a, b, [](s x, s y) { return x != y; }));                    \
  case SimdOp::S##_lt_s: return ok(compare<s>(a, b, [](s x, s y) { return x < y; }));                   \
  case SimdOp::S##_gt_s: return ok(compare<s>(a, b, [](s x, s y) { return x > y; }));                   \
  case SimdOp::S##_le_s: return ok(compare<s>(a, b, [](s x, s y) { return x <= y; }));                  \
  case SimdOp::S##_ge_s: return ok(compare<s>(a, b, [](s x, s y) { return x >= y; }));
#define UNSIGNED_COMPARES(S, u)                                                                         \
  case SimdOp::S##_lt_u: return ok(compare<u>(a, b, [](u x, u y) { return x < y; }));                   \
  case SimdOp::S##_gt_u: return ok(compare<u>(a, b, [](u x, u y) { return x > y; }));                   \
  case SimdOp::S##_le_u: return ok(compare<u>(a, b, [](u x, u y) { return x <= y; }));                  \
  case SimdOp::S##_ge_u: return ok(compare<u>(a, b, [](u x, u y) { return x >= y; }));
    INT_COMPARES(i8x16, int8_t, uint8_t)
    INT_COMPARES(i16x8, int16_t, uint16_t)
    INT_COMPARES(i32x4, int32_t, uint32_t)
    INT_COMPARES(i64x2, int64_t, uint64_t)
    UNSIGNED_COMPARES(i8x16, uint8_t)
    UNSIGNED_COMPARES(i16x8, uint16_t)
    UNSIGNED_COMPARES(i32x4, uint32_t)
#define FLOAT_OPS(S, f, N)                                                                              \
  case SimdOp::S##_eq: return ok(compare<f>(a, b, [](f x, f y) { return x == y; }));                    \
  case SimdOp::S##_ne: return ok(compare<f>(a, b, [](f x, f y) { return x != y; }));                    \
  case SimdOp::S##_lt: return ok(compare<f>(a, b, [](f x, f y) { return x < y; }));                     \
  case SimdOp::S##_gt: return ok(compare<f>(a, b, [](f x, f y) { return x > y; }));                     \
  case SimdOp::S##_le: return ok(compare<f>(a, b, [](f x, f y) { return x <= y; }));                    \
  case SimdOp::S##_ge: return ok(compare<f>(a, b, [](f x, f y) { return x >= y; }));                    \
  case SimdOp::S##_ceil: return ok(map1<f>(a, [](f x) { return std::ceil(x); }), N);                    \
  case SimdOp::S##_floor: return ok(map1<f>(a, [](f x) { return std::floor(x); }), N);                  \
  case SimdOp::S##_trunc: return ok(map1<f>(a, [](f x) { return std::trunc(x); }), N);                  \
  case SimdOp::S##_nearest: return ok(map1<f>(a, [](f x) { return std::nearbyint(x); }), N);            \
  case SimdOp::S##_sqrt: return ok(map1<f>(a, [](f x) { return std::sqrt(x); }), N);                    \
  case SimdOp::S##_add: return ok(map2<f>(a, b, [](f x, f y) { return x + y; }), N);                    \
  case SimdOp::S##_sub: return ok(map2<f>(a, b, [](f x, f y) { return x - y; }), N);                    \
  case SimdOp::S##_mul: return ok(map2<f>(a, b, [](f x, f y) { return x * y; }), N);                    \
  case SimdOp::S##_div: return ok(map2<f>(a, b, [](f x, f y) { return x / y; }), N);                    \
  case SimdOp::S##_relaxed_min:                                                                         \
  case SimdOp::S##_min: return ok(map2<f>(a, b, [](f x, f y) { return wasm_min(x, y); }), N);           \
  case SimdOp::S##_relaxed_max:                                                                         \
  case SimdOp::S##_max: return ok(map2<f>(a, b, [](f x, f y) { return wasm_max(x, y); }), N);           \
  case SimdOp::S##_pmin: return ok(map2<f>(a, b, [](f x, f y) { return y < x ? y : x; }), N);           \
  case SimdOp::S##_pmax: return ok(map2<f>(a, b, [](f x, f y) { return x < y ? y : x; }), N);
    FLOAT_OPS(f32x4, float, F32)
    FLOAT_OPS(f64x2, double, F64)
    case SimdOp::f32x4_abs: return ok(map1<uint32_t>(a, [](uint32_t x) { return x & 0x7fffffff; }));
    case SimdOp::f64x2_abs: return ok(map1<uint64_t>(a, [](uint64_t x) { return x & ~(uint64_t{1} << 63); }));
    case SimdOp::f32x4_neg: return ok(map1<uint32_t>(a, [](uint32_t x) { return x ^ 0x80000000; }));
    case SimdOp::f64x2_neg: return ok(map1<uint64_t>(a, [](uint64_t x) { return x ^ (uint64_t{1} << 63); }));
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
#define INT_OPS(S, s, u)                                                                                \
  case SimdOp::S##_abs: return ok(map1<u>(a, [](u x) { return static_cast<s>(x) < 0 ? u(0) - x : x; })); \
  case SimdOp::S##_neg: return ok(map1<u>(a, [](u x) { return u(0) - x; }));                            \
  case SimdOp::S##_shl: return ok(map1<u>(a, [&](u x) { return static_cast<uint64_t>(x) << (count % (8 * sizeof(u))); })); \
  case SimdOp::S##_shr_s: return ok(map1<s>(a, [&](s x) { return x >> (count % (8 * sizeof(u))); }));   \
  case SimdOp::S##_shr_u: return ok(map1<u>(a, [&](u x) { return x >> (count % (8 * sizeof(u))); }));   \
  case SimdOp::S##_add: return ok(map2<u>(a, b, [](u x, u y) { return x + y; }));                       \
  case SimdOp::S##_sub: return ok(map2<u>(a, b, [](u x, u y) { return x - y; }));
    INT_OPS(i8x16, int8_t, uint8_t)
    INT_OPS(i16x8, int16_t, uint16_t)
    INT_OPS(i32x4, int32_t, uint32_t)
    INT_OPS(i64x2, int64_t, uint64_t)
    case SimdOp::i8x16_popcnt: return ok(map1<uint8_t>(a, [](uint8_t x) { return std::popcount(x); }));
    case SimdOp::i8x16_narrow_i16x8_s: return ok(narrow<int16_t, int8_t>(a, b));
    case SimdOp::i8x16_narrow_i16x8_u: return ok(narrow<int16_t, uint8_t>(a, b));
    case SimdOp::i16x8_narrow_i32x4_s: return ok(narrow<int32_t, int16_t>(a, b));
    case SimdOp::i16x8_narrow_i32x4_u: return ok(narrow<int32_t, uint16_t>(a, b));
#define SATURATING(S, s, u)                                                                             \
  case SimdOp::S##_add_sat_s: return ok(map2<s>(a, b, [](int x, int y) { return saturate<s>(x + y); })); \
  case SimdOp::S##_add_sat_u: return ok(map2<u>(a, b, [](int x, int y) { return saturate<u>(x + y); })); \
  case SimdOp::S##_sub_sat_s: return ok(map2<s>(a, b, [](int x, int y) { return saturate<s>(x - y); })); \
  case SimdOp::S##_sub_sat_u: return ok(map2<u>(a, b, [](int x, int y) { return saturate<u>(x - y); })); \
  case SimdOp::S##_avgr_u: return ok(map2<u>(a, b, [](int x, int y) { return (x + y + 1) / 2; }));
    SATURATING(i8x16, int8_t, uint8_t)
    SATURATING(i16x8, int16_t, uint16_t)
#define MIN_MAX(S, s, u)                                                                                \
  case SimdOp::S##_min_s: return ok(map2<s>(a, b, [](s x, s y) { return std::min(x, y); }));            \
  case SimdOp::S##_min_u: return ok(map2<u>(a, b, [](u x, u y) { return std::min(x, y); }));            \
  case SimdOp::S##_max_s: return ok(map2<s>(a, b, [](s x, s y) { return std::max(x, y); }));            \
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
#define EXTEND(To, From, ts, fs, tu, fu)                                                                \
  case SimdOp::To##_extend_low_##From##_s: return ok(extend<fs, ts>(a, false));                         \
  case SimdOp::To##_extend_low_##From##_u: return ok(extend<fu, tu>(a, false));                         \
  case SimdOp::To##_extend_high_##From##_s: return ok(extend<fs, ts>(a, true));                         \
  case SimdOp::To##_extend_high_##From##_u: return ok(extend<fu, tu>(a, true));                         \
  case SimdOp::To##_extmul_low_##From##_s: return ok(extmul<fs, ts>(a, b, false));                      \
  case SimdOp::To##_extmul_low_##From##_u: return ok(extmul<fu, tu>(a, b, false));                      \
  case SimdOp::To##_extmul_high_##From##_s: return ok(extmul<fs, ts>(a, b, true));                      \
  case SimdOp::To##_extmul_high_##From##_u: return ok(extmul<fu, tu>(a, b, true));
    EXTEND(i16x8, i8x16, int16_t, int8_t, uint16_t, uint8_t)
    EXTEND(i32x4, i16x8, int32_t, int16_t, uint32_t, uint16_t)
    EXTEND(i64x2, i32x4, int64_t, int32_t, uint64_t, uint32_t)
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
        r[i] = op == SimdOp::f32x4_convert_i32x4_s ? static_cast<float>(lanes<int32_t>(a)[i]) : static_cast<float>(lanes<uint32_t>(a)[i]);
      return ok(vector<float>(r));
    }
    case SimdOp::f64x2_convert_low_i32x4_s:
    case SimdOp::f64x2_convert_low_i32x4_u: {
      Lanes<double> r{};
      for (size_t i = 0; i < 2; ++i)
        r[i] = op == SimdOp::f64x2_convert_low_i32x4_s ? lanes<int32_t>(a)[i] : static_cast<double>(lanes<uint32_t>(a)[i]);
      return ok(vector<double>(r));
    }
    case SimdOp::f32x4_demote_f64x2_zero: {
      Lanes<float> r{};
      for (size_t i = 0; i < 2; ++i) r[i] = static_cast<float>(lanes<double>(a)[i]);
      return ok(vector<float>(r), F32);
    }
    case SimdOp::f64x2_promote_low_f32x4: {
      Lanes<double> r{};
      for (size_t i = 0; i < 2; ++i) r[i] = lanes<float>(a)[i];
      return ok(vector<double>(r), F64);
    }
#define MADD(S, f, N)                                                                                   \
  case SimdOp::S##_relaxed_madd:                                                                        \
  case SimdOp::S##_relaxed_nmadd: {                                                                     \
    Lanes<f> r{};                                                                                       \
    for (size_t i = 0; i < r.size(); ++i) {                                                             \
      const f product = lanes<f>(a)[i] * lanes<f>(b)[i];                                                \
      volatile f rounded = op == SimdOp::S##_relaxed_madd ? product : -product;                         \
      r[i] = rounded + lanes<f>(c)[i];                                                                  \
    }                                                                                                   \
    return ok(vector<f>(r), N);                                                                         \
  }
    MADD(f32x4, float, F32)
    MADD(f64x2, double, F64)
    case SimdOp::i16x8_relaxed_dot_i8x16_i7x16_s:
    case SimdOp::i32x4_relaxed_dot_i8x16_i7x16_add_s: {
      Lanes<int16_t> words{};
      for (size_t i = 0; i < 8; ++i)
        words[i] = saturate<int16_t>(lanes<int8_t>(a)[2 * i] * lanes<int8_t>(b)[2 * i] + lanes<int8_t>(a)[2 * i + 1] * lanes<int8_t>(b)[2 * i + 1]);
      if (op == SimdOp::i16x8_relaxed_dot_i8x16_i7x16_s) return ok(vector<int16_t>(words));
      Lanes<uint32_t> r{};
      for (size_t i = 0; i < 4; ++i) r[i] = static_cast<uint32_t>(words[2 * i] + words[2 * i + 1]) + lanes<uint32_t>(c)[i];
      return ok(vector<uint32_t>(r));
    }
    case SimdOp::i8x16_splat: return ok(map1<uint8_t>(a, [&](uint8_t) { return scalar_of(a); }));
    case SimdOp::i16x8_splat: return ok(map1<uint16_t>(a, [&](uint16_t) { return scalar_of(a); }));
    case SimdOp::f32x4_splat:
    case SimdOp::i32x4_splat: return ok(map1<uint32_t>(a, [&](uint32_t) { return scalar_of(a); }));
    case SimdOp::f64x2_splat:
    case SimdOp::i64x2_splat: return ok(map1<uint64_t>(a, [&](uint64_t) { return lanes<uint64_t>(a)[0]; }));
    default: return std::nullopt;
  }
}

// Reductions to an i32.
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
std::optional<uint32_t> reduce(SimdOp op, const V128& a) {
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

std::vector<V128> interesting() {
  std::vector<V128> result;
  std::mt19937_64 random(1);
  const auto add = [&](auto generator) {
    V128 v;
    for (size_t i = 0; i < 2; ++i) {
      const uint64_t bits = generator();
      std::memcpy(v.data() + 8 * i, &bits, 8);
    }
    result.push_back(v);
  };
  for (int i = 0; i < 12; ++i) add([&] { return random(); });
  for (int i = 0; i < 6; ++i) {
    add([&] {
      constexpr uint64_t values[] = {0, 0x80, 0x7f, 0xff, 0x01, 0x7e, 0x81, 0x10, 0x0f};
      uint64_t bits = 0;
      for (int k = 0; k < 8; ++k) bits = bits << 8 | values[random() % 9];
      return bits;
    });
    add([&] {
      constexpr uint64_t values[] = {0, 0x8000, 0x7fff, 0xffff, 1};
      uint64_t bits = 0;
      for (int k = 0; k < 4; ++k) bits = bits << 16 | values[random() % 5];
      return bits;
    });
    add([&] {
      constexpr float values[] = {0.0f, -0.0f, 1.5f, -2.5f, 3e9f, -3e9f, 5e9f, 0x1p31f, -0x1p31f, INFINITY, -INFINITY, NAN, 0.5f, 1e-40f, 0x1.fffffep30f, 0x1.fffffep31f};
      uint64_t bits = 0;
      for (int k = 0; k < 2; ++k) bits = bits << 32 | std::bit_cast<uint32_t>(values[random() % 16]);
      return bits;
    });
    add([&] {
      constexpr double values[] = {0.0, -0.0, 1.5, -2.5, 3e9, -3e9, 5e9, 2147483647.5, -2147483648.5, INFINITY, -INFINITY, NAN, 0.5, 4294967295.5, 4294967294.5};
      return std::bit_cast<uint64_t>(values[random() % 15]);
    });
    add([&] {
      constexpr uint64_t values[] = {0, 0x80000000, 0x7fffffff, 0xffffffff, 1, 0x00010000, 0xffff};
      return values[random() % 7] << 32 | values[random() % 7];
    });
  }
  result.push_back(V128{});
  V128 ones;
  ones.fill(std::byte{0xff});
  result.push_back(ones);
  V128 ramp;
  for (size_t i = 0; i < 16; ++i) ramp[i] = static_cast<std::byte>(i * 3 % 20);
  result.push_back(ramp);
  return result;
}

bool same(const Expected& expected, const V128& got) {
  if (expected.nans == NanLanes::f32) {
    for (size_t i = 0; i < 4; ++i) {
      const float e = lanes<float>(expected.value)[i], g = lanes<float>(got)[i];
      if (std::isnan(e) ? !std::isnan(g) : std::bit_cast<uint32_t>(e) != std::bit_cast<uint32_t>(g)) return false;
    }
    return true;
  }
  if (expected.nans == NanLanes::f64) {
    for (size_t i = 0; i < 2; ++i) {
      const double e = lanes<double>(expected.value)[i], g = lanes<double>(got)[i];
      if (std::isnan(e) ? !std::isnan(g) : std::bit_cast<uint64_t>(e) != std::bit_cast<uint64_t>(g)) return false;
    }
    return true;
  }
  return expected.value == got;
}

std::string hex(const V128& v) {
  std::string s;
  for (size_t i = 16; i-- > 0;) {
    char buffer[3];
    snprintf(buffer, sizeof buffer, "%02x", static_cast<unsigned>(v[i]));
    s += buffer;
  }
  return s;
}

std::vector<compiler::Options> configurations() {
  compiler::Options floor, avx, all;
  floor.deterministic_relaxed_simd = true;
  all = avx = floor;
  all.cpu = host_features();
  avx.cpu.avx = all.cpu.avx;
  compiler::Options few = floor, few_all = all;
  few.register_limit = 3;
  few_all.register_limit = 4;
  return {floor, avx, all, few, few_all};
}

Type splat_type(SimdOp op) {
  switch (op) {
    case SimdOp::i8x16_splat:
    case SimdOp::i16x8_splat:
    case SimdOp::i32x4_splat: return Type::i32;
    case SimdOp::i64x2_splat: return Type::i64;
    case SimdOp::f32x4_splat: return Type::f32;
    case SimdOp::f64x2_splat: return Type::f64;
    default: return Type::none;
  }
}
bool is_shift(SimdOp op) {
  const std::string_view name = ir::to_string(op);
  return name.find(".sh") != std::string_view::npos && name.find("shuffle") == std::string_view::npos;
}
unsigned arity(SimdOp op) {
  const std::string_view name = ir::to_string(op);
  if (splat_type(op) != Type::none) return 1;
  for (const char* part : {"bitselect", "laneselect", "madd", "add_s"})
    if (name.find(part) != std::string_view::npos && name.find("sat") == std::string_view::npos) return 3;
  for (const char* part : {"not", "abs", ".neg", "sqrt", "ceil", "floor", "trunc", "nearest", "popcnt", "extend_", "extadd", "convert", "demote", "promote"})
    if (name.find(part) != std::string_view::npos && name.find("andnot") == std::string_view::npos) return 1;
  return 2;
}

// Each operation on parameters, on a constant and on memory; the results of all forms must agree with the model.
TEST(X64Vector, Operations) {
  const std::vector<V128> values = interesting();
  for (const compiler::Options& options : configurations()) {
    SCOPED_TRACE(options.cpu.avx2 ? "avx2" : options.cpu.avx ? "avx" : "sse");
    Machine machine(options);
    Arena arena(size_t{1} << 30);
    const ir::Signature* vectors = nullptr;
    FunctionBuilder shape(arena, {Type::v128, Type::v128, Type::v128, Type::i32, Type::i32}, {Type::v128, Type::v128, Type::v128});
    vectors = &shape.function.signature;
    const size_t entry = machine.add_entry(*vectors);
    struct Compiled {
      SimdOp op;
      uint32_t index;
      std::optional<uint32_t> count;
      std::optional<V128> constant;
      bool memory = false;
    };
    std::vector<Compiled> compiled;
    const auto compile = [&](Compiled c) {
      FunctionBuilder f(arena, {Type::v128, Type::v128, Type::v128, Type::i32, Type::i32}, {Type::v128, Type::v128, Type::v128});
      const unsigned n = arity(c.op);
      Value a = f.param(0), b = f.param(1);
      if (c.memory) {
        ir::MemoryAccess access;
        access.size = 16;
        access.offset = 1;  // unaligned
        access.can_fault = true;
        b = f.access(Opcode::heap_load, Type::v128, {f.param(4), Value::none()}, access);
      }
      if (c.constant) b = f.vector_constant(*c.constant);
      if (is_shift(c.op)) b = c.count ? f.constant(Type::i32, *c.count) : f.param(3);
      switch (splat_type(c.op)) {
        case Type::i32: a = f.op(Opcode::simd_extract, Type::i32, {a}, 0, int64_t(SimdOp::i32x4_extract_lane)); break;
        case Type::i64: a = f.op(Opcode::simd_extract, Type::i64, {a}, 0, int64_t(SimdOp::i64x2_extract_lane)); break;
        case Type::f32: a = f.op(Opcode::simd_extract, Type::f32, {a}, 0, int64_t(SimdOp::f32x4_extract_lane)); break;
        case Type::f64: a = f.op(Opcode::simd_extract, Type::f64, {a}, 0, int64_t(SimdOp::f64x2_extract_lane)); break;
        default: break;
      }
      const auto immediate = static_cast<int64_t>(c.op);
      Value result;
      if (n == 1) result = f.op(Opcode::simd_unary, Type::v128, {a}, 0, immediate);
      if (n == 2) result = f.op(Opcode::simd_binary, Type::v128, {a, b}, 0, immediate);
      if (n == 3) result = f.op(Opcode::simd_ternary, Type::v128, {a, b, f.param(2)}, 0, immediate);
      f.ret({result, f.param(0), f.param(1)});
      c.index = f.function.function_index = static_cast<uint32_t>(compiled.size());
      machine.add(f.function);
      compiled.push_back(c);
    };
    size_t operations = 0;
    for (unsigned i = 0; i <= static_cast<unsigned>(SimdOp::i32x4_relaxed_dot_i8x16_i7x16_add_s); ++i) {
      const auto op = static_cast<SimdOp>(i);
      if (!model(op, V128{}, V128{}, V128{}, 0)) {
        EXPECT_TRUE(reduce(op, V128{}).has_value()) << ir::to_string(op);
        continue;
      }
      ++operations;
      compile({op, 0, {}, {}, false});
      if (is_shift(op)) {
        for (const uint32_t count : {0u, 1u, 3u, 7u, 8u, 15u, 31u, 32u, 63u, 100u}) compile({op, 0, count, {}, false});
      } else if (arity(op) == 2) {
        compile({op, 0, {}, values[3], false});
        compile({op, 0, {}, V128{}, false});
        compile({op, 0, {}, {}, true});
      }
    }
    EXPECT_GT(operations, 200u);
    machine.link();
    size_t failures = 0;
    for (const Compiled& c : compiled) {
      for (size_t i = 0; i < values.size(); ++i) {
        for (size_t k = 0; k < values.size(); k += arity(c.op) == 1 ? values.size() : 1) {
          const V128& a = values[i];
          const V128& b = values[k];
          const V128& third = values[(i + k) % values.size()];
          const uint32_t count = c.count ? *c.count : static_cast<uint32_t>(k * 7 + i);
          std::memcpy(machine.memory() + 4097, b.data(), 16);
          const Outcome outcome = machine.run(entry, c.index, {Slot::of(a), Slot::of(b), Slot::of(third), Slot::of(count), Slot::of(4096u)}, 3);
          const auto expected = model(c.op, a, c.constant ? *c.constant : b, third, count);
          const bool good = !outcome.trap && same(*expected, outcome.results[0].as<V128>()) &&
                            outcome.results[1].as<V128>() == a && outcome.results[2].as<V128>() == b;
          if (!good && failures++ < 10)
            ADD_FAILURE() << ir::to_string(c.op) << " a " << hex(a) << " b " << hex(b) << " c " << hex(third) << " count " << count
                          << "\n got " << (outcome.trap ? "trap" : hex(outcome.results[0].as<V128>())) << "\n expected " << hex(expected->value)
                          << (c.constant ? " constant" : c.memory ? " memory" : "");
        }
      }
    }
  }
}

TEST(X64Vector, ReductionsAlone_BranchedAndSelected) {
  const std::vector<V128> values = interesting();
  for (const compiler::Options& options : configurations()) {
    Machine machine(options);
    Arena arena(size_t{1} << 30);
    std::vector<SimdOp> ops;
    size_t entry = 0;
    for (unsigned i = 0; i <= static_cast<unsigned>(SimdOp::i32x4_relaxed_dot_i8x16_i7x16_add_s); ++i) {
      const auto op = static_cast<SimdOp>(i);
      if (!reduce(op, V128{})) continue;
      FunctionBuilder f(arena, {Type::v128}, {Type::i32, Type::i32, Type::i32});
      const auto once = [&] { return f.op(Opcode::simd_unary, Type::i32, {f.param(0)}, 0, int64_t(op)); };
      const Value plain = once();
      const Value selected = f.op(Opcode::select, Type::i32, {once(), f.constant(Type::i32, 7), f.constant(Type::i32, 9)});
      const Value tested = once();
      const ir::Block yes = f.function.create_block(), no = f.function.create_block();
      f.control(Opcode::branch, tested, {f.target(yes), f.target(no)});
      f.block = yes;
      f.ret({plain, selected, f.constant(Type::i32, 1)});
      f.block = no;
      f.ret({plain, selected, f.constant(Type::i32, 0)});
      f.function.function_index = static_cast<uint32_t>(ops.size());
      machine.add(f.function);
      if (ops.empty()) entry = machine.add_entry(f.function.signature);
      ops.push_back(op);
    }
    machine.link();
    for (uint32_t i = 0; i < ops.size(); ++i) {
      for (const V128& v : values) {
        const Outcome outcome = machine.run(entry, i, {Slot::of(v)}, 3);
        const uint32_t expected = *reduce(ops[i], v);
        EXPECT_EQ(outcome.results[0].as<uint32_t>(), expected) << ir::to_string(ops[i]) << " " << hex(v);
        EXPECT_EQ(outcome.results[1].as<uint32_t>(), expected != 0 ? 7u : 9u) << ir::to_string(ops[i]) << " " << hex(v);
        EXPECT_EQ(outcome.results[2].as<uint32_t>(), expected != 0) << ir::to_string(ops[i]) << " " << hex(v);
      }
    }
  }
}

TEST(X64Vector, LanesAndShuffles) {
  std::mt19937 random(7);
  const std::vector<V128> values = interesting();
  for (const compiler::Options& options : configurations()) {
    Machine machine(options);
    Arena arena(size_t{1} << 30);
    // Shuffles: unpacks, alignments, blends, dword patterns, random ones.
    std::vector<V128> patterns;
    const auto add = [&](auto lane) {
      V128 v;
      for (unsigned i = 0; i < 16; ++i) v[i] = static_cast<std::byte>(lane(i));
      patterns.push_back(v);
    };
    for (const unsigned unit : {1u, 2u, 4u, 8u})
      for (const unsigned high : {0u, 8u})
        for (const unsigned flip : {0u, 16u}) {
          add([&](unsigned i) { return (i / (2 * unit) * unit + i % unit + high + (i % (2 * unit) >= unit ? 16 : 0)) ^ flip; });
          add([&](unsigned i) { return (i / (2 * unit) * unit + i % unit + high) ^ flip; });
        }
    for (unsigned shift = 0; shift < 32; ++shift) add([&](unsigned i) { return (i + shift) & 31; });
    for (unsigned shift = 0; shift < 16; ++shift) add([&](unsigned i) { return (i + shift) & 15; });
    for (unsigned k = 0; k < 40; ++k) {
      const auto bits = static_cast<unsigned>(random());
      for (const unsigned unit : {1u, 2u, 4u, 8u}) {
        add([&](unsigned i) { return i + ((bits >> (i / unit) & 1) != 0 ? 16 : 0); });
        std::array<unsigned, 16> order;
        for (unsigned& o : order) o = static_cast<unsigned>(random());
        add([&](unsigned i) { return order[i / unit] % (32 / unit) * unit + i % unit; });
        add([&](unsigned i) { return order[i / unit] % (16 / unit) * unit + i % unit; });
        add([&](unsigned i) { return order[i / unit] % (16 / unit) * unit + i % unit + (i >= 8 ? 16 : 0); });
        add([&](unsigned i) { return unit == 2 ? (order[i / unit] % 4 + (i >= 8 ? 4 : 0)) * 2 + i % 2 : i; });
      }
    }
    FunctionBuilder shape(arena, {Type::v128, Type::v128}, {Type::v128, Type::v128, Type::v128});
    const size_t entry = machine.add_entry(shape.function.signature);
    for (uint32_t i = 0; i < patterns.size(); ++i) {
      FunctionBuilder f(arena, {Type::v128, Type::v128}, {Type::v128, Type::v128, Type::v128});
      f.ret({f.op(Opcode::simd_shuffle, Type::v128, {f.param(0), f.param(1)}, 0, f.function.add_vector_constant(patterns[i])), f.param(0), f.param(1)});
      f.function.function_index = i;
      machine.add(f.function);
    }
    // Extract and replace, all lanes.
    struct Lane {
      SimdOp op;
      unsigned lane, bytes;
      Type type;
      bool sign;
      uint32_t index;
      size_t entry;
    };
    std::vector<Lane> lane_ops;
    uint32_t index = static_cast<uint32_t>(patterns.size());
    const auto add_lanes = [&](SimdOp op, unsigned bytes, Type type, bool sign, bool replace) {
      for (unsigned lane = 0; lane < 16 / bytes; ++lane) {
        FunctionBuilder f(arena, {Type::v128, type}, {replace ? Type::v128 : type});
        f.ret({replace ? f.op(Opcode::simd_replace, Type::v128, {f.param(0), f.param(1)}, static_cast<uint8_t>(lane), int64_t(op))
                       : f.op(Opcode::simd_extract, type, {f.param(0)}, static_cast<uint8_t>(lane), int64_t(op))});
        f.function.function_index = index;
        machine.add(f.function);
        lane_ops.push_back({op, lane, bytes, replace ? Type::v128 : type, sign, index++, machine.add_entry(f.function.signature)});
      }
    };
    add_lanes(SimdOp::i8x16_extract_lane_s, 1, Type::i32, true, false);
    add_lanes(SimdOp::i8x16_extract_lane_u, 1, Type::i32, false, false);
    add_lanes(SimdOp::i16x8_extract_lane_s, 2, Type::i32, true, false);
    add_lanes(SimdOp::i16x8_extract_lane_u, 2, Type::i32, false, false);
    add_lanes(SimdOp::i32x4_extract_lane, 4, Type::i32, false, false);
    add_lanes(SimdOp::i64x2_extract_lane, 8, Type::i64, false, false);
    add_lanes(SimdOp::f32x4_extract_lane, 4, Type::f32, false, false);
    add_lanes(SimdOp::f64x2_extract_lane, 8, Type::f64, false, false);
    add_lanes(SimdOp::i8x16_replace_lane, 1, Type::i32, false, true);
    add_lanes(SimdOp::i16x8_replace_lane, 2, Type::i32, false, true);
    add_lanes(SimdOp::i32x4_replace_lane, 4, Type::i32, false, true);
    add_lanes(SimdOp::i64x2_replace_lane, 8, Type::i64, false, true);
    add_lanes(SimdOp::f32x4_replace_lane, 4, Type::f32, false, true);
    add_lanes(SimdOp::f64x2_replace_lane, 8, Type::f64, false, true);
    machine.link();
    for (uint32_t i = 0; i < patterns.size(); ++i) {
      const V128 &a = values[i % values.size()], &b = values[(i + 5) % values.size()];
      V128 expected;
      for (unsigned k = 0; k < 16; ++k) {
        const auto from = static_cast<unsigned>(patterns[i][k]);
        expected[k] = from < 16 ? a[from] : b[from - 16];
      }
      const Outcome outcome = machine.run(entry, i, {Slot::of(a), Slot::of(b)}, 3);
      EXPECT_EQ(outcome.results[0].as<V128>(), expected) << "shuffle " << hex(patterns[i]);
      EXPECT_EQ(outcome.results[1].as<V128>(), a);
      EXPECT_EQ(outcome.results[2].as<V128>(), b);
    }
    for (const Lane& lane : lane_ops) {
      for (const V128& v : values) {
        const uint64_t scalar = 0x8182'8384'f5f6'f7f8;
        const Outcome outcome = machine.run(lane.entry, lane.index, {Slot::of(v), Slot::of(scalar)}, 1);
        if (lane.type == Type::v128) {
          V128 expected = v;
          std::memcpy(expected.data() + lane.lane * lane.bytes, &scalar, lane.bytes);
          EXPECT_EQ(outcome.results[0].as<V128>(), expected) << ir::to_string(lane.op) << " " << lane.lane;
        } else {
          uint64_t expected = 0;
          std::memcpy(&expected, v.data() + lane.lane * lane.bytes, lane.bytes);
          if (lane.sign) expected = static_cast<uint32_t>(lane.bytes == 1 ? int32_t{static_cast<int8_t>(expected)} : int32_t{static_cast<int16_t>(expected)});
          uint64_t got = 0;
          std::memcpy(&got, outcome.results[0].bytes.data(), lane.type == Type::f32 ? 4 : 8);
          EXPECT_EQ(got, expected) << ir::to_string(lane.op) << " " << lane.lane;
        }
      }
    }
  }
}

TEST(X64Vector, Memory) {
  for (const compiler::Options& options : configurations()) {
    Machine machine(options);
    Arena arena(size_t{1} << 30);
    struct Load {
      Opcode opcode;
      SimdOp op;
      unsigned size, lane;
    };
    std::vector<Load> loads;
    for (const unsigned size : {1u, 2u, 4u, 8u}) loads.push_back({Opcode::heap_load_splat, SimdOp::v128_not, size, 0});
    for (const unsigned size : {4u, 8u}) loads.push_back({Opcode::heap_load_zero, SimdOp::v128_not, size, 0});
    for (const SimdOp op : {SimdOp::v128_load8x8_s, SimdOp::v128_load8x8_u, SimdOp::v128_load16x4_s, SimdOp::v128_load16x4_u,
                            SimdOp::v128_load32x2_s, SimdOp::v128_load32x2_u})
      loads.push_back({Opcode::heap_load_extend, op, 8, 0});
    for (const unsigned size : {1u, 2u, 4u, 8u})
      for (unsigned lane = 0; lane < 16 / size; ++lane) {
        loads.push_back({Opcode::heap_load_lane, SimdOp::v128_not, size, lane});
        loads.push_back({Opcode::heap_store_lane, SimdOp::v128_not, size, lane});
      }
    FunctionBuilder shape(arena, {Type::i32, Type::v128}, {Type::v128});
    const size_t entry = machine.add_entry(shape.function.signature);
    for (uint32_t i = 0; i < loads.size(); ++i) {
      FunctionBuilder f(arena, {Type::i32, Type::v128}, {Type::v128});
      ir::MemoryAccess access;
      access.size = static_cast<uint8_t>(loads[i].size);
      access.offset = 3;
      access.can_fault = true;
      const bool lane = loads[i].opcode == Opcode::heap_load_lane || loads[i].opcode == Opcode::heap_store_lane;
      const bool store = loads[i].opcode == Opcode::heap_store_lane;
      const Value result = lane ? f.access(loads[i].opcode, store ? Type::none : Type::v128, {f.param(0), Value::none(), f.param(1)}, access, static_cast<uint8_t>(loads[i].lane))
                                : f.access(loads[i].opcode, Type::v128, {f.param(0), Value::none()}, access, 0, int64_t(loads[i].op));
      f.ret({store ? f.param(1) : result});
      f.function.function_index = i;
      machine.add(f.function);
    }
    machine.link();
    V128 content;
    for (unsigned i = 0; i < 16; ++i) content[i] = static_cast<std::byte>(0x77 + 13 * i);
    V128 vector_operand;
    for (unsigned i = 0; i < 16; ++i) vector_operand[i] = static_cast<std::byte>(0xa0 + i);
    for (uint32_t i = 0; i < loads.size(); ++i) {
      const Load& load = loads[i];
      std::memcpy(machine.memory() + 2003, content.data(), 16);
      const Outcome outcome = machine.run(entry, i, {Slot::of(2000u), Slot::of(vector_operand)}, 1);
      ASSERT_FALSE(outcome.trap.has_value());
      V128 expected{};
      switch (load.opcode) {
        case Opcode::heap_load_splat:
          for (unsigned k = 0; k < 16; ++k) expected[k] = content[k % load.size];
          break;
        case Opcode::heap_load_zero: std::memcpy(expected.data(), content.data(), load.size); break;
        case Opcode::heap_load_extend: {
          const V128& v = content;
          switch (load.op) {
            case SimdOp::v128_load8x8_s: expected = extend<int8_t, int16_t>(v, false); break;
            case SimdOp::v128_load8x8_u: expected = extend<uint8_t, uint16_t>(v, false); break;
            case SimdOp::v128_load16x4_s: expected = extend<int16_t, int32_t>(v, false); break;
            case SimdOp::v128_load16x4_u: expected = extend<uint16_t, uint32_t>(v, false); break;
            case SimdOp::v128_load32x2_s: expected = extend<int32_t, int64_t>(v, false); break;
            default: expected = extend<uint32_t, uint64_t>(v, false); break;
          }
          break;
        }
        case Opcode::heap_load_lane:
          expected = vector_operand;
          std::memcpy(expected.data() + load.lane * load.size, content.data(), load.size);
          break;
        default: {
          V128 stored = content;
          std::memcpy(stored.data(), vector_operand.data() + load.lane * load.size, load.size);
          EXPECT_EQ(std::memcmp(machine.memory() + 2003, stored.data(), 16), 0) << load.size << " " << load.lane;
          expected = vector_operand;
        }
      }
      EXPECT_EQ(outcome.results[0].as<V128>(), expected) << ir::facts(load.opcode).text << " size " << load.size << " lane " << load.lane;
      // Outside.
      const Outcome outside = machine.run(entry, i, {Slot::of(0x7fff0000u), Slot::of(vector_operand)}, 1);
      EXPECT_EQ(outside.trap, wasm::TrapKind::out_of_bounds_memory_access) << ir::facts(load.opcode).text;
    }
  }
}

}  // namespace
}  // namespace cairn::x64

#endif  // CAIRN_TEST_X64
