// The order in which blocks are emitted, and where branches really go.
#pragma once

#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

// Hot blocks in their own order (loops stay contiguous), then cold ones. Blocks that contain nothing but a jump are
// left out: branches to them go to where they jump.
struct BlockLayout {
  ArenaVector<MBlock> order;     // the blocks to emit; the first is the entry
  ArenaVector<MBlock> next;      // by block: the one emitted after it, or none; none for blocks that are left out
  ArenaVector<MBlock> resolved;  // by block: where a branch to it goes

  [[nodiscard]] MBlock target(MBlock block) const { return resolved[block.index()]; }
  // Whether control gets from `block` to `to` without a jump.
  [[nodiscard]] bool falls_through(MBlock block, MBlock to) const {
    return next[block.index()].valid() && next[block.index()] == target(to);
  }
};

BlockLayout layout_blocks(const MachineFunction& function, const AllocationResult& allocation);

}  // namespace cairn::codegen
