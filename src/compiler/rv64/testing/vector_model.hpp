// A model of the vector operations for tests: it computes the result of each in plain C++.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "compiler/ir/simd.hpp"

namespace cairn::rv64::reference {

using ir::SimdOp;
using ir::V128;

// A vector as lanes of the type T. view() and pack() convert between it and bytes.
template <class T>
struct Lanes {
  static constexpr unsigned kCount = 16 / sizeof(T);
  T lane[kCount];
  T& operator[](unsigned i) { return lane[i]; }
  T operator[](unsigned i) const { return lane[i]; }
};
template <class T>
Lanes<T> view(const V128& v) {
  return std::bit_cast<Lanes<T>>(v);
}
template <class T>
V128 pack(const Lanes<T>& v) {
  return std::bit_cast<V128>(v);
}

// The kinds of vector operations by their operands and results.
enum class Shape { unary, binary, ternary, shift, splat, reduce, extract, replace, load };

// Returns the kind of an operation by its name in WebAssembly's text format.
inline Shape shape_of(std::string_view name) {
  const auto ends = [&](std::string_view s) { return name.ends_with(s); };
  const auto contains = [&](std::string_view s) { return name.find(s) != name.npos; };
  if (name.starts_with("v128.load")) return Shape::load;
  if (ends(".splat")) return Shape::splat;
  if (contains("extract_lane")) return Shape::extract;
  if (contains("replace_lane")) return Shape::replace;
  if (ends("_true") || ends("bitmask")) return Shape::reduce;
  if (ends(".shl") || ends(".shr_s") || ends(".shr_u")) return Shape::shift;
  if (contains("bitselect") || contains("laneselect") || contains("madd") || contains("dot_i8x16_i7x16_add"))
    return Shape::ternary;
  for (std::string_view s : {".not", ".abs", ".neg", ".popcnt", ".ceil", ".floor", ".trunc", ".nearest", ".sqrt"})
    if (ends(s)) return Shape::unary;
  for (std::string_view s :
       {"extadd_pairwise", "extend_", "trunc_sat", "relaxed_trunc", "convert", "demote", "promote"})
    if (contains(s)) return Shape::unary;
  return Shape::binary;
}

// map() and map2() apply `f` to each lane, or to each pair of lanes.
template <class T, class F>
V128 map(const V128& a, F f) {
  auto x = view<T>(a);
  for (T& v : x.lane) v = static_cast<T>(f(v));
  return pack(x);
}
template <class T, class F>
V128 map2(const V128& a, const V128& b, F f) {
  auto x = view<T>(a);
  const auto y = view<T>(b);
  for (unsigned i = 0; i < x.kCount; ++i) x[i] = static_cast<T>(f(x[i], y[i]));
  return pack(x);
}
// Compares the lanes of `a` and `b` by `f`. A lane of the result is all ones where `f` returns true, and zero
// elsewhere.
template <class T, class F>
V128 test(const V128& a, const V128& b, F f) {
  const auto x = view<T>(a), y = view<T>(b);
  Lanes<T> r;
  for (unsigned i = 0; i < x.kCount; ++i) std::memset(&r[i], f(x[i], y[i]) ? 0xff : 0, sizeof(T));
  return pack(r);
}
template <class T>
T saturate(int64_t v) {
  if (v < int64_t{std::numeric_limits<T>::min()}) return std::numeric_limits<T>::min();
  if (v > int64_t{std::numeric_limits<T>::max()}) return std::numeric_limits<T>::max();
  return static_cast<T>(v);
}
// Narrows the lanes of `a` and then those of `b`, with saturation.
template <class From, class To>
V128 narrow(const V128& a, const V128& b) {
  const auto x = view<From>(a), y = view<From>(b);
  Lanes<To> r;
  for (unsigned i = 0; i < x.kCount; ++i) r[i] = saturate<To>(x[i]), r[x.kCount + i] = saturate<To>(y[i]);
  return pack(r);
}
// extend() and extmul() extend or multiply the low or the high half of the lanes. pairwise() adds neighbouring lanes.
template <class From, class To>
V128 extend(const V128& a, bool high) {
  const auto x = view<From>(a);
  Lanes<To> r;
  for (unsigned i = 0; i < r.kCount; ++i) r[i] = static_cast<To>(x[i + (high ? r.kCount : 0)]);
  return pack(r);
}
template <class From, class To>
V128 extmul(const V128& a, const V128& b, bool high) {
  const auto x = view<From>(a), y = view<From>(b);
  Lanes<To> r;
  for (unsigned i = 0; i < r.kCount; ++i) {
    const unsigned j = i + (high ? r.kCount : 0);
    r[i] = static_cast<To>(static_cast<uint64_t>(static_cast<To>(x[j])) * static_cast<uint64_t>(static_cast<To>(y[j])));
  }
  return pack(r);
}
template <class From, class To>
V128 pairwise(const V128& a) {
  const auto x = view<From>(a);
  Lanes<To> r;
  for (unsigned i = 0; i < r.kCount; ++i) r[i] = static_cast<To>(x[2 * i] + x[2 * i + 1]);
  return pack(r);
}
template <class F>
F fmin(F a, F b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<F>::quiet_NaN();
  if (a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}
template <class F>
F fmax(F a, F b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<F>::quiet_NaN();
  if (a == b) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
// Converts to an integer of 32 bits, with saturation.
template <class I, class F>
I trunc_sat(F x) {
  if (std::isnan(x)) return 0;
  if (x <= static_cast<F>(std::numeric_limits<I>::min())) return std::numeric_limits<I>::min();
  if (x >= std::ldexp(F{1}, 32 - std::is_signed_v<I>)) return std::numeric_limits<I>::max();
  return static_cast<I>(x);
}
template <class T>
V128 splat(uint64_t bits) {
  Lanes<T> r;
  for (T& v : r.lane) std::memcpy(&v, &bits, sizeof(T));
  return pack(r);
}
template <class T>
uint64_t all_true(const V128& a) {
  for (T v : view<T>(a).lane)
    if (v == 0) return 0;
  return 1;
}
template <class T>
uint64_t bitmask(const V128& a) {
  const auto x = view<T>(a);
  uint64_t r = 0;
  for (unsigned i = 0; i < x.kCount; ++i) r |= uint64_t{x[i] < 0} << i;
  return r;
}
template <class T>
V128 replace(const V128& a, uint64_t bits, unsigned lane) {
  auto x = view<T>(a);
  std::memcpy(&x[lane], &bits, sizeof(T));
  return pack(x);
}
template <class T>
V128 scalar_result(T v) {
  V128 r{};
  std::memcpy(r.data(), &v, sizeof v);
  return r;
}

inline V128 swizzle(const V128& a, const V128& b) {
  return map<uint8_t>(b, [&](uint8_t i) { return i < 16 ? static_cast<uint8_t>(a[i]) : 0; });
}

// clang-format off: these are tables with one operation a line
// Models splats, moves of lanes, swizzle, and loads of half a vector.
inline std::optional<V128> move_lanes(SimdOp op, const V128& a, const V128& b, uint64_t scalar, unsigned lane) {
  switch (op) {
#define SPLAT(shape, T) case SimdOp::shape##_splat: return splat<T>(scalar);
    SPLAT(i8x16, uint8_t) SPLAT(i16x8, uint16_t) SPLAT(i32x4, uint32_t) SPLAT(i64x2, uint64_t) SPLAT(f32x4, uint32_t)
    SPLAT(f64x2, uint64_t)
    case SimdOp::i8x16_swizzle: case SimdOp::i8x16_relaxed_swizzle: return swizzle(a, b);
    case SimdOp::i8x16_extract_lane_s: return scalar_result<int32_t>(view<int8_t>(a)[lane]);
    case SimdOp::i8x16_extract_lane_u: return scalar_result<int32_t>(view<uint8_t>(a)[lane]);
    case SimdOp::i16x8_extract_lane_s: return scalar_result<int32_t>(view<int16_t>(a)[lane]);
    case SimdOp::i16x8_extract_lane_u: return scalar_result<int32_t>(view<uint16_t>(a)[lane]);
    case SimdOp::i32x4_extract_lane: case SimdOp::f32x4_extract_lane: return scalar_result(view<uint32_t>(a)[lane]);
    case SimdOp::i64x2_extract_lane: case SimdOp::f64x2_extract_lane: return scalar_result(view<uint64_t>(a)[lane]);
    case SimdOp::i8x16_replace_lane: return replace<uint8_t>(a, scalar, lane);
    case SimdOp::i16x8_replace_lane: return replace<uint16_t>(a, scalar, lane);
    case SimdOp::i32x4_replace_lane: case SimdOp::f32x4_replace_lane: return replace<uint32_t>(a, scalar, lane);
    case SimdOp::i64x2_replace_lane: case SimdOp::f64x2_replace_lane: return replace<uint64_t>(a, scalar, lane);
    case SimdOp::v128_load8x8_s: return extend<int8_t, int16_t>(a, false);
    case SimdOp::v128_load8x8_u: return extend<uint8_t, uint16_t>(a, false);
    case SimdOp::v128_load16x4_s: return extend<int16_t, int32_t>(a, false);
    case SimdOp::v128_load16x4_u: return extend<uint16_t, uint32_t>(a, false);
    case SimdOp::v128_load32x2_s: return extend<int32_t, int64_t>(a, false);
    case SimdOp::v128_load32x2_u: return extend<uint32_t, uint64_t>(a, false);
    default: return std::nullopt;
  }
#undef SPLAT
}

// Models the comparisons of integers and floats.
inline std::optional<V128> compare(SimdOp op, const V128& a, const V128& b) {
  switch (op) {
#define TESTS(shape, S) \
    case SimdOp::shape##_eq: return test<S>(a, b, [](S x, S y) { return x == y; }); \
    case SimdOp::shape##_ne: return test<S>(a, b, [](S x, S y) { return x != y; });
#define ORDER(shape, suffix, S) \
    case SimdOp::shape##_lt##suffix: return test<S>(a, b, [](S x, S y) { return x < y; }); \
    case SimdOp::shape##_gt##suffix: return test<S>(a, b, [](S x, S y) { return x > y; }); \
    case SimdOp::shape##_le##suffix: return test<S>(a, b, [](S x, S y) { return x <= y; }); \
    case SimdOp::shape##_ge##suffix: return test<S>(a, b, [](S x, S y) { return x >= y; });
    TESTS(i8x16, int8_t) TESTS(i16x8, int16_t) TESTS(i32x4, int32_t) TESTS(i64x2, int64_t) TESTS(f32x4, float)
    TESTS(f64x2, double)
    ORDER(i8x16, _s, int8_t) ORDER(i16x8, _s, int16_t) ORDER(i32x4, _s, int32_t) ORDER(i64x2, _s, int64_t)
    ORDER(i8x16, _u, uint8_t) ORDER(i16x8, _u, uint16_t) ORDER(i32x4, _u, uint32_t) ORDER(f32x4, , float)
    ORDER(f64x2, , double)
    default: return std::nullopt;
  }
#undef TESTS
#undef ORDER
}

// Models the operations on all 128 bits.
inline std::optional<V128> combine_bits(SimdOp op, const V128& a, const V128& b, const V128& c) {
  switch (op) {
    case SimdOp::v128_not: return map<uint64_t>(a, [](uint64_t x) { return ~x; });
    case SimdOp::v128_and: return map2<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x & y; });
    case SimdOp::v128_andnot: return map2<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x & ~y; });
    case SimdOp::v128_or: return map2<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x | y; });
    case SimdOp::v128_xor: return map2<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x ^ y; });
    case SimdOp::v128_bitselect: case SimdOp::i8x16_relaxed_laneselect: case SimdOp::i16x8_relaxed_laneselect:
    case SimdOp::i32x4_relaxed_laneselect: case SimdOp::i64x2_relaxed_laneselect: {
      const auto m = view<uint64_t>(c), x = view<uint64_t>(a), y = view<uint64_t>(b);
      return pack(Lanes<uint64_t>{{(x[0] & m[0]) | (y[0] & ~m[0]), (x[1] & m[1]) | (y[1] & ~m[1])}});
    }
    case SimdOp::v128_any_true: return scalar_result<uint64_t>(a != V128{});
    default: return std::nullopt;
  }
}

