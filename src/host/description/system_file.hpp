// Reads a system file (docs/manual/systems.md).
#pragma once

#include <string_view>

#include "host/description/description.hpp"
#include "host/description/mistakes.hpp"

namespace cairn::host {

// Reads the text of a system file, and adds every mistake to `mistakes`; the description is valid if there is none.
// If one is in the syntax of TOML, only the syntax is checked. Paths are as they stand in the file, and the files
// that they name are not looked at.
SystemDescription read_system(std::string_view text, Mistakes& mistakes);

}  // namespace cairn::host
