// Checks a register allocation against the machine function, symbolically. The checker follows along every path, and
// through the inserted moves, which virtual registers' values each location holds, and compares this with what each
// operand should read. At calls and other safepoints it models a collection, which changes the references in the places
// that the stack map names, and makes every other copy of a reference wrong. The checker knows nothing of how the
// allocator works.
#pragma once

#include <string>

#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

// Returns an empty text if the allocation is correct, and otherwise a description of the first error.
std::string check_allocation(const MachineFunction& function, const RegisterFile& registers,
                             const AllocationResult& allocation);

}  // namespace cairn::codegen