// Models the operations on integers whose results have lanes of the same size, and reductions.
inline std::optional<V128> compute_integers(SimdOp op, const V128& a, const V128& b, uint64_t scalar) {
  switch (op) {
#define COMMON(shape, S, U) \
    case SimdOp::shape##_abs: \
      return map<S>(a, [](S x) { return x < 0 ? static_cast<U>(0) - static_cast<U>(x) : static_cast<U>(x); }); \
    case SimdOp::shape##_neg: return map<U>(a, [](U x) { return static_cast<U>(0) - x; }); \
    case SimdOp::shape##_all_true: return scalar_result(all_true<U>(a)); \
    case SimdOp::shape##_bitmask: return scalar_result(bitmask<S>(a)); \
    case SimdOp::shape##_shl: return map<U>(a, [=](U x) { return x << (scalar % (sizeof(U) * 8)); }); \
    case SimdOp::shape##_shr_s: return map<S>(a, [=](S x) { return x >> (scalar % (sizeof(U) * 8)); }); \
    case SimdOp::shape##_shr_u: return map<U>(a, [=](U x) { return x >> (scalar % (sizeof(U) * 8)); }); \
    case SimdOp::shape##_add: return map2<U>(a, b, [](U x, U y) { return x + y; }); \
    case SimdOp::shape##_sub: return map2<U>(a, b, [](U x, U y) { return x - y; });
    COMMON(i8x16, int8_t, uint8_t) COMMON(i16x8, int16_t, uint16_t) COMMON(i32x4, int32_t, uint32_t)
    COMMON(i64x2, int64_t, uint64_t)
#define SATURATING(shape, S, U) \
    case SimdOp::shape##_add_sat_s: return map2<S>(a, b, [](int64_t x, int64_t y) { return saturate<S>(x + y); }); \
    case SimdOp::shape##_add_sat_u: return map2<U>(a, b, [](int64_t x, int64_t y) { return saturate<U>(x + y); }); \
    case SimdOp::shape##_sub_sat_s: return map2<S>(a, b, [](int64_t x, int64_t y) { return saturate<S>(x - y); }); \
    case SimdOp::shape##_sub_sat_u: return map2<U>(a, b, [](int64_t x, int64_t y) { return saturate<U>(x - y); }); \
    case SimdOp::shape##_avgr_u: return map2<U>(a, b, [](int64_t x, int64_t y) { return (x + y + 1) / 2; });
    SATURATING(i8x16, int8_t, uint8_t) SATURATING(i16x8, int16_t, uint16_t)
#define EXTREMES(shape, S, U) \
    case SimdOp::shape##_min_s: return map2<S>(a, b, [](S x, S y) { return x < y ? x : y; }); \
    case SimdOp::shape##_max_s: return map2<S>(a, b, [](S x, S y) { return x > y ? x : y; }); \
    case SimdOp::shape##_min_u: return map2<U>(a, b, [](U x, U y) { return x < y ? x : y; }); \
    case SimdOp::shape##_max_u: return map2<U>(a, b, [](U x, U y) { return x > y ? x : y; });
    EXTREMES(i8x16, int8_t, uint8_t) EXTREMES(i16x8, int16_t, uint16_t) EXTREMES(i32x4, int32_t, uint32_t)
    case SimdOp::i8x16_popcnt: return map<uint8_t>(a, [](uint8_t x) { return std::popcount(x); });
    case SimdOp::i16x8_mul: return map2<uint16_t>(a, b, [](uint32_t x, uint32_t y) { return x * y; });
    case SimdOp::i32x4_mul: return map2<uint32_t>(a, b, [](uint32_t x, uint32_t y) { return x * y; });
    case SimdOp::i64x2_mul: return map2<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x * y; });
    case SimdOp::i16x8_q15mulr_sat_s: case SimdOp::i16x8_relaxed_q15mulr_s:
      return map2<int16_t>(a, b, [](int64_t x, int64_t y) { return saturate<int16_t>((x * y + 0x4000) >> 15); });
    default: return std::nullopt;
  }
