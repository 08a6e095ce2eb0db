// Reads the text form that printer.hpp writes, for tests and for people. The result is not verified.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::ir {

// Fills `function`, which must be empty, from the text of one function. `;` begins a comment up to the end of the line.
// Errors have the kind malformed and the offset in the text.
Result<void> parse(std::string_view text, Function& function);

}  // namespace cairn::ir
