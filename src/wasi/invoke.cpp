#include "wasi/invoke.hpp"

#include <algorithm>
#include <optional>

#include "base/format.hpp"
#include "wasi/decimal_float.hpp"
#include "wasm/text/literal.hpp"

namespace cairn::wasi {

namespace {

using runtime::Val;
using wasm::ValType;

constexpr size_t kListed = 20;  // number of functions that a list names at most

bool is_digit(char c, bool is_hex) {
  return (c >= '0' && c <= '9') || (is_hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
}

// Removes the digits at the start of `text`; returns false when there are none.
bool take_digits(std::string_view& text, bool is_hex) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count], is_hex)) ++count;
  text.remove_prefix(count);
  return count != 0;
}

bool take(std::string_view& text, std::string_view one_of) {
  if (text.empty() || !one_of.contains(text[0])) return false;
  text.remove_prefix(1);
  return true;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Whether `text` is an integer of WebAssembly's text format, without underscores.
bool is_integer(std::string_view text) {
  take(text, "+-");
  const bool is_hex = take_prefix(text, "0x");
  return take_digits(text, is_hex) && text.empty();
}

bool is_float(std::string_view text) {
  take(text, "+-");
  if (text == "inf" || text == "nan") return true;
  const bool is_hex = take_prefix(text, "0x");
  if (!take_digits(text, is_hex)) return false;
  if (take(text, ".")) take_digits(text, is_hex);
  if (take(text, is_hex ? "pP" : "eE")) {
    take(text, "+-");
    if (!take_digits(text, false)) return false;
  }
  return text.empty();
}

// Parses 0x and up to 32 hexadecimal digits, of which the last 16 are the vector's low half.
std::optional<Val> parse_vector(std::string_view text) {
  if (!take_prefix(text, "0x") || text.empty() || text.size() > 32) return std::nullopt;
  const size_t split = text.size() > 16 ? text.size() - 16 : 0;
  const auto part = [&](std::string_view digits) -> std::optional<uint64_t> {
    if (digits.empty()) return 0;
    std::string_view rest = digits;
    if (!take_digits(rest, true) || !rest.empty()) return std::nullopt;
    return wasm::text::parse_unsigned("0x" + std::string(digits), 64);
  };
  const auto high = part(text.substr(0, split)), low = part(text.substr(split));
  return high && low ? std::optional(Val::v128(*low, *high)) : std::nullopt;
}

std::optional<Val> parse_value(ValType type, std::string_view text) {
  switch (type.kind()) {
    case ValType::i32: {
      const auto bits = is_integer(text) ? wasm::text::parse_integer(text, 32) : std::nullopt;
      return bits ? std::optional(Val::i32(static_cast<int32_t>(*bits))) : std::nullopt;
    }
    case ValType::i64: {
      const auto bits = is_integer(text) ? wasm::text::parse_integer(text, 64) : std::nullopt;
      return bits ? std::optional(Val::i64(static_cast<int64_t>(*bits))) : std::nullopt;
    }
    case ValType::f32: {
      const auto bits = is_float(text) ? wasm::text::parse_f32(text) : std::nullopt;
      return bits ? std::optional(Val::f32_bits(*bits)) : std::nullopt;
    }
    case ValType::f64: {
      const auto bits = is_float(text) ? wasm::text::parse_f64(text) : std::nullopt;
      return bits ? std::optional(Val::f64_bits(*bits)) : std::nullopt;
    }
    case ValType::v128: return parse_vector(text);
    default: break;
  }
  if (text == "null" && type.is_nullable()) return Val::null(type.heap());
  if (type.heap() == wasm::HeapType::extern_ && is_integer(text)) {
    const auto number = wasm::text::parse_unsigned(text, 64);
    return number ? std::optional(Val::externref(*number)) : std::nullopt;
  }
  return std::nullopt;
}

std::string print(const Val& value) {
  switch (value.type().kind()) {
    case ValType::i32: return decimal(value.as_i32());
    case ValType::i64: return decimal(value.as_i64());
    case ValType::f32: return decimal_f32(static_cast<uint32_t>(value.low()));
    case ValType::f64: return decimal_f64(value.low());
    case ValType::v128: return hex(value.high(), 16) + hex(value.low(), 16).substr(2);
    default: break;
  }
  if (value.is_null()) return "null";
  if (const auto number = value.as_externref()) return decimal(*number);
  if (value.type().heap() == wasm::HeapType::i31) return decimal(value.as_i31());
  return wasm::to_string(value.type());
}

}  // namespace

std::string list_functions(const wasm::Module& module) {
  std::string list;
  size_t count = 0;
  for (const wasm::Export& item : module.exports) {
    if (item.kind != wasm::ExternKind::func) continue;
    if (++count > kListed) return list + " and others";
    list.append(list.empty() ? "" : ", ").append(item.name);
  }
  return list.empty() ? "none" : list;
}

Result<const wasm::Export*> find_function(const wasm::Module& module, std::string_view name) {
  const auto found = std::ranges::find(module.exports, name, &wasm::Export::name);
  if (found == module.exports.end()) {
    return fail(Error::of(ErrorKind::link, "the module exports no function `" + std::string(name) +
                                               "`; its functions: " + list_functions(module)));
  }
  if (found->kind != wasm::ExternKind::func) {
    return fail(Error::of(ErrorKind::link, "the module's export `" + std::string(name) + "` is a " +
                                               wasm::to_string(found->kind) + ", not a function"));
  }
  return &*found;
}

Result<std::vector<Val>> parse_arguments(std::string_view function, const wasm::FuncType& type,
                                         std::span<const std::string> texts) {
  const std::string name = "`" + std::string(function) + "`";
  if (texts.size() != type.params.size()) {
    return fail(Error::of(ErrorKind::usage, name + " has the type " + wasm::to_string(type) + " and takes " +
                                                decimal(type.params.size()) +
                                                (type.params.size() == 1 ? " argument" : " arguments") + ", not " +
                                                decimal(texts.size())));
  }
  std::vector<Val> arguments;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::optional<Val> value = parse_value(type.params[i], texts[i]);
    if (!value) {
      return fail(Error::of(ErrorKind::usage, "argument " + decimal(i + 1) + " of " + name + ", `" + texts[i] +
                                                  "`, is no value of its type " + wasm::to_string(type.params[i])));
    }
    arguments.push_back(*value);
  }
  return arguments;
}

std::string print_results(std::span<const Val> results) {
  std::string text;
  for (const Val& result : results) text += print(result) + "\n";
  return text;
}

}  // namespace cairn::wasi
