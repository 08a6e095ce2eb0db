// The walk over the blocks, and the choice of registers.
//
// - The state is the value of each register. A value is in at most one register, in its spill slot, or in both.
// - Within a block (regalloc_inst.cpp), an operand that is in no register is loaded into one. If none is free, the
//   value whose next use is furthest away leaves its register. It is stored if its slot does not hold it already. The
//   store goes in front of the outermost loop that does not contain the value's definition, since the value does not
//   change in that loop. In a cold block the store stays in the block, so that the hot path does not pay for it.
// - A block with one predecessor begins with the state at that predecessor's end. At a merge (regalloc_blocks.cpp),
//   each value that is in a register in enough of the predecessors keeps a register; moves on the other edges bring it
//   there. At a loop header, the needs of the loop count: values that are used in the loop get registers first, even if
//   they must be loaded. Values that are only live through the loop give way if the loop is short of registers. The
//   back edges bring all values to where the header expects them.
// - Registers are chosen so that a value need not move again. The best register is one that nothing overwrites while
//   the value lives (a callee-saved one if there are calls), preferably the one that a fixed use, a parameter or its
//   arguments want.
#include "compiler/codegen/allocation/regalloc.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "compiler/codegen/allocation/regalloc_state.hpp"

namespace cairn::codegen {
namespace regalloc {

Allocator::Allocator(const MachineFunction& function, const RegisterFile& registers, const AllocatorOptions& options)
    : function_(function),
      registers_(registers),
      arena_(function.arena),
      live_(function),
      values_(arena_),
      events_(arena_),
      group_(arena_),
      copies_(arena_),
      stores_(arena_),
      reused_by_(arena_),
      held_(arena_),
      exits_(arena_),
      entries_(arena_),
      items_(arena_),
      order_(arena_),
      safepoints_(arena_),
      allocations_(arena_),
      moves_(arena_),
      first_move_(arena_) {
  for (unsigned c = 0; c < kRegClasses; ++c) {
    allocatable_[c] = registers.allocatable[c];
    if (options.register_limit != 0 && options.register_limit < allocatable_[c].size())
      allocatable_[c] = allocatable_[c].first(options.register_limit);
  }
  register_events_.fill(kNone);
  clobber_events_.fill(kNone);
}

Result<AllocationResult> Allocator::run() {
  const auto out_of_budget = [&] {
    return fail(Error::of(ErrorKind::limit, "register allocation exceeds the function's compile budget"));
  };
  if (!live_.compute()) return out_of_budget();
  prepare_values();
  prepare_events();
  allocations_.resize(function_.operands.size());
  first_move_.resize(function_.insts.size(), kNone);
  exits_.resize(function_.blocks.size());
  entries_.resize(function_.blocks.size());
  for (uint32_t b = 0; b < function_.blocks.size(); ++b) {
    begin_block(b);
    const MachineBlock& block = function_.blocks[b];
    for (uint32_t i = block.first_inst; i < block.end_inst; ++i) process_inst(i);
    end_block(b);
    if (arena_.exhausted()) return out_of_budget();
  }
  return finish();
}

uint32_t Allocator::find_web(uint32_t value) {
  while (values_[value].web != value) {
    values_[value].web = values_[values_[value].web].web;
    value = values_[value].web;
  }
  return value;
}

void Allocator::prepare_values() {
  values_.resize(function_.vregs.size());
  for (uint32_t v = 0; v < values_.size(); ++v) {
    ValueState& value = values_[v];
    value.web = v;
    value.next_use = live_.vregs[v].first_use;
    value.range = live_.vregs[v].first_range;
    const MInst def = live_.vregs[v].def_inst;
    if (def.valid() && has(function_.insts[def.index()].flags, InstFlag::rematerializable) &&
        has_registers(function_.vregs[v]))
      value.rematerialize = def;
    if (!has_registers(function_.vregs[v])) value.needs_slot = true;
  }
  for (const MachineBlock& block : function_.blocks) {
    if (block.argument_count == 0) continue;
    const std::span<const VReg> arguments = function_.arguments(block);
    const std::span<const VReg> params = function_.params(function_.blocks[function_.successors(block)[0].index()]);
    CAIRN_ASSERT(arguments.size() == params.size());
    for (size_t i = 0; i < params.size(); ++i) {
      const uint32_t a = find_web(params[i].index());
      const uint32_t b = find_web(arguments[i].index());
      values_[std::max(a, b)].web = std::min(a, b);
    }
  }
}

// Fills in the lists of events, and the hints of fixed uses. The walk goes backwards, so that the lists are in the
// order of the points, and the hint of the first fixed use stays.
void Allocator::prepare_events() {
  auto add = [&](uint32_t& list, Point point) {
    if (list != kNone && events_[list].point == point) return;
    events_.push_back({point, list});
    list = static_cast<uint32_t>(events_.size() - 1);
  };
  for (uint32_t b = static_cast<uint32_t>(function_.blocks.size()); b-- > 0;) {
    const MachineBlock& block = function_.blocks[b];
    for (uint32_t i = block.end_inst; i-- > block.first_inst;) {
      const MachineInst& inst = function_.insts[i];
      const std::span<const Operand> operands = function_.operands_of(inst);
      if (inst.clobbers != 0 && !block.is_cold) {
        const PRegSet& set = function_.clobber_sets[inst.clobbers];
        unsigned k = 0;
        while (k < clobber_class_count_ && !(clobber_classes_[k] == set)) ++k;
        if (k == clobber_class_count_ && k < kClobberClasses) clobber_classes_[clobber_class_count_++] = set;
        if (k < kClobberClasses) {
          add(clobber_events_[k], late_point(i));
        } else {
          set.for_each([&](PReg r) { add(register_events_[r.number()], late_point(i)); });
        }
      }
      for (const Operand& operand : operands) {
        if (operand.constraint == Constraint::reuse) {
          const ValueState& def = values_[operand.reg.index()];
          ValueState& use = values_[operands[operand.detail].reg.index()];
          if (def.fixed_hint.valid()) {
            use.fixed_hint = def.fixed_hint;
            use.fixed_point = def.fixed_point;
          }
        }
        if (operand.constraint != Constraint::fixed) continue;
        const PReg reg = operand.fixed_register();
        const bool late = operand.position == Position::late;
        if (!block.is_cold) add(register_events_[reg.number()], late ? late_point(i) : early_point(i));
        if (operand.kind == OperandKind::use) {
          values_[operand.reg.index()].fixed_hint = reg;
          values_[operand.reg.index()].fixed_point = early_point(i);
        }
      }
      if (has(inst.flags, InstFlag::move) && operands.size() == 2) {
        const ValueState& def = values_[operands[1].reg.index()];
        ValueState& use = values_[operands[0].reg.index()];
        if (def.fixed_hint.valid()) {
          use.fixed_hint = def.fixed_hint;
          use.fixed_point = def.fixed_point;
        }
      }
    }
  }
}

// Returns the point of the first event for the register at `from` or after it, or kNever. `from` must not decrease from
// call to call.
Point Allocator::next_event(PReg reg, Point from) {
  uint32_t& own = register_events_[reg.number()];
  while (own != kNone && events_[own].point < from) own = events_[own].next;
  Point point = own == kNone ? kNever : events_[own].point;
  for (unsigned k = 0; k < clobber_class_count_; ++k) {
    if (!clobber_classes_[k].has(reg)) continue;
    uint32_t& list = clobber_events_[k];
    while (list != kNone && events_[list].point < from) list = events_[list].next;
    if (list != kNone) point = std::min(point, events_[list].point);
  }
  return point;
}

PReg Allocator::pick_among(std::span<const PReg> candidates, const PRegSet& forbidden, Point from, Point end) {
  PReg best;
  Point best_event = 0;
  for (PReg reg : candidates) {
    if (occupant_[reg.number()].valid() || forbidden.has(reg)) continue;
    Point event = next_event(reg, from);
    if (event >= end) {
      // The register lasts as long as the value. A callee-saved register that the function does not use yet costs a
      // save, so it is taken only if no other register lasts as long.
      const bool costs_save = registers_.callee_saved.has(reg) && !used_callee_saved_.has(reg);
      if (!costs_save) return reg;
      event = end;
    }
    if (!best.valid() || event > best_event) {
      best = reg;
      best_event = event;
    }
  }
  return best;
}

PReg Allocator::pick_free(VReg value, const PRegSet& forbidden, Point from, PReg wish) {
  const RegClass reg_class = class_of(value);
  const std::span<const PReg> candidates = allocatable(reg_class);
  const Point end = live_.end_of(value);
  auto usable = [&](PReg reg) {
    return reg.valid() && !occupant_[reg.number()].valid() && !forbidden.has(reg) &&
           std::ranges::find(candidates, reg) != candidates.end();
  };
  // A hinted register comes first, if it lasts as long as the value needs it.
  const ValueState& data = values_[value.index()];
  if (data.fixed_hint.valid() && end <= data.fixed_point + 4 && usable(data.fixed_hint) &&
      next_event(data.fixed_hint, from) >= data.fixed_point)
    return data.fixed_hint;
  if (usable(wish) && next_event(wish, from) >= end) return wish;
  const PReg web = values_[find_web(value.index())].web_hint;
  if (usable(web) && next_event(web, from) >= end) return web;
  const PReg best = pick_among(candidates, forbidden, from, end);
  if (!best.valid()) return best;
  // If no register lasts as long as the value, a hinted register is taken that lasts as long as the best one.
  const Point best_event = next_event(best, from);
  if (best_event < end) {
    if (usable(wish) && next_event(wish, from) >= best_event) return wish;
    if (usable(web) && next_event(web, from) >= best_event) return web;
  }
  return best;
}

// The distance to the next use, in points, made longer if the value is cheap to bring back. In a block that is not
// cold, up to 8 uses in cold blocks are passed over. If a value is defined outside of the innermost loop and has no
// further use in it, the distance is that to its use in the next iteration, or very large if the loop does not use it.
uint64_t Allocator::use_distance(VReg value) {
  constexpr uint64_t kFar = uint64_t{1} << 34;
  constexpr uint64_t kOutsideLoop = uint64_t{1} << 24;
  const ValueState& data = values_[value.index()];
  const Point now = early_point(inst_);
  uint32_t use = data.next_use;
  if (!function_.blocks[block_].is_cold) {
    for (unsigned hops = 0; hops < 8 && use != kNone; ++hops) {
      if (!function_.blocks[live_.uses[use].block].is_cold) break;
      use = live_.uses[use].next;
    }
  }
  uint64_t distance = use == kNone ? kFar : live_.uses[use].point - std::min(now, live_.uses[use].point);
  const uint32_t loop_id = live_.loop_of[block_];
  if (loop_id != kNone) {
    const LoopInfo& loop = live_.loops[loop_id];
    const bool beyond = use == kNone || live_.uses[use].block > loop.last;
    if (beyond && live_.vregs[value.index()].def_block < loop.first) {
      const Point begin = live_.block_begin(loop.first);
      const Point end = live_.block_end(loop.last);
      if (data.loop_use >= begin && data.loop_use < end) {
        distance = uint64_t{end} - now + (data.loop_use - begin);
      } else {
        distance = std::min(distance + kOutsideLoop, kFar);
      }
    }
  }
  if (data.rematerialize.valid()) return distance * 3;
  return is_clean(value) ? distance + distance / 2 : distance;
}

PReg Allocator::pick_victim(RegClass reg_class, const PRegSet& forbidden, uint64_t* distance) {
  PReg best;
  uint64_t best_distance = 0;
  for (PReg reg : allocatable(reg_class)) {
    const VReg value = occupant_[reg.number()];
    if (!value.valid() || forbidden.has(reg)) continue;
    const uint64_t d = use_distance(value);
    if (!best.valid() || d > best_distance) {
      best = reg;
      best_distance = d;
    }
  }
  if (distance != nullptr) *distance = best_distance;
  return best;
}

void Allocator::seek(VReg value, Point point) {
  const LiveVReg& data = live_.vregs[value.index()];
  uint32_t& range = state(value).range;
  while (range + 1 < data.first_range + data.range_count && live_.ranges[range].end <= point) ++range;
}

bool Allocator::is_live_from(VReg value, Point point) {
  seek(value, point);
  const LiveRange& range = live_.ranges[state(value).range];
  return range.begin <= point && point < range.end;
}

Point Allocator::range_end(VReg value) {
  seek(value, early_point(inst_));
  return live_.ranges[state(value).range].end;
}

bool Allocator::is_live_after(VReg value, uint32_t inst) { return range_end(value) >= after_point(inst); }

bool Allocator::is_clean(VReg value) {
  const ValueState& data = state(value);
  if (data.clean || data.rematerialize.valid()) return true;
  if (data.hoisted_loop == kNone) return false;
  const LoopInfo& loop = live_.loops[data.hoisted_loop];
  return loop.first <= block_ && block_ <= loop.last;
}

void Allocator::occupy(VReg value, PReg reg) {
  CAIRN_ASSERT(!occupant_[reg.number()].valid());
  occupant_[reg.number()] = value;
  occupied_.add(reg);
  state(value).reg = reg;
  if (registers_.callee_saved.has(reg)) used_callee_saved_.add(reg);
}

void Allocator::release(VReg value) {
  PReg& reg = state(value).reg;
  if (reg.valid()) {
    occupant_[reg.number()] = VReg();
    occupied_.remove(reg);
  }
  reg = PReg();
}

void Allocator::remember(VReg value, PReg reg) { values_[find_web(value.index())].web_hint = reg; }

}  // namespace regalloc

Result<AllocationResult> allocate_registers(const MachineFunction& function, const RegisterFile& registers,
                                            const AllocatorOptions& options) {
  regalloc::Allocator allocator(function, registers, options);
  return allocator.run();
}

}  // namespace cairn::codegen
