// Checks that a valid module survives being printed as text and assembled again.
#pragma once

#include "wasm/module.hpp"

namespace cairn::fuzz {

// Prints the module, assembles the text, and does the same with the assembled module, which must be valid. If the
// module has no custom sections, both texts must be equal, and both assembled modules, too. The text of a module with
// custom sections may be one that cannot be assembled.
void check_round_trip(const wasm::Module& module);

}  // namespace cairn::fuzz
