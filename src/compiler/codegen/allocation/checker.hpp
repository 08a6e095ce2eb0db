// Checks a register allocation against the machine function, symbolically: follows which registers' values each
// location holds along every path, through the inserted moves, and compares with what each operand should read.
// At calls it also follows what a collection does: it changes the references in the slots that the call's stack map
// names, and makes every other copy of them wrong. Knows nothing of how the allocator works.
#pragma once

#include <string>

#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

// Empty if the allocation is correct, otherwise a description of the first error that was found.
std::string check_allocation(const MachineFunction& function, const RegisterFile& registers,
                             const AllocationResult& allocation);

}  // namespace cairn::codegen
