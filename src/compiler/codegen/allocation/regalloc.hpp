// The register allocator.
//
// One forward walk over the blocks in their order (a reverse post-order with contiguous loops) that keeps, at each
// point, which value is in which register. A value whose register is needed by another one that is used sooner moves to
// another register or to its spill slot, and comes back when it is next used. See regalloc.cpp for the rules at merges
// and loops.
#pragma once

#include "base/result.hpp"
#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

struct AllocatorOptions {
  // Non-zero: values are given only the first so many registers of each class, where an instruction can do with them.
  // Fixed operands get their registers all the same.
  uint32_t register_limit = 0;
};

// Assigns a location to each operand. The result's vectors are in the function's arena. Fails with ErrorKind::limit
// when the arena's budget is exhausted.
Result<AllocationResult> allocate_registers(const MachineFunction& function, const RegisterFile& registers,
                                            const AllocatorOptions& options);

}  // namespace cairn::codegen
