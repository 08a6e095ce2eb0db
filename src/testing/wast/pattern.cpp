#include "testing/wast/pattern.hpp"

#include <algorithm>

#include "base/format.hpp"

namespace cairn::runtime {
namespace {

using wasm::HeapType;
using wasm::ValType;
using wasm::text::NumberPattern;
using wasm::text::ResultPattern;
using wasm::text::ScriptValue;

// [wasm 4.3.3]: in the payload of a canonical NaN, only the most significant bit is set. In that of an arithmetic NaN,
// other bits may be set as well.
bool matches_number(uint64_t bits, const NumberPattern& pattern, unsigned width) {
  if (pattern.kind == NumberPattern::Kind::bits) return bits == pattern.bits;
  const uint64_t canonical = width == 32 ? 0x7fc0'0000 : 0x7ff8'0000'0000'0000;
  const uint64_t without_sign = bits & (width == 32 ? 0x7fff'ffff : 0x7fff'ffff'ffff'ffff);
  if (pattern.kind == NumberPattern::Kind::canonical_nan) return without_sign == canonical;
  return (without_sign & canonical) == canonical;
}

// Returns whether each lane matches its pattern. The number of patterns says how wide the lanes are.
bool matches_vector(const Val& value, const ResultPattern& pattern) {
  const auto lanes = static_cast<unsigned>(pattern.numbers.size());
  const unsigned width = 128 / lanes;
  const uint64_t mask = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
  for (unsigned i = 0; i < lanes; ++i) {
    const unsigned shift = i * width;
    const uint64_t lane = ((shift < 64 ? value.low() : value.high()) >> (shift % 64)) & mask;
    if (!matches_number(lane, pattern.numbers[i], width)) return false;
  }
  return true;
}

// Whether a reference that is not null has the type. The store has given the value its precise type.
bool matches_heap(Store& store, const Val& value, HeapType heap) {
  return store.engine().types().with([&](TypeRegistry& types) { return types.is_subtype(value.type().heap(), heap); });
}

bool is_extern(const Val& value) { return value.type().heap() == HeapType::extern_; }

}  // namespace

Val to_value(const ScriptValue& value) {
  switch (value.kind) {
    case ScriptValue::Kind::i32: return Val::i32(static_cast<int32_t>(value.bits));
    case ScriptValue::Kind::i64: return Val::i64(static_cast<int64_t>(value.bits));
    case ScriptValue::Kind::f32: return Val::f32_bits(static_cast<uint32_t>(value.bits));
    case ScriptValue::Kind::f64: return Val::f64_bits(value.bits);
    case ScriptValue::Kind::v128: return Val::v128(value.bits, value.high_bits);
    case ScriptValue::Kind::ref_null: return Val::null(value.heap);
    case ScriptValue::Kind::ref_extern: return Val::externref(value.bits);
    case ScriptValue::Kind::ref_host: return Val::host_anyref(value.bits);
  }
  CAIRN_UNREACHABLE();
}

bool matches(Store& store, const Val& value, const ResultPattern& pattern) {
  const bool is_reference = value.type().is_ref();
  switch (pattern.kind) {
    case ResultPattern::Kind::i32:
      return value.type() == ValType::i32 && matches_number(value.low(), pattern.numbers[0], 32);
    case ResultPattern::Kind::i64:
      return value.type() == ValType::i64 && matches_number(value.low(), pattern.numbers[0], 64);
    case ResultPattern::Kind::f32:
      return value.type() == ValType::f32 && matches_number(value.low(), pattern.numbers[0], 32);
    case ResultPattern::Kind::f64:
      return value.type() == ValType::f64 && matches_number(value.low(), pattern.numbers[0], 64);
    case ResultPattern::Kind::v128: return value.type() == ValType::v128 && matches_vector(value, pattern);
    case ResultPattern::Kind::ref_null: return is_reference && value.is_null();
    case ResultPattern::Kind::ref_extern:
      return is_reference && is_extern(value) && value.as_externref() == pattern.numbers[0].bits;
    case ResultPattern::Kind::ref_host:
      return is_reference && !is_extern(value) && value.as_externref() == pattern.numbers[0].bits;
    case ResultPattern::Kind::ref: return is_reference && !value.is_null() && matches_heap(store, value, *pattern.heap);
    case ResultPattern::Kind::either:
      return std::ranges::any_of(pattern.alternatives,
                                 [&](const ResultPattern& alternative) { return matches(store, value, alternative); });
  }
  return false;
}

bool match(Store& store, std::span<const Val> values, std::span<const ResultPattern> patterns) {
  return std::ranges::equal(
      values, patterns, [&](const Val& value, const ResultPattern& pattern) { return matches(store, value, pattern); });
}

std::string describe(const Val& value) {
  if (value.type() == ValType::i32) return "i32:" + decimal(value.as_i32()) + "=" + hex(value.low());
  if (value.type() == ValType::i64) return "i64:" + decimal(value.as_i64()) + "=" + hex(value.low());
  if (value.type() == ValType::v128) return "v128:" + hex(value.high(), 16) + "'" + hex(value.low(), 16).substr(2);
  if (!value.type().is_ref()) return wasm::to_string(value.type()) + ":bits " + hex(value.low());
  if (value.is_null()) return "ref.null";
  if (const std::optional<uint64_t> host = value.as_externref()) {
    return (is_extern(value) ? "ref.extern " : "ref.host ") + decimal(*host);
  }
  if (value.type().heap() == HeapType::i31) return "ref.i31 " + decimal(value.as_i31());
  return wasm::to_string(value.type());
}

namespace {

template <class T>
std::string describe_all(std::span<const T> items) {
  std::string out = "[";
  for (const T& item : items) out += (out.size() == 1 ? "" : " ") + describe(item);
  return out + "]";
}

std::string describe_number(const NumberPattern& number) {
  switch (number.kind) {
    case NumberPattern::Kind::bits: return hex(number.bits);
    case NumberPattern::Kind::canonical_nan: return "nan:canonical";
    case NumberPattern::Kind::arithmetic_nan: break;
  }
  return "nan:arithmetic";
}

}  // namespace

std::string describe(std::span<const Val> values) { return describe_all(values); }

std::string describe(const ResultPattern& pattern) {
  std::string out;
  switch (pattern.kind) {
    case ResultPattern::Kind::i32: out = "i32:"; break;
    case ResultPattern::Kind::i64: out = "i64:"; break;
    case ResultPattern::Kind::f32: out = "f32:bits "; break;
    case ResultPattern::Kind::f64: out = "f64:bits "; break;
    case ResultPattern::Kind::v128: out = "v128:lanes "; break;
    case ResultPattern::Kind::ref_null: return "ref.null";
    case ResultPattern::Kind::ref_extern: out = "ref.extern "; break;
    case ResultPattern::Kind::ref_host: out = "ref.host "; break;
    case ResultPattern::Kind::ref: return "(ref " + wasm::to_string(*pattern.heap) + ")";
    case ResultPattern::Kind::either: return "either " + describe(std::span<const ResultPattern>(pattern.alternatives));
  }
  for (size_t i = 0; i < pattern.numbers.size(); ++i) {
    out += (i == 0 ? "" : " ") + describe_number(pattern.numbers[i]);
  }
  return out;
}

std::string describe(std::span<const ResultPattern> patterns) { return describe_all(patterns); }

}  // namespace cairn::runtime
