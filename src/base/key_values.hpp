// Lists of `key=value` pairs, each ended by a NUL. So a value may contain every other byte. The configurations of the
// boot bundle are such lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cairn {

// Appends one pair. The key contains no `=` or NUL, and the value no NUL.
void append_value(std::string& out, std::string_view key, std::string_view value);
// Appends a pair whose value is the number in decimal.
void append_number(std::string& out, std::string_view key, uint64_t value);
// Appends a pair with the same key for each value.
void append_values(std::string& out, std::string_view key, std::span<const std::string> values);

// Returns the value of a decimal number; nothing if the text is anything else or the number needs more than 64 bits.
std::optional<uint64_t> parse_decimal(std::string_view text);

struct KeyValue {
  std::string_view key;
  std::string_view value;
};
// Reads the next pair from `text`, and removes it from there. `offset` is where `text` begins in the whole list. Fails
// (malformed) if the pair has no end or no `=`.
Result<KeyValue> take_value(std::string_view& text, size_t offset);

// Calls `set(key, value)` for each pair of a list. Fails (malformed) if the list is damaged, or at the first pair for
// which `set` returns false.
template <class Set>
Result<void> parse_values(std::span<const std::byte> bytes, Set set) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!text.empty()) {
    const size_t offset = bytes.size() - text.size();
    const KeyValue pair = CAIRN_TRY(take_value(text, offset));
    if (set(pair.key, pair.value)) continue;
    return fail(Error::at(ErrorKind::malformed, offset, "bad option `" + std::string(pair.key) + "`"));
  }
  return {};
}

}  // namespace cairn