#undef COMMON
#undef SATURATING
#undef EXTREMES
}

// Models narrowing, extensions and dot products.
inline std::optional<V128> resize_integers(SimdOp op, const V128& a, const V128& b, const V128& c) {
  switch (op) {
    case SimdOp::i8x16_narrow_i16x8_s: return narrow<int16_t, int8_t>(a, b);
    case SimdOp::i8x16_narrow_i16x8_u: return narrow<int16_t, uint8_t>(a, b);
    case SimdOp::i16x8_narrow_i32x4_s: return narrow<int32_t, int16_t>(a, b);
    case SimdOp::i16x8_narrow_i32x4_u: return narrow<int32_t, uint16_t>(a, b);
    case SimdOp::i32x4_dot_i16x8_s: {
      const auto x = view<int16_t>(a), y = view<int16_t>(b);
      Lanes<uint32_t> r;
      for (unsigned i = 0; i < 4; ++i)
        r[i] = static_cast<uint32_t>(x[2 * i] * y[2 * i]) + static_cast<uint32_t>(x[2 * i + 1] * y[2 * i + 1]);
      return pack(r);
    }
    case SimdOp::i16x8_relaxed_dot_i8x16_i7x16_s: case SimdOp::i32x4_relaxed_dot_i8x16_i7x16_add_s: {
      const auto x = view<int8_t>(a), y = view<int8_t>(b);
      Lanes<int16_t> r;
      for (unsigned i = 0; i < 8; ++i) r[i] = static_cast<int16_t>(x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1]);
      if (op == SimdOp::i16x8_relaxed_dot_i8x16_i7x16_s) return pack(r);
      auto s = view<uint32_t>(c);
      for (unsigned i = 0; i < 4; ++i) s[i] += static_cast<uint32_t>(r[2 * i] + r[2 * i + 1]);
      return pack(s);
    }
#define WIDEN(to, from, S, US, D, UD) \
    case SimdOp::to##_extend_low_##from##_s: return extend<S, D>(a, false); \
    case SimdOp::to##_extend_high_##from##_s: return extend<S, D>(a, true); \
    case SimdOp::to##_extend_low_##from##_u: return extend<US, UD>(a, false); \
    case SimdOp::to##_extend_high_##from##_u: return extend<US, UD>(a, true); \
    case SimdOp::to##_extmul_low_##from##_s: return extmul<S, D>(a, b, false); \
    case SimdOp::to##_extmul_high_##from##_s: return extmul<S, D>(a, b, true); \
    case SimdOp::to##_extmul_low_##from##_u: return extmul<US, UD>(a, b, false); \
    case SimdOp::to##_extmul_high_##from##_u: return extmul<US, UD>(a, b, true);
    WIDEN(i16x8, i8x16, int8_t, uint8_t, int16_t, uint16_t) WIDEN(i32x4, i16x8, int16_t, uint16_t, int32_t, uint32_t)
    WIDEN(i64x2, i32x4, int32_t, uint32_t, int64_t, uint64_t)
    case SimdOp::i16x8_extadd_pairwise_i8x16_s: return pairwise<int8_t, int16_t>(a);
    case SimdOp::i16x8_extadd_pairwise_i8x16_u: return pairwise<uint8_t, uint16_t>(a);
    case SimdOp::i32x4_extadd_pairwise_i16x8_s: return pairwise<int16_t, int32_t>(a);
    case SimdOp::i32x4_extadd_pairwise_i16x8_u: return pairwise<uint16_t, uint32_t>(a);
    default: return std::nullopt;
  }
