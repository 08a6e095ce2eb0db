// Prints machine functions and allocations as text, for tests.
#pragma once

#include <string>
#include <string_view>

#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

class Target;

// Prints a heading for each block, and each instruction and inserted move on a line: `12: add v5:r3 = v3:r3 v4:[2]`.
// Without an allocation, registers show their constraints. `target` names the opcodes and may be null.
std::string to_text(const MachineFunction& function, const AllocationResult* allocation, const Target* target);

// A letter for the kind of register ("r" integer, "f" floating, "q" vector) and its encoding: "r3".
std::string to_string(PReg reg);
// A register, or a slot in brackets: "[2]".
std::string to_string(Allocation allocation);

}  // namespace cairn::codegen
