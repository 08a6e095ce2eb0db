#include "compiler/codegen/emission/block_layout.hpp"

namespace cairn::codegen {

BlockLayout layout_blocks(const MachineFunction& function, const AllocationResult& allocation) {
  Arena& arena = function.arena;
  const uint32_t count = static_cast<uint32_t>(function.blocks.size());
  BlockLayout layout{ArenaVector<MBlock>(arena), ArenaVector<MBlock>(arena), ArenaVector<MBlock>(arena)};
  layout.next.resize(count);
  layout.resolved.resize(count);
  layout.order.reserve(count);

  // A block that only jumps has one instruction without operands, one successor, and no moves. It is skipped unless it
  // is the entry, a landing pad, or its own successor.
  std::span<uint8_t> skipped = arena.make_span<uint8_t>(count);
  size_t move = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const MachineBlock& block = function.blocks[i];
    while (move < allocation.moves.size() && allocation.moves[move].before.index() < block.first_inst) ++move;
    const bool has_moves = move < allocation.moves.size() && allocation.moves[move].before.index() < block.end_inst;
    const bool only_jumps = block.end_inst - block.first_inst == 1 && block.successor_count == 1 && !has_moves &&
                            function.insts[block.first_inst].operand_count == 0;
    skipped[i] = i != 0 && only_jumps && !block.is_landing_pad && function.successors(block)[0] != MBlock(i);
  }
  // Finds the final target of each chain of skipped blocks. If a chain is an endless loop, one of its blocks is kept.
  ScratchVector<uint32_t> chain(arena);
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t at = i;
    chain.clear();
    while (skipped[at] != 0 && !layout.resolved[at].valid()) {
      layout.resolved[at] = MBlock(at);  // marks the block as on the chain; a cycle ends here
      chain.push_back(at);
      at = function.successors(function.blocks[at])[0].index();
    }
    MBlock end = layout.resolved[at].valid() ? layout.resolved[at] : MBlock(at);
    if (skipped[at] != 0 && end == MBlock(at)) skipped[at] = 0;
    layout.resolved[at] = end;
    for (uint32_t member : chain) layout.resolved[member] = end;
  }

  for (const bool cold : {false, true})
    for (uint32_t i = 0; i < count; ++i)
      if (skipped[i] == 0 && (function.blocks[i].is_cold && i != 0) == cold) layout.order.push_back(MBlock(i));
  for (size_t i = 0; i + 1 < layout.order.size(); ++i) layout.next[layout.order[i].index()] = layout.order[i + 1];
  return layout;
}

}  // namespace cairn::codegen