#undef WIDEN
}

// Models the operations on lanes of floats.
inline std::optional<V128> compute_floats(SimdOp op, const V128& a, const V128& b, const V128& c) {
  switch (op) {
#define FLOATS(shape, F, U) \
    case SimdOp::shape##_ceil: return map<F>(a, [](F x) { return std::ceil(x); }); \
    case SimdOp::shape##_floor: return map<F>(a, [](F x) { return std::floor(x); }); \
    case SimdOp::shape##_trunc: return map<F>(a, [](F x) { return std::trunc(x); }); \
    case SimdOp::shape##_nearest: return map<F>(a, [](F x) { return std::nearbyint(x); }); \
    case SimdOp::shape##_abs: return map<U>(a, [](U x) { return x & (std::numeric_limits<U>::max() >> 1); }); \
    case SimdOp::shape##_neg: return map<U>(a, [](U x) { return x ^ (U{1} << (sizeof(U) * 8 - 1)); }); \
    case SimdOp::shape##_sqrt: return map<F>(a, [](F x) { return std::sqrt(x); }); \
    case SimdOp::shape##_add: return map2<F>(a, b, [](F x, F y) { return x + y; }); \
    case SimdOp::shape##_sub: return map2<F>(a, b, [](F x, F y) { return x - y; }); \
    case SimdOp::shape##_mul: return map2<F>(a, b, [](F x, F y) { return x * y; }); \
    case SimdOp::shape##_div: return map2<F>(a, b, [](F x, F y) { return x / y; }); \
    case SimdOp::shape##_min: case SimdOp::shape##_relaxed_min: return map2<F>(a, b, fmin<F>); \
    case SimdOp::shape##_max: case SimdOp::shape##_relaxed_max: return map2<F>(a, b, fmax<F>); \
    case SimdOp::shape##_pmin: return map2<F>(a, b, [](F x, F y) { return y < x ? y : x; }); \
    case SimdOp::shape##_pmax: return map2<F>(a, b, [](F x, F y) { return x < y ? y : x; }); \
    case SimdOp::shape##_relaxed_madd: case SimdOp::shape##_relaxed_nmadd: { \
      const auto x = view<F>(a), y = view<F>(b), z = view<F>(c); \
      Lanes<F> r; \
      for (unsigned i = 0; i < r.kCount; ++i) \
        r[i] = std::fma(op == SimdOp::shape##_relaxed_madd ? x[i] : -x[i], y[i], z[i]); \
      return pack(r); \
    }
    FLOATS(f32x4, float, uint32_t) FLOATS(f64x2, double, uint64_t)
    default: return std::nullopt;
  }
#undef FLOATS
}

