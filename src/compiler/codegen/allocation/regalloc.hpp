// The register allocator.
//
// It walks forward once over the blocks in their order (a reverse postorder with contiguous loops), and keeps at each
// point which value is in which register. If a value's register is needed for a value that is used sooner, the value
// moves to another register or to its spill slot, and comes back for its next use. See regalloc.cpp for the rules at
// merges and loops.
#pragma once

#include "base/result.hpp"
#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

struct AllocatorOptions {
  // If this is not zero, only the first `register_limit` registers of each class are used, unless an instruction needs
  // more registers at once. Fixed operands get their registers in any case.
  uint32_t register_limit = 0;
};

// Assigns a location to each operand. The result's vectors are in the function's arena. Error (limit): the arena's
// budget is exhausted, or the stack maps have too many slots (kMaximumStackMapSlots).
Result<AllocationResult> allocate_registers(const MachineFunction& function, const RegisterFile& registers,
                                            const AllocatorOptions& options);

}  // namespace cairn::codegen
