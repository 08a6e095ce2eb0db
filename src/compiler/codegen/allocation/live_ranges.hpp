// The facts that the register allocator computes before it starts: loops, and where each virtual register is used and
// live.
//
// Program points: instruction i has the points 4i (early: uses are read, early defs written) to 4i + 3. A range that
// ends at 4i + 1 ends with an early use of i, and one that ends at 4i + 3 with a late use. A late def starts at 4i + 2.
// A block's end is the start of the next block. A value that is passed to a parameter of the successor is live up to
// the block's end.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.hpp"
#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

using Point = uint32_t;
inline constexpr Point kNever = 0xffff'ffff;

constexpr Point early_point(uint32_t inst) { return inst * 4; }
constexpr Point late_point(uint32_t inst) { return inst * 4 + 2; }
constexpr Point after_point(uint32_t inst) { return inst * 4 + 4; }

// A half-open range of points in which a register is live.
struct LiveRange {
  Point begin = 0;
  Point end = 0;
};

struct LoopInfo {
  uint32_t first = 0;       // number of the loop's first block, its header
  uint32_t last = 0;        // number of the loop's last block
  uint32_t parent = kNone;  // index in LiveRanges::loops of the loop around this one; kNone if there is none
  uint32_t jump = kNone;    // index of an ancestor to which outermost_loop_without() can skip, for logarithmic time
  uint32_t depth = 1;       // 1 for an outermost loop
  // By class: the largest number of registers that are live at once in blocks that are not cold.
  uint32_t pressure[kRegClasses] = {};      // in the whole loop
  uint32_t own_pressure[kRegClasses] = {};  // in the blocks that are in no nested loop
  uint32_t entry_live[kRegClasses] = {};    // the number of registers that are live at the header
  // The number of blocks that have calls and are not cold. A nested loop that has such blocks counts as one block.
  uint32_t calls = 0;
  static constexpr uint32_t kNone = 0xffff'ffff;
};

// A read of a register. Uses are in the order of the blocks. An argument for a block parameter is a use at the block's
// end.
struct Use {
  Point point = 0;        // the end of the part of the live range that this use requires
  uint32_t block = 0;     // number of the block
  uint32_t next = kNone;  // the next use of the same register
  static constexpr uint32_t kNone = 0xffff'ffff;
};

struct LiveVReg {
  Point def = kNever;               // where the register is defined; kNever if nothing defines it
  uint32_t def_block = 0;           // number of the block with the definition
  uint32_t first_use = Use::kNone;  // index into LiveRanges::uses
  uint32_t last_use = Use::kNone;   // index into LiveRanges::uses
  uint32_t first_range = 0;         // index into LiveRanges::ranges; a register that is defined has at least one range
  uint32_t range_count = 0;
  MInst def_inst;  // none for block parameters
  // Whether the register has one range that also covers places where the register is dead, even places that its
  // definition does not dominate.
  bool is_approximate = false;
};

class LiveRanges {
 public:
  explicit LiveRanges(const MachineFunction& function);

  // Fills in the public members. Returns false if the arena's budget is exhausted.
  bool compute();

  [[nodiscard]] std::span<const LiveRange> ranges_of(VReg reg) const {
    const LiveVReg& data = vregs[reg.index()];
    return ranges.as_span().subspan(data.first_range, data.range_count);
  }
  // Returns the end of the last range; 0 if the register has none.
  [[nodiscard]] Point end_of(VReg reg) const {
    const LiveVReg& data = vregs[reg.index()];
    return data.range_count == 0 ? 0 : ranges[data.first_range + data.range_count - 1].end;
  }
  [[nodiscard]] Point block_begin(uint32_t block) const { return early_point(function_.blocks[block].first_inst); }
  [[nodiscard]] Point block_end(uint32_t block) const { return early_point(function_.blocks[block].end_inst); }
  // The outermost loop around `block` that does not contain `other`, an earlier block; LoopInfo::kNone if there is
  // none.
  [[nodiscard]] uint32_t outermost_loop_without(uint32_t block, uint32_t other) const;

  ScratchVector<LiveVReg> vregs;
  ScratchVector<Use> uses;
  ScratchVector<LiveRange> ranges;
  ScratchVector<LoopInfo> loops;    // sorted by first block
  ScratchVector<uint32_t> loop_of;  // by block: the innermost loop or LoopInfo::kNone

 private:
  void find_loops();
  void find_uses();
  void compute_ranges(VReg reg);
  struct Walk;
  bool walk_from_uses(const LiveVReg& data, Walk& walk);
  void mark_live_in(Walk& walk, uint32_t block);
  void visit_predecessors(Walk& walk, uint32_t block);
  void add_ranges(LiveVReg& data, const Walk& walk);
  void add_range_without_holes(LiveVReg& data, const Walk& walk);
  void compute_pressure();

  const MachineFunction& function_;
  // Work space of compute_ranges.
  struct Walk {          // the walk from one register's uses up to its definition
    uint32_t stamp = 0;  // number of the register
    uint32_t def_block = 0;
    uint32_t highest_block = 0;  // the highest number of a block at whose start the register is live
    Point local_end = 0;         // end of the last use in the definition's block
    bool def_is_live_out = false;
    uint64_t steps = 0;
  };
  struct BlockUse {
    uint32_t block;
    Point end;  // end of the last use in the block
  };
  ScratchVector<uint32_t> live_out_stamp_;  // by block: the latest register that was found live at its end
  ScratchVector<uint32_t> worklist_;
  ScratchVector<uint64_t> live_in_;     // a bit for each block at whose start the register is live
  ScratchVector<BlockUse> block_uses_;  // by ascending block
  // The number of steps that further walks may take in total. A register whose walk needs more gets an approximate
  // range.
  uint64_t work_left_ = 0;
};

}  // namespace cairn::codegen
