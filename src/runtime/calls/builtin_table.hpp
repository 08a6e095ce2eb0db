// The addresses of the builtins, which are the runtime's functions that compiled code calls, in the order of
// abi/builtins.def. Compiled code reaches them by their stubs, whose addresses are in Engine::builtins().
#pragma once

#include <array>

#include "abi/builtins.hpp"

namespace cairn::runtime {

const std::array<const void*, abi::kBuiltinCount>& builtin_table();

}  // namespace cairn::runtime
