#include "compiler/codegen/allocation/live_ranges.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/assert.hpp"

namespace cairn::codegen {

LiveRanges::LiveRanges(const MachineFunction& function)
    : vregs(function.arena),
      uses(function.arena),
      ranges(function.arena),
      loops(function.arena),
      loop_of(function.arena),
      function_(function),
      live_out_stamp_(function.arena),
      worklist_(function.arena),
      live_in_(function.arena),
      block_uses_(function.arena) {}

bool LiveRanges::compute() {
  find_loops();
  find_uses();
  const uint32_t count = static_cast<uint32_t>(function_.vregs.size());
  ranges.reserve(count + count / 4);
  live_out_stamp_.assign(function_.blocks.size(), LoopInfo::kNone);
  live_in_.assign(function_.blocks.size() / 64 + 1, 0);
  // This limit keeps the time linear in the size of the function.
  work_left_ = 16 * (function_.blocks.size() + function_.insts.size()) + 100'000;
  for (uint32_t i = 0; i < count; ++i) {
    if (vregs[i].def != kNever) compute_ranges(VReg(i));
    if ((i & 1023) == 0 && function_.arena.exhausted()) return false;
  }
  compute_pressure();
  return !function_.arena.exhausted();
}

// A block is a loop's header if an edge leads to it from itself or from a later block. The loop ends with the last such
// block.
void LiveRanges::find_loops() {
  const uint32_t count = static_cast<uint32_t>(function_.blocks.size());
  loop_of.assign(count, LoopInfo::kNone);
  uint32_t open = LoopInfo::kNone;
  for (uint32_t i = 0; i < count; ++i) {
    while (open != LoopInfo::kNone && loops[open].last < i) open = loops[open].parent;
    uint32_t last = i;
    bool is_header = false;
    for (MBlock p : function_.predecessors(function_.blocks[i])) {
      if (p.index() < i) continue;
      is_header = true;
      last = std::max(last, p.index());
    }
    if (is_header) {
      LoopInfo loop;
      loop.first = i;
      loop.last = last;
      loop.parent = open;
      const uint32_t id = static_cast<uint32_t>(loops.size());
      if (open != LoopInfo::kNone) {
        // Contiguous loops nest. If a loop ends after its parent's end, the parent is extended to the same end.
        for (uint32_t up = open; up != LoopInfo::kNone && loops[up].last < last; up = loops[up].parent)
          loops[up].last = last;
        const LoopInfo& parent = loops[open];
        loop.depth = parent.depth + 1;
        // Two jumps of equal length are joined into one, as in Myers, An applicative random-access stack (1983). So a
        // walk along jumps and parents takes logarithmic time.
        const bool jump_over =
            parent.jump != LoopInfo::kNone && loops[parent.jump].jump != LoopInfo::kNone &&
            parent.depth - loops[parent.jump].depth == loops[parent.jump].depth - loops[loops[parent.jump].jump].depth;
        loop.jump = jump_over ? loops[parent.jump].jump : open;
      }
      loops.push_back(loop);
      open = id;
    }
    loop_of[i] = open;
  }
}

uint32_t LiveRanges::outermost_loop_without(uint32_t block, uint32_t other) const {
  uint32_t at = loop_of[block];
  if (at == LoopInfo::kNone || loops[at].first <= other) return LoopInfo::kNone;
  for (;;) {
    const LoopInfo& loop = loops[at];
    if (loop.jump != LoopInfo::kNone && loops[loop.jump].first > other) {
      at = loop.jump;
    } else if (loop.parent != LoopInfo::kNone && loops[loop.parent].first > other) {
      at = loop.parent;
    } else {
      return at;
    }
  }
}

// Fills in `uses`, and for each register the definition and the list of uses. The walk goes backwards, so that each
// list is in the order of the blocks.
void LiveRanges::find_uses() {
  vregs.resize(function_.vregs.size());
  uses.reserve(function_.operands.size() + function_.reg_lists.size());
  auto add_use = [&](VReg reg, Point point, uint32_t block) {
    LiveVReg& data = vregs[reg.index()];
    const uint32_t id = static_cast<uint32_t>(uses.size());
    uses.push_back({point, block, data.first_use});
    data.first_use = id;
    if (data.last_use == Use::kNone) data.last_use = id;
  };
  for (uint32_t b = static_cast<uint32_t>(function_.blocks.size()); b-- > 0;) {
    const MachineBlock& block = function_.blocks[b];
    for (VReg argument : function_.arguments(block)) add_use(argument, early_point(block.end_inst), b);
    for (uint32_t i = block.end_inst; i-- > block.first_inst;) {
      const MachineInst& inst = function_.insts[i];
      const std::span<const Operand> operands = function_.operands_of(inst);
      for (const Operand& operand : operands) {
        const bool late = operand.position == Position::late;
        if (operand.kind == OperandKind::use) {
          add_use(operand.reg, late ? early_point(i) + 3 : early_point(i) + 1, b);
        } else {
          LiveVReg& data = vregs[operand.reg.index()];
          data.def = late ? late_point(i) : early_point(i);
          data.def_block = b;
          data.def_inst = MInst(i);
        }
      }
    }
    for (VReg param : function_.params(block)) {
      LiveVReg& data = vregs[param.index()];
      data.def = early_point(block.first_inst);
      data.def_block = b;
    }
  }
}

void LiveRanges::compute_ranges(VReg reg) {
  LiveVReg& data = vregs[reg.index()];
  data.first_range = static_cast<uint32_t>(ranges.size());
  data.range_count = 1;
  // A value without uses is live only at its definition.
  const Point shortest = data.def_inst.valid() ? late_point(data.def_inst.index()) + 1 : data.def + 1;
  if (data.first_use == Use::kNone) {
    ranges.push_back({data.def, shortest});
    return;
  }
  const Use& last = uses[data.last_use];
  if (last.block == data.def_block) {
    ranges.push_back({data.def, std::max(last.point, shortest)});
    return;
  }

  Walk walk{.stamp = reg.index(), .def_block = data.def_block, .highest_block = data.def_block, .local_end = shortest};
  const bool is_complete = walk_from_uses(data, walk);
  work_left_ -= std::min<uint64_t>(work_left_, walk.steps + walk.highest_block / 64 - walk.def_block / 64);
  if (is_complete) {
    add_ranges(data, walk);
  } else {
    add_range_without_holes(data, walk);
  }
}

void LiveRanges::mark_live_in(Walk& walk, uint32_t block) {
  CAIRN_ASSERT(block > walk.def_block);  // a block comes after the blocks that dominate it
  live_in_[block / 64] |= uint64_t{1} << (block % 64);
  walk.highest_block = std::max(walk.highest_block, block);
}

void LiveRanges::visit_predecessors(Walk& walk, uint32_t block) {
  for (MBlock p : function_.predecessors(function_.blocks[block])) {
    ++walk.steps;
    if (live_out_stamp_[p.index()] == walk.stamp) continue;
    live_out_stamp_[p.index()] = walk.stamp;
    if (p.index() == walk.def_block) {
      walk.def_is_live_out = true;
      continue;
    }
    mark_live_in(walk, p.index());
    worklist_.push_back(p.index());
  }
}

// Walks up the graph from each use to the definition. Returns false if the walk takes too long.
bool LiveRanges::walk_from_uses(const LiveVReg& data, Walk& walk) {
  block_uses_.clear();
  const uint64_t limit = std::min<uint64_t>(work_left_, 1 << 16);
  for (uint32_t u = data.first_use; u != Use::kNone;) {
    // Finds the last use in this block.
    const uint32_t block = uses[u].block;
    Point end = uses[u].point;
    for (u = uses[u].next; u != Use::kNone && uses[u].block == block; u = uses[u].next)
      end = std::max(end, uses[u].point);
    ++walk.steps;
    if (block == walk.def_block) {
      walk.local_end = std::max(walk.local_end, end);
      continue;
    }
    if (live_out_stamp_[block] == walk.stamp) continue;  // the register is live throughout the block
    mark_live_in(walk, block);
    block_uses_.push_back({block, end});
    visit_predecessors(walk, block);
    while (!worklist_.empty()) {
      const uint32_t next = worklist_.back();
      worklist_.pop_back();
      visit_predecessors(walk, next);
      if (walk.steps > limit) {
        worklist_.clear();
        return false;
      }
    }
  }
  return true;
}

// The register gets one range from its definition to its last use, or to the end of the outermost loop that contains a
// use but not the definition.
void LiveRanges::add_range_without_holes(LiveVReg& data, const Walk& walk) {
  for (uint32_t word = walk.def_block / 64; word <= walk.highest_block / 64; ++word) live_in_[word] = 0;
  Point end = uses[data.last_use].point;
  uint32_t previous_block = LoopInfo::kNone;
  for (uint32_t u = data.first_use; u != Use::kNone; u = uses[u].next) {
    end = std::max(end, uses[u].point);
    if (uses[u].block == previous_block) continue;
    previous_block = uses[u].block;
    const uint32_t loop = outermost_loop_without(uses[u].block, data.def_block);
    if (loop != LoopInfo::kNone) end = std::max(end, block_end(loops[loop].last));
  }
  ranges.push_back({data.def, end});
  data.is_approximate = true;
}

// Joins the blocks that a complete walk has found into ranges.
void LiveRanges::add_ranges(LiveVReg& data, const Walk& walk) {
  ranges.push_back({data.def, walk.def_is_live_out ? block_end(data.def_block) : walk.local_end});
  const BlockUse* use = block_uses_.begin();
  for (uint32_t word = walk.def_block / 64; word <= walk.highest_block / 64; ++word) {
    for (uint64_t bits = std::exchange(live_in_[word], 0); bits != 0; bits &= bits - 1) {
      const uint32_t block = word * 64 + static_cast<uint32_t>(std::countr_zero(bits));
      Point end = block_end(block);
      if (live_out_stamp_[block] != walk.stamp) {  // the register is live up to its last use in the block
        while (use->block != block) ++use;
        end = use->end;
      }
      LiveRange& current = ranges.back();
      const Point begin = block_begin(block);
      if (begin <= current.end) {
        current.end = std::max(current.end, end);
      } else {
        ranges.push_back({begin, end});
      }
    }
  }
  data.range_count = static_cast<uint32_t>(ranges.size()) - data.first_range;
}

void LiveRanges::compute_pressure() {
  if (loops.empty()) return;
  Arena& arena = function_.arena;
  const uint32_t insts = static_cast<uint32_t>(function_.insts.size());
  for (unsigned c = 0; c < kRegClasses; ++c) {
    bool any = false;
    // By instruction: how many more registers are live at it than at the one before. A register counts at the
    // instruction that defines it, but not at an instruction whose early use is its last.
    std::span<int32_t> change = arena.make_span<int32_t>(insts + 2);
    for (uint32_t v = 0; v < vregs.size(); ++v) {
      if (vregs[v].def == kNever || function_.vregs[v] != static_cast<RegClass>(c)) continue;
      any = true;
      for (const LiveRange& range : ranges_of(VReg(v))) {
        ++change[(range.begin + 1) / 4];
        --change[(range.end + 2) / 4];
      }
    }
    if (!any) continue;
    // Adds the changes up, and keeps the largest sum of each loop's own blocks.
    int32_t live = 0;
    uint32_t at = 0;
    for (uint32_t b = 0; b < function_.blocks.size(); ++b) {
      int32_t most = 0;
      if (loop_of[b] != LoopInfo::kNone && loops[loop_of[b]].first == b && at < function_.blocks[b].end_inst)
        loops[loop_of[b]].entry_live[c] = static_cast<uint32_t>(std::max(live + change[at], 0));
      for (; at < function_.blocks[b].end_inst; ++at) {
        live += change[at];
        most = std::max(most, live);
      }
      if (loop_of[b] == LoopInfo::kNone) continue;
      if (function_.blocks[b].is_cold) continue;
      LoopInfo& loop = loops[loop_of[b]];
      loop.own_pressure[c] = std::max(loop.own_pressure[c], static_cast<uint32_t>(std::max(most, 0)));
    }
  }
  // Counts the blocks with calls.
  for (uint32_t b = 0; b < function_.blocks.size(); ++b) {
    const MachineBlock& block = function_.blocks[b];
    if (loop_of[b] == LoopInfo::kNone || block.is_cold) continue;
    for (uint32_t i = block.first_inst; i < block.end_inst; ++i) {
      if (!has(function_.insts[i].flags, InstFlag::call)) continue;
      ++loops[loop_of[b]].calls;
      break;
    }
  }
  // A nested loop comes after its parent in `loops`. So when a loop is reached here, its pressure and its calls include
  // those of the loops in it, and can be passed on to its parent.
  for (uint32_t i = static_cast<uint32_t>(loops.size()); i-- > 0;) {
    LoopInfo& loop = loops[i];
    for (unsigned c = 0; c < kRegClasses; ++c) loop.pressure[c] = std::max(loop.pressure[c], loop.own_pressure[c]);
    if (loop.parent == LoopInfo::kNone) continue;
    LoopInfo& parent = loops[loop.parent];
    for (unsigned c = 0; c < kRegClasses; ++c) parent.pressure[c] = std::max(parent.pressure[c], loop.pressure[c]);
    if (loop.calls != 0) ++parent.calls;
  }
}

}  // namespace cairn::codegen
