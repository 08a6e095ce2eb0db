// The table of the builtins (runtime functions that compiled code calls), in the order of builtins.def.
// Engine::builtins() gives the addresses that compiled code calls them by.
#pragma once

#include <array>

#include "abi/builtins.hpp"

namespace cairn::runtime {

const std::array<const void*, abi::kBuiltinCount>& builtin_table();

}  // namespace cairn::runtime
