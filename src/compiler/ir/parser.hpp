// Reads the text form that printer.hpp writes. For tests and for people; the result is not verified.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::ir {

// Fills `function`, which is empty, from the text of one function. `;` begins a comment up to the end of the line.
// Errors are of kind malformed, with the offset in the text.
Result<void> parse(std::string_view text, Function& function);

}  // namespace cairn::ir
