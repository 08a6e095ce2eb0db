// Reads a system file (docs/manual/systems.md).
#pragma once

#include <string_view>

#include "host/description/description.hpp"
#include "host/description/mistakes.hpp"

namespace cairn::host {

// Reads the text of a system file, and adds every mistake to `mistakes`; the description is valid if there is none. If
// the text has a mistake in the syntax of TOML, only the syntax is checked. Paths are returned as they stand in the
// file, and whether the files exist is not checked.
SystemDescription read_system(std::string_view text, Mistakes& mistakes);

}  // namespace cairn::host
