#include "compiler/codegen/allocation/stack_maps.hpp"

#include <algorithm>
#include <optional>

#include "base/assert.hpp"
#include "base/format.hpp"
#include "compiler/codegen/allocation/spill_slots.hpp"

namespace cairn::codegen {
namespace {

// The dominator tree of machine blocks, which are numbered in reverse postorder. It is computed by iteration (Cooper,
// Harvey and Kennedy, A simple, fast dominance algorithm).
class Dominance {
 public:
  explicit Dominance(const MachineFunction& function) : parent_(function.arena), depth_(function.arena) {
    const uint32_t count = static_cast<uint32_t>(function.blocks.size());
    parent_.assign(count, kNone);
    parent_[0] = 0;
    for (bool changed = true; changed;) {
      changed = false;
      for (uint32_t b = 1; b < count; ++b) {
        uint32_t common = kNone;
        for (const MBlock p : function.predecessors(function.blocks[b])) {
          if (parent_[p.index()] == kNone) continue;
          common = common == kNone ? p.index() : meet(common, p.index());
        }
        changed |= parent_[b] != common;
        parent_[b] = common;
      }
    }
    depth_.assign(count, 0);
    for (uint32_t b = 1; b < count; ++b)
      if (parent_[b] != kNone) depth_[b] = depth_[parent_[b]] + 1;
  }

  [[nodiscard]] bool dominates(uint32_t a, uint32_t b) const {
    while (depth_[b] > depth_[a]) b = parent_[b];
    return a == b;
  }

