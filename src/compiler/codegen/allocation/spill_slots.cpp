#include "compiler/codegen/allocation/spill_slots.hpp"

#include <algorithm>

namespace cairn::codegen {
namespace {

// Sets of virtual registers that share a slot: block parameters and their arguments. The live ranges of a set are
// merged.
class SlotSets {
 public:
  SlotSets(const MachineFunction& function, const LiveRanges& live)
      : live_(live), parent_(function.arena), ranges_(function.arena), merged_(function.arena) {
    parent_.resize(function.vregs.size());
    ranges_.resize(function.vregs.size());
    for (uint32_t i = 0; i < parent_.size(); ++i) parent_[i] = i;
    work_left_ = 64 * static_cast<int64_t>(function.vregs.size()) + 10'000;
  }

  void add(uint32_t reg) { ranges_[reg] = live_.ranges_of(VReg(reg)); }

  uint32_t find(uint32_t reg) {
    while (parent_[reg] != reg) {
      parent_[reg] = parent_[parent_[reg]];
      reg = parent_[reg];
    }
    return reg;
  }

  [[nodiscard]] std::span<const LiveRange> ranges(uint32_t set) const { return ranges_[set]; }

  // Joins the sets of two registers, unless members of both are live at the same time.
  void unite_if_disjoint(uint32_t a, uint32_t b) {
    a = find(a);
    b = find(b);
    if (a == b) return;
    const std::span<const LiveRange> x = ranges_[a];
    const std::span<const LiveRange> y = ranges_[b];
    if (work_left_ < 0) return;
    merged_.clear();
    size_t i = 0, j = 0;
    while (i < x.size() || j < y.size()) {
      --work_left_;
      const bool take_x = j == y.size() || (i < x.size() && x[i].begin < y[j].begin);
      const LiveRange& next = take_x ? x[i++] : y[j++];
      if (!merged_.empty() && next.begin < merged_.back().end) return;  // both are live at once
      if (!merged_.empty() && next.begin == merged_.back().end) {
        merged_.back().end = next.end;
      } else {
        merged_.push_back(next);
      }
    }
    parent_[b] = a;
    const std::span<LiveRange> copy = merged_.arena().make_span<LiveRange>(merged_.size());
    std::ranges::copy(merged_, copy.begin());
    ranges_[a] = copy;
  }

 private:
  const LiveRanges& live_;
  ScratchVector<uint32_t> parent_;
  ScratchVector<std::span<const LiveRange>> ranges_;
  ScratchVector<LiveRange> merged_;
  int64_t work_left_ = 0;  // ranges that may still be merged; the limit keeps the time linear
};

}  // namespace

SpillSlots assign_spill_slots(const MachineFunction& function, const LiveRanges& live, const RegisterFile& registers,
                              std::span<const uint8_t> needs_slot) {
  Arena& arena = function.arena;
  const uint32_t count = static_cast<uint32_t>(function.vregs.size());
  SpillSlots result;
  result.slot_of = arena.make_span<uint32_t>(count);
  std::ranges::fill(result.slot_of, SpillSlots::kNone);
  if (std::ranges::find(needs_slot, uint8_t{1}) == needs_slot.end()) return result;

  SlotSets sets(function, live);
  for (uint32_t i = 0; i < count; ++i)
    if (needs_slot[i] != 0) sets.add(i);
  // Blocks that are not cold come first, because a union may make later ones impossible.
  for (const bool cold : {false, true}) {
    for (const MachineBlock& block : function.blocks) {
      if (block.argument_count == 0 || block.is_cold != cold) continue;
      const MachineBlock& successor = function.blocks[function.successors(block)[0].index()];
      const std::span<const VReg> arguments = function.arguments(block);
      const std::span<const VReg> params = function.params(successor);
      for (size_t k = 0; k < arguments.size(); ++k)
        if (needs_slot[arguments[k].index()] != 0 && needs_slot[params[k].index()] != 0)
          sets.unite_if_disjoint(params[k].index(), arguments[k].index());
    }
  }

  // A set has its slot from the beginning of its first live range to the end of its last one.
  struct Interval {
    Point begin, end;
    uint32_t set;  // the register that find() returns for the set
  };
  // A slot that is taken up to `end`.
  struct Active {
    Point end;
    uint32_t slot;
  };
  // Goes through the intervals in the order of their beginnings, and reuses the slots of intervals that have ended. The
  // slots of 16 bytes come after those of 8 bytes.
  for (const uint32_t size : {8u, 16u}) {
    ScratchVector<Interval> intervals(arena);
    for (uint32_t i = 0; i < count; ++i) {
      if (needs_slot[i] == 0 || sets.find(i) != i || sets.ranges(i).empty()) continue;
      if (registers.spill_size[static_cast<unsigned>(function.vregs[i])] != size) continue;
      intervals.push_back({sets.ranges(i).front().begin, sets.ranges(i).back().end, i});
    }
    std::ranges::sort(intervals.as_span(), [](const Interval& a, const Interval& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.set < b.set;
    });
    if (size == 16) result.count = (result.count + 1) & ~1u;
    const auto ends_later = [](const Active& a, const Active& b) {
      return a.end != b.end ? a.end > b.end : a.slot > b.slot;
    };
    ScratchVector<Active> active(arena);  // a heap with the earliest end on top
    ScratchVector<uint32_t> free_slots(arena);
    for (const Interval& interval : intervals) {
      while (!active.empty() && active[0].end <= interval.begin) {
        free_slots.push_back(active[0].slot);
        std::pop_heap(active.begin(), active.end(), ends_later);
        active.pop_back();
      }
      uint32_t slot = result.count;
      if (free_slots.empty()) {
        result.count += size / 8;
      } else {
        slot = free_slots.back();
        free_slots.pop_back();
      }
      result.slot_of[interval.set] = slot;
      active.push_back({interval.end, slot});
      std::push_heap(active.begin(), active.end(), ends_later);
    }
  }
  for (uint32_t i = 0; i < count; ++i)
    if (needs_slot[i] != 0) result.slot_of[i] = result.slot_of[sets.find(i)];
  return result;
}

}  // namespace cairn::codegen
