// The runtime's functions that compiled code calls, by the numbers of builtins.def. Engine::builtins() says what it
// calls them by.
#pragma once

#include <array>

#include "abi/builtins.hpp"

namespace cairn::runtime {

const std::array<const void*, abi::kBuiltinCount>& builtin_table();

}  // namespace cairn::runtime
