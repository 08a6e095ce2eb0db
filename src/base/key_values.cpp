#include "base/key_values.hpp"

#include <charconv>

#include "base/format.hpp"

namespace cairn {

void append_value(std::string& out, std::string_view key, std::string_view value) {
  out += key;
  out += '=';
  out += value;
  out += '\0';
}

void append_number(std::string& out, std::string_view key, uint64_t value) { append_value(out, key, decimal(value)); }

void append_values(std::string& out, std::string_view key, std::span<const std::string> values) {
  for (const std::string& value : values) append_value(out, key, value);
}

std::optional<uint64_t> parse_decimal(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<KeyValue> take_value(std::string_view& text, size_t offset) {
  const size_t end = text.find('\0');
  if (end == std::string_view::npos) return fail(Error::at(ErrorKind::malformed, offset, "unterminated option"));
  const std::string_view pair = text.substr(0, end);
  text.remove_prefix(end + 1);
  const size_t equals = pair.find('=');
  if (equals == std::string_view::npos)
    return fail(Error::at(ErrorKind::malformed, offset, "bad option `" + std::string(pair) + "`"));
  return KeyValue{pair.substr(0, equals), pair.substr(equals + 1)};
}

}  // namespace cairn