// Models the conversions between integers and floats, and between floats of both sizes.
inline std::optional<V128> convert(SimdOp op, const V128& a) {
  switch (op) {
#define TRUNC(name, relaxed, F, I) \
    case SimdOp::name: case SimdOp::relaxed: { \
      const auto x = view<F>(a); \
      Lanes<uint32_t> r{}; \
      for (unsigned i = 0; i < x.kCount; ++i) r[i] = static_cast<uint32_t>(trunc_sat<I>(x[i])); \
      return pack(r); \
    }
    TRUNC(i32x4_trunc_sat_f32x4_s, i32x4_relaxed_trunc_f32x4_s, float, int32_t)
    TRUNC(i32x4_trunc_sat_f32x4_u, i32x4_relaxed_trunc_f32x4_u, float, uint32_t)
    TRUNC(i32x4_trunc_sat_f64x2_s_zero, i32x4_relaxed_trunc_f64x2_s_zero, double, int32_t)
    TRUNC(i32x4_trunc_sat_f64x2_u_zero, i32x4_relaxed_trunc_f64x2_u_zero, double, uint32_t)
#define CONVERT(name, From, To) \
    case SimdOp::name: { \
      const auto x = view<From>(a); \
      Lanes<To> r{}; \
      for (unsigned i = 0; i < std::min<unsigned>(r.kCount, x.kCount); ++i) r[i] = static_cast<To>(x[i]); \
      return pack(r); \
    }
    CONVERT(f32x4_convert_i32x4_s, int32_t, float) CONVERT(f32x4_convert_i32x4_u, uint32_t, float)
    CONVERT(f64x2_convert_low_i32x4_s, int32_t, double) CONVERT(f64x2_convert_low_i32x4_u, uint32_t, double)
    CONVERT(f32x4_demote_f64x2_zero, double, float) CONVERT(f64x2_promote_low_f32x4, float, double)
    default: return std::nullopt;
  }
#undef TRUNC
#undef CONVERT
}
// clang-format on

