// Checks that a function obeys the rules of the IR. Tests use it, and so does the optimizer after each pass, if
// Options::verify or CAIRN_DEBUG is set.
#pragma once

#include <optional>
#include <string>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

// Returns a description of the first violation, or nullopt. The function checks the chains, terminators, operands'
// types and dominance, targets and arguments, calls, and the places of multiple results.
std::optional<std::string> verify(const Function& function);

}  // namespace cairn::ir
