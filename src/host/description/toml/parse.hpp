// Reads a text of TOML 1.0 ([toml]).
#pragma once

#include <string_view>

#include "host/description/mistakes.hpp"
#include "host/description/toml/value.hpp"

namespace cairn::host::toml {

// Arrays and tables lie in each other at most this deep, and a key has at most so many parts.
inline constexpr size_t kMaximumDepth = 32;

// Returns the table that the text describes. After a mistake the parser goes on at the next line that begins with `[`,
// so a text may have several; the table is then incomplete.
Table parse(std::string_view text, Mistakes& mistakes);

}  // namespace cairn::host::toml
