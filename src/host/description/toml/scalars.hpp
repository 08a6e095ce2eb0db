// Reads single values of TOML. If a value has a mistake, the functions add it to `mistakes` and return nothing.
#pragma once

#include <optional>
#include <string>

#include "host/description/mistakes.hpp"
#include "host/description/toml/cursor.hpp"
#include "host/description/toml/value.hpp"

namespace cairn::host::toml {

// Reads a string of one line, in either kind of quotes. The cursor stands at a quote.
std::optional<std::string> read_line_string(Cursor& cursor, Mistakes& mistakes);
// Reads a string of one or several lines.
std::optional<std::string> read_string(Cursor& cursor, Mistakes& mistakes);
// Reads a boolean, a number, a date or a time.
std::optional<Value> read_word(Cursor& cursor, Mistakes& mistakes);

}  // namespace cairn::host::toml
