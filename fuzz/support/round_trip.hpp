// A valid module to text and back.
#pragma once

#include "wasm/module.hpp"

namespace cairn::fuzz {

// Printing, assembling and printing again gives the same text, and assembling that the same bytes.
void check_round_trip(const wasm::Module& module);

}  // namespace cairn::fuzz
