// The addresses of the runtime's functions that compiled code calls, by the numbers of builtins.def.
#pragma once

#include <array>

#include "runtime/builtins.hpp"

namespace cairn::runtime {

const std::array<const void*, kBuiltinCount>& builtin_table();

}  // namespace cairn::runtime
