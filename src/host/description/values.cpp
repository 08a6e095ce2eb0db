#include "host/description/values.hpp"

#include "base/format.hpp"
#include "host/description/suggestion.hpp"

namespace cairn::host {
namespace {

constexpr size_t kLongestQuote = 80;  // bytes

std::string_view describe(toml::Kind kind) {
  switch (kind) {
    case toml::Kind::string: return "a string";
    case toml::Kind::integer: return "an integer";
    case toml::Kind::floating: return "a float";
    case toml::Kind::boolean: return "a boolean";
    case toml::Kind::date_time: return "a date or time";
    case toml::Kind::array: return "an array";
    case toml::Kind::table: return "a table";
  }
  return "a value";
}

}  // namespace

std::string in_quotes(std::string_view text) {
  return "`" + std::string(text.substr(0, kLongestQuote)) + (text.size() > kLongestQuote ? "...`" : "`");
}

void add_wrong_type(std::string_view key, std::string_view expected, const toml::Value& value, Mistakes& mistakes) {
  mistakes.add(value.position,
               in_quotes(key) + " needs " + std::string(expected) + ", not " + std::string(describe(value.kind)));
}

std::optional<std::string> read_text(std::string_view key, const toml::Value& value, Mistakes& mistakes) {
  if (value.kind != toml::Kind::string) return add_wrong_type(key, "a string", value, mistakes), std::nullopt;
  if (value.text.contains('\0'))
    return mistakes.add(value.position, in_quotes(key) + " must not contain NUL"), std::nullopt;
  return value.text;
}

std::optional<bool> read_flag(std::string_view key, const toml::Value& value, Mistakes& mistakes) {
  if (value.kind != toml::Kind::boolean) return add_wrong_type(key, "true or false", value, mistakes), std::nullopt;
  return value.flag;
}

std::optional<uint64_t> read_number(std::string_view key, const toml::Value& value, uint64_t least, uint64_t most,
                                    Mistakes& mistakes) {
  const std::string expected = "an integer from " + decimal(least) + " to " + decimal(most);
  if (value.kind != toml::Kind::integer) return add_wrong_type(key, expected, value, mistakes), std::nullopt;
  const bool is_negative = value.integer < 0;
  const uint64_t size = is_negative ? 0 - static_cast<uint64_t>(value.integer) : static_cast<uint64_t>(value.integer);
  if (!is_negative && size >= least && size <= most) return size;
  mistakes.add(value.position,
               in_quotes(key) + " needs " + expected + ", not " + (is_negative ? "-" : "") + decimal(size));
  return std::nullopt;
}

const toml::Table* read_table(std::string_view key, const toml::Value& value, Mistakes& mistakes) {
  if (value.kind == toml::Kind::table) return &value.table;
  return add_wrong_type(key, "a table", value, mistakes), nullptr;
}

std::vector<PlacedText> read_texts(std::string_view key, const toml::Value& value, Mistakes& mistakes) {
  std::vector<PlacedText> texts;
  if (value.kind != toml::Kind::array) return add_wrong_type(key, "an array of strings", value, mistakes), texts;
  for (const toml::Value& element : value.elements) {
    if (auto text = read_text(key, element, mistakes)) texts.push_back({*std::move(text), element.position});
  }
  return texts;
}

std::string list_of(std::span<const std::string_view> names, std::string_view last_word) {
  std::string list;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += i + 1 == names.size() ? " " + std::string(last_word) + " " : ", ";
    list += in_quotes(names[i]);
  }
  return list;
}

void add_unknown_key(const toml::Entry& entry, std::string_view owner, std::span<const std::string_view> known,
                     Mistakes& mistakes) {
  std::string hint = suggestion(entry.key, known);
  if (hint.empty()) hint = "; " + std::string(owner) + " has " + list_of(known, "and");
  mistakes.add(entry.position, "unknown key " + in_quotes(entry.key) + hint);
}

}  // namespace cairn::host