// Returns the result of an operation. `scalar` is the count of a shift, or the value of a splat or replacement, as
// bits; `lane` is the number of the lane that is extracted or replaced. The result of a reduction or extraction is in
// the low bytes.
inline V128 evaluate(SimdOp op, const V128& a, const V128& b, const V128& c, uint64_t scalar, unsigned lane) {
  if (const auto result = move_lanes(op, a, b, scalar, lane)) return *result;
  if (const auto result = compare(op, a, b)) return *result;
  if (const auto result = combine_bits(op, a, b, c)) return *result;
  if (const auto result = compute_integers(op, a, b, scalar)) return *result;
  if (const auto result = resize_integers(op, a, b, c)) return *result;
  if (const auto result = compute_floats(op, a, b, c)) return *result;
  return convert(op, a).value_or(V128{});
}

// Whether a result is as expected. If `float_size` is 0, all bits must be equal. Otherwise lanes have `float_size`
// bytes, and where a NaN is expected, every arithmetic NaN is right.
inline bool equal(const V128& expected, const V128& actual, unsigned float_size) {
  if (float_size == 0) return expected == actual;
  const auto lanes_equal = [&](auto tag) {
    using F = decltype(tag);
    using U = std::conditional_t<sizeof(F) == 4, uint32_t, uint64_t>;
    const U quiet = std::bit_cast<U>(std::numeric_limits<F>::quiet_NaN());
    const auto x = view<U>(expected), y = view<U>(actual);
    for (unsigned i = 0; i < x.kCount; ++i) {
      const bool nan = std::isnan(std::bit_cast<F>(x[i]));
      if (nan ? (y[i] & quiet) != quiet : x[i] != y[i]) return false;
    }
    return true;
  };
  return float_size == 4 ? lanes_equal(float{}) : lanes_equal(double{});
}

}  // namespace cairn::rv64::reference
