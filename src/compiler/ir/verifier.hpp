// Checks that a function obeys the rules of the IR. Tests use the verifier. If Options::verify or CAIRN_DEBUG is set,
// the optimizer uses it before the first pass and after each pass.
#pragma once

#include <optional>
#include <string>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

// Returns a description of the first violation, or nullopt. verify() checks the chains of instructions, terminators,
// operands' types and dominance, targets and arguments, calls, and the places of multiple results.
std::optional<std::string> verify(const Function& function);

}  // namespace cairn::ir
