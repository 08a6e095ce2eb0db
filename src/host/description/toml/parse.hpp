// Reads a text of TOML 1.0 ([toml]).
#pragma once

#include <string_view>

#include "host/description/mistakes.hpp"
#include "host/description/toml/value.hpp"

namespace cairn::host::toml {

// The greatest depth of nested arrays and tables, and the greatest number of parts of a key.
inline constexpr size_t kMaximumDepth = 32;

// Returns the table that the text describes. After a mistake the parser continues at the next line that begins with
// `[`, so a text may have several; the table is then incomplete.
Table parse(std::string_view text, Mistakes& mistakes);

}  // namespace cairn::host::toml
