// The order in which blocks are emitted, and the final targets of branches.
#pragma once

#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

// The entry and the blocks that are not cold come first, then the cold ones. Each of the two groups keeps the order of
// the function's blocks, in which loops are contiguous. A block that only jumps is omitted if it can be
// (block_layout.cpp says when); branches to it go to the jump's target.
struct BlockLayout {
  ArenaVector<MBlock> order;     // the blocks to emit, beginning with the entry
  ArenaVector<MBlock> next;      // by block: the next emitted block; none for the last one and for omitted blocks
  ArenaVector<MBlock> resolved;  // by block: the final target of a branch to it

  [[nodiscard]] MBlock target(MBlock block) const { return resolved[block.index()]; }
  // Whether control gets from `block` to `to` without a jump.
  [[nodiscard]] bool falls_through(MBlock block, MBlock to) const {
    return next[block.index()].valid() && next[block.index()] == target(to);
  }
};

// Computes the layout. A block in which `allocation` has moves is not omitted. The vectors of the result are in the
// function's arena.
BlockLayout layout_blocks(const MachineFunction& function, const AllocationResult& allocation);

}  // namespace cairn::codegen
