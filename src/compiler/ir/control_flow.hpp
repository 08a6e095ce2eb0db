// Analyses of the blocks of a function: order, predecessors, dominators, loops. The constructor of each analysis
// computes it. An analysis becomes stale as soon as a terminator changes.
#pragma once

#include <cstdint>
#include <span>

#include "compiler/ir/function.hpp"

namespace cairn::ir {

// The blocks that the entry reaches, in reverse postorder, and their predecessors. A block that has several edges to
// the same successor is listed as its predecessor several times.
class ControlFlow {
 public:
  explicit ControlFlow(const Function& function);

  [[nodiscard]] std::span<const Block> order() const { return order_.as_span(); }
  // The position in order(), or kUnreachable if the entry does not reach the block.
  static constexpr uint32_t kUnreachable = 0xffff'ffff;
  [[nodiscard]] uint32_t position(Block block) const { return positions_[block.index()]; }
  [[nodiscard]] bool is_reachable(Block block) const { return position(block) != kUnreachable; }
  // Whether an edge leads from a block to itself or to an earlier block in order().
  [[nodiscard]] bool has_cycles() const { return has_cycles_; }
  [[nodiscard]] std::span<const Block> predecessors(Block block) const {
    const uint32_t first = first_predecessor_[block.index()];
    return predecessors_.as_span().subspan(first, first_predecessor_[block.index() + 1] - first);
  }

 private:
  ScratchVector<Block> order_;
  ScratchVector<uint32_t> positions_;
  // For each block, the index of its first predecessor in predecessors_. A last entry has the size of predecessors_.
  ScratchVector<uint32_t> first_predecessor_;
  ScratchVector<Block> predecessors_;
  bool has_cycles_ = false;
};

// The dominator tree of the reachable blocks. It is made by Lengauer and Tarjan's algorithm with path compression, so
// that no shape of function makes it slow.
class Dominators {
 public:
  Dominators(const Function& function, const ControlFlow& flow);

  // Returns none for the entry and for unreachable blocks.
  [[nodiscard]] Block immediate_dominator(Block block) const { return immediate_[block.index()]; }
  // A block dominates itself. Both blocks must be reachable.
  [[nodiscard]] bool dominates(Block a, Block b) const {
    return enter_[a.index()] <= enter_[b.index()] && leave_[b.index()] <= leave_[a.index()];
  }
  // The reachable blocks in preorder of the dominator tree: each comes after its immediate dominator, and each subtree
  // is contiguous.
  [[nodiscard]] std::span<const Block> preorder() const { return preorder_.as_span(); }
  // The depth in the dominator tree; the entry has depth 0.
  [[nodiscard]] uint32_t depth(Block block) const { return depth_[block.index()]; }

 private:
  ScratchVector<Block> immediate_;
  // Positions in preorder, by block: that of the block itself, and the one after the last block of its subtree.
  ScratchVector<uint32_t> enter_;
  ScratchVector<uint32_t> leave_;
  ScratchVector<uint32_t> depth_;
  ScratchVector<Block> preorder_;
};

// The natural loops. The graph must be reducible, as it always is for WebAssembly.
class Loops {
 public:
  using Loop = Id<struct LoopTag>;
  struct LoopData {
    Block header;
    Loop parent;         // none for an outermost loop
    uint32_t depth = 1;  // 1 for an outermost loop
    bool is_innermost = true;
  };

  Loops(const Function& function, const ControlFlow& flow, const Dominators& dominators);

  // The innermost loop around the block, or none.
  [[nodiscard]] Loop loop_of(Block block) const { return loop_of_[block.index()]; }
  [[nodiscard]] const LoopData& operator[](Loop loop) const { return loops_[loop.index()]; }
  // Returns the number of loops. An outer loop has a lower number than the loops in it.
  [[nodiscard]] uint32_t count() const { return static_cast<uint32_t>(loops_.size()); }
  [[nodiscard]] bool contains(Loop loop, Block block) const;

 private:
  ScratchVector<LoopData> loops_;
  ScratchVector<Loop> loop_of_;
};

// Sets BlockData::is_loop_header and loop_depth of all blocks. `loops` is null if the function has no loops.
void mark_loops(Function& function, const ControlFlow& flow, const Loops* loops);

}  // namespace cairn::ir
