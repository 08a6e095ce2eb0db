// Turns values of TOML into those of C++. A function that gets a value of another type or range adds a mistake and
// returns nothing; `key` is the name of the value in the message.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/description/mistakes.hpp"
#include "host/description/toml/value.hpp"

namespace cairn::host {

// Returns a string. It must not contain NUL, which would end an argument or an environment variable of a program.
std::optional<std::string> read_text(std::string_view key, const toml::Value& value, Mistakes& mistakes);
// Returns a boolean.
std::optional<bool> read_flag(std::string_view key, const toml::Value& value, Mistakes& mistakes);
// Returns an integer from `least` to `most`.
std::optional<uint64_t> read_number(std::string_view key, const toml::Value& value, uint64_t least, uint64_t most,
                                    Mistakes& mistakes);
// Returns a table; null after a mistake.
const toml::Table* read_table(std::string_view key, const toml::Value& value, Mistakes& mistakes);

struct PlacedText {
  std::string text;
  Position position;
};
// Returns the strings of an array. Adds a mistake for each element that is not a string, and leaves it out.
std::vector<PlacedText> read_texts(std::string_view key, const toml::Value& value, Mistakes& mistakes);

// Adds a mistake that says what a key needs and the type that its value has.
void add_wrong_type(std::string_view key, std::string_view expected, const toml::Value& value, Mistakes& mistakes);
// Adds a mistake about an entry whose key is not one of `known`. `owner` is what has these keys, such as "a program".
void add_unknown_key(const toml::Entry& entry, std::string_view owner, std::span<const std::string_view> known,
                     Mistakes& mistakes);

// Returns a text of the file for a message: in backquotes, and cut if it is long.
std::string in_quotes(std::string_view text);
// Returns the names as "`a`, `b` and `c`"; `last_word` is the word before the last name, such as "and".
std::string list_of(std::span<const std::string_view> names, std::string_view last_word);

}  // namespace cairn::host
