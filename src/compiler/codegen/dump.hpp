// Prints machine functions and allocations as text, for tests.
#pragma once

#include <string>
#include <string_view>

#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

class Target;

// Returns a text with a heading for each block, and a line for each instruction (`12: add v5:r3 = v3:r3 v4:[2]`) and
// for each inserted move. `allocation` may be null: then operands show their constraints instead of registers and
// slots. `target` names the opcodes; if it is null, they appear as numbers.
std::string to_text(const MachineFunction& function, const AllocationResult* allocation, const Target* target);

// Returns a letter for the kind of register ("r" integer, "f" floating, "q" vector) and its encoding: "r3".
std::string to_string(PReg reg);
// Returns the register, or the slot in brackets: "[2]". An invalid allocation is "?".
std::string to_string(Allocation allocation);

}  // namespace cairn::codegen
