// Checks that a function obeys the rules of the IR. Used by tests, and after each pass when Options::verify or
// CAIRN_DEBUG.
#pragma once

#include <optional>
#include <string>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

// What is wrong, or nothing. Checked are the chains, terminators, operands' types and dominance, targets and arguments,
// calls, and that loop headers and multiple results stand where they must.
std::optional<std::string> verify(const Function& function);

}  // namespace cairn::ir