 private:
  static constexpr uint32_t kNone = 0xffff'ffff;
  [[nodiscard]] uint32_t meet(uint32_t a, uint32_t b) const {
    while (a != b) {
      while (a > b) a = parent_[a];
      while (b > a) b = parent_[b];
    }
    return a;
  }
  ScratchVector<uint32_t> parent_;  // by block: the immediate dominator; the entry's is the entry
  ScratchVector<uint32_t> depth_;   // by block: the depth in the tree
};

// A live range of a reference: the reference is in its slot whenever a call runs within it.
struct Interval {
  Point begin = 0;
  Point end = 0;
  uint32_t slot = 0;
  VReg value;
  uint32_t block = kAnywhere;  // the interval counts only in blocks that this block dominates
  static constexpr uint32_t kAnywhere = 0xffff'ffff;
};

}  // namespace

Result<void> make_stack_maps(const MachineFunction& function, const LiveRanges& live, std::span<const uint32_t> slot_of,
                             SafepointState& state, AllocationResult& result) {
  Arena& arena = function.arena;
  ScratchVector<Interval> intervals(arena);
  bool any_approximate = false;
  for (uint32_t v = 0; v < function.vregs.size(); ++v) {
    if (function.vregs[v] != RegClass::reference || slot_of[v] == SpillSlots::kNone) continue;
    const LiveVReg& data = live.vregs[v];
    any_approximate |= data.is_approximate;
    for (const LiveRange& range : live.ranges_of(VReg(v)))
      intervals.push_back(
          {range.begin, range.end, slot_of[v], VReg(v), data.is_approximate ? data.def_block : Interval::kAnywhere});
  }
  if (intervals.empty() && state.held.empty()) return {};
  std::ranges::sort(state.hoists.as_span(), [](const auto& a, const auto& b) { return a.value < b.value; });
  // Whether the value's slot holds the value at a safepoint in `block` at which the values `held` are in registers.
  const auto is_in_slot = [&](VReg value, std::span<const SafepointState::Held> held, uint32_t block) {
    const auto found = std::ranges::find(held, value, &SafepointState::Held::value);
    if (found == held.end() || found->is_in_slot) return true;
    for (auto hoist = std::ranges::lower_bound(state.hoists, value, {}, &SafepointState::Hoist::value);
         hoist != state.hoists.end() && hoist->value == value; ++hoist) {
      if (hoist->first_block <= block && block <= hoist->last_block) return true;
    }
    return false;
  };
  std::ranges::sort(intervals.as_span(), [](const Interval& a, const Interval& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.slot < b.slot;
  });
  std::optional<Dominance> dominance;
  if (any_approximate) dominance.emplace(function);

  // Visits the safepoints in order. Each gets a map of the slots of active intervals, and of the registers in `held`.
  ScratchVector<Interval> active(arena);  // the intervals that have begun and not ended
  ScratchVector<uint32_t> slots(arena);
  size_t next = 0, next_safepoint = 0;
  for (uint32_t b = 0; b < function.blocks.size(); ++b) {
    const MachineBlock& block = function.blocks[b];
    for (uint32_t i = block.first_inst; i < block.end_inst; ++i) {
      std::span<const SafepointState::Held> held;
      if (has(function.insts[i].flags, InstFlag::safepoint)) {
        if (next_safepoint < state.safepoints.size() && state.safepoints[next_safepoint].inst == MInst(i)) {
          const SafepointState::Safepoint& safepoint = state.safepoints[next_safepoint++];
          held = state.held.as_span().subspan(safepoint.first, safepoint.count);
        }
      } else if (!has(function.insts[i].flags, InstFlag::call)) {
        continue;
      }
      for (; next < intervals.size() && intervals[next].begin <= early_point(i); ++next)
        active.push_back(intervals[next]);
      slots.clear();
      size_t kept = 0;
      for (const Interval& interval : active) {
        if (interval.end < after_point(i)) continue;
        active[kept++] = interval;
        const bool is_defined = interval.block == Interval::kAnywhere || dominance->dominates(interval.block, b);
        if (is_defined && is_in_slot(interval.value, held, b)) slots.push_back(interval.slot);
      }
      active.resize(kept);
      for (const SafepointState::Held& in : held) slots.push_back(kMapRegister | in.reg.number());
      if (slots.empty()) continue;
      std::ranges::sort(slots.as_span());
      slots.resize(static_cast<size_t>(std::unique(slots.begin(), slots.end()) - slots.begin()));
      StackMap map{MInst(i), static_cast<uint32_t>(result.map_slots.size()), static_cast<uint32_t>(slots.size())};
      if (!result.stack_maps.empty()) {
        const StackMap& last = result.stack_maps.back();
        if (std::ranges::equal(result.map_slots.as_span().subspan(last.first, last.count), slots.as_span()))
          map.first = last.first;
      }
      if (map.first == result.map_slots.size()) result.map_slots.append(slots.as_span());
      result.stack_maps.push_back(map);
      if (result.map_slots.size() > kMaximumStackMapSlots)
        return fail(Error::of(ErrorKind::limit, "the stack maps of a function name more than " +
                                                    decimal(uint64_t{kMaximumStackMapSlots}) + " slots"));
      if (arena.exhausted())
        return fail(Error::of(ErrorKind::limit, "stack maps exceed the function's compile budget"));
    }
  }
  return {};
}

void write_stack_offsets(const AllocationResult& allocation, const FrameLayout& frame, const RegisterFile& registers,
                         CodeBuffer& code) {
  CAIRN_ASSERT(code.stack_offsets.empty());
  code.stack_offsets.reserve(allocation.map_slots.size());
  const std::span<const PReg> saved = registers.allocatable[static_cast<unsigned>(RegClass::reference)];
  for (const uint32_t slot : allocation.map_slots) {
    if ((slot & kMapRegister) == 0) {
      code.stack_offsets.push_back(static_cast<int32_t>(frame.slot_offset(slot)));
      continue;
    }
    const auto position = std::ranges::find(saved, PReg(slot & ~kMapRegister)) - saved.begin();
    code.stack_offsets.push_back(registers.saved_references - 8 * static_cast<int32_t>(position));
  }
}

void set_stack_map(const AllocationResult& allocation, MInst call, CallSite& site) {
  const auto found = std::ranges::lower_bound(allocation.stack_maps, call, {}, &StackMap::call);
  if (found == allocation.stack_maps.end() || found->call != call) return;
  site.first_reference = found->first;
  site.reference_count = found->count;
}

}  // namespace cairn::codegen
