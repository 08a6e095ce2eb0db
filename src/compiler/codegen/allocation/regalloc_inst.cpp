// Allocates registers for one instruction.
//
// All moves for an instruction are one parallel move in front of it, the instruction's group. After the group, each
// value that lives on is at its "home": the register of ValueState::reg, or its slot. An operand may also get a copy of
// its value in another register (a fixed register that is overwritten, or an operand that is modified in place).
// Registers are marked busy while they hold the instruction's operands: early, when uses are read, and late, when defs
// are written.
#include <algorithm>

#include "base/assert.hpp"
#include "compiler/codegen/allocation/regalloc_state.hpp"

namespace cairn::codegen::regalloc {

PReg Allocator::source_of(VReg value) {
  const ValueState& data = state(value);
  return data.group_stamp == inst_ ? group_[data.group_index].from : data.reg;
}

void Allocator::set_home(VReg value, PReg reg) {
  ValueState& data = state(value);
  if (data.group_stamp != inst_) {
    data.group_stamp = inst_;
    data.group_index = static_cast<uint32_t>(group_.size());
    group_.push_back({value, data.reg, PReg(), is_clean(value)});
  }
  group_[data.group_index].to = reg;
  release(value);
  if (reg.valid()) {
    // A value that is loaded from memory stays there as well.
    if (!group_[data.group_index].from.valid()) data.clean = true;
    occupy(value, reg);
  }
}

void Allocator::store(VReg value) {
  ValueState& data = state(value);
  if (data.rematerialize.valid()) return;
  data.needs_slot = true;
  if (is_clean(value)) return;
  const uint32_t def_block = live_.vregs[value.index()].def_block;
  if (!function_.blocks[block_].is_cold) {
    const uint32_t loop = live_.outermost_loop_without(block_, def_block);
    if (loop != kNone) {
      // The store goes in front of the loop: to the end of each predecessor of its header that has the value in a
      // register only.
      const uint32_t header = live_.loops[loop].first;
      data.hoisted_loop = loop;
      safepoints_.hoists.push_back({value, header, live_.loops[loop].last});
      for (MBlock p : function_.predecessors(function_.blocks[header])) {
        if (p.index() >= header) continue;
        for (uint32_t i = 0; i < exits_[p.index()].count; ++i) {
          const Held& held = held_[exits_[p.index()].first + i];
          if (held.value != value || held.clean) continue;
          add_move(function_.blocks[p.index()].end_inst - 1, {value, value, held.reg, PReg(), false, kNone});
        }
      }
      return;
    }
  }
  stores_.push_back({value, value, source_of(value), PReg(), false, kNone});
  data.clean = true;
}

void Allocator::spill_early(VReg value) {
  store(value);
  set_home(value, PReg());
}

void Allocator::spill_late(VReg value) {
  store(value);
  release(value);
}

PReg Allocator::take_register(VReg value, const PRegSet& forbidden, PReg wish) {
  const RegClass reg_class = class_of(value);
  PReg reg = pick_free(value, forbidden, after_point(inst_), wish);
  if (reg.valid()) return reg;
  reg = pick_victim(reg_class, forbidden, nullptr);
  if (!reg.valid()) {
    // The instruction needs more registers than AllocatorOptions::register_limit permits.
    for (PReg r : registers_.allocatable[static_cast<unsigned>(reg_class)]) {
      if (forbidden.has(r)) continue;
      reg = r;
      if (!occupant_[r.number()].valid()) break;
    }
  }
  CAIRN_ASSERT(reg.valid());
  if (occupant_[reg.number()].valid()) spill_early(occupant_[reg.number()]);
  return reg;
}

// Moves values away from registers that the instruction needs or overwrites.
void Allocator::clear_conflicts(const PRegSet& fixed_early, const PRegSet& late_forbidden) {
  const std::span<const Operand> operands = function_.operands_of(function_.insts[inst_]);
  (fixed_early | late_forbidden).for_each([&](PReg reg) {
    const VReg value = occupant_[reg.number()];
    if (!value.valid()) return;
    const Point end = range_end(value);
    const bool late_conflict = late_forbidden.has(reg) && end >= late_point(inst_);
    bool early_conflict = false;
    if (fixed_early.has(reg)) {
      early_conflict = true;
      for (const Operand& operand : operands)
        if (operand.reg == value && operand.kind == OperandKind::use && operand.constraint == Constraint::fixed &&
            operand.fixed_register() == reg)
          early_conflict = false;
    }
    if (!late_conflict && !early_conflict) return;
    if (end < late_point(inst_)) return set_home(value, PReg());  // place_use() finds the old register in the group
    const PReg free = pick_free(value, fixed_early | late_forbidden, after_point(inst_));
    // A register that does not last as long as the value is worth a move only if the value is used before something
    // overwrites the register.
    const bool worth_it =
        free.valid() &&
        (next_event(free, after_point(inst_)) >= live_.end_of(value) ||
         next_event(free, after_point(inst_)) >= early_point(inst_) + use_distance(value) || end < after_point(inst_));
    if (worth_it) {
      set_home(value, free);
    } else {
      spill_early(value);
    }
  });
}

void Allocator::place_use(const Operand& operand, Allocation& result, const PRegSet& fixed_early,
                          const PRegSet& late_forbidden) {
  const VReg value = operand.reg;
  ValueState& data = state(value);
  const bool late = operand.position == Position::late;
  const bool lives_on = is_live_after(value, inst_);
  auto take = [&](PReg reg) {
    result = Allocation::in_register(reg);
    early_busy_.add(reg);
    if (late) late_busy_.add(reg);
  };
  if (data.reg.valid() && !(late && late_forbidden.has(data.reg))) return take(data.reg);
  // If the group moves the value away, the old register may still hold it while uses are read.
  const PReg old = source_of(value);
  if (!late && old.valid() && !fixed_early.has(old) && !early_busy_.has(old) && !occupant_[old.number()].valid())
    return take(old);
  if (operand.constraint == Constraint::any && !old.valid() && !data.rematerialize.valid()) {
    // The operand reads the slot, unless the value is used again in this block and a register lasts until then.
    bool promote = false;
    if (lives_on && data.next_use != kNone && live_.uses[data.next_use].block == block_) {
      const PReg free = pick_free(value, fixed_early | late_forbidden | early_busy_ | late_busy_, after_point(inst_));
      promote = free.valid() && next_event(free, after_point(inst_)) >= live_.uses[data.next_use].point;
    }
    if (!promote) return;
  }
  PRegSet forbidden = fixed_early | early_busy_ | late_busy_;
  if (!lives_on && !late) {
    const PReg reg = take_register(value, forbidden, PReg());
    set_home(value, reg);
    return take(reg);
  }
  // The value lives on, or the use is late. So the best register is one that the instruction does not overwrite, where
  // the value can stay. For an early use, a copy is enough; its register must be free only while the uses are read.
  const PReg stays = pick_free(value, forbidden | late_forbidden, after_point(inst_));
  if (!stays.valid() && !late) {
    const PReg temporary = pick_free(value, forbidden, after_point(inst_));
    if (temporary.valid()) {
      copies_.push_back({value, source_of(value), temporary});
      return take(temporary);
    }
  }
  const PReg reg = stays.valid() ? stays : take_register(value, forbidden | late_forbidden, PReg());
  set_home(value, reg);
  take(reg);
}

// Places a use whose register the definition `def` takes over.
void Allocator::place_reused(const Operand& use, const Operand& def, Allocation& result, const PRegSet& fixed_early,
                             const PRegSet& late_forbidden) {
  ValueState& data = state(use.reg);
  if (data.reg.valid() && range_end(use.reg) < late_point(inst_) && !late_forbidden.has(data.reg) &&
      !reuse_busy_.has(data.reg)) {
    result = Allocation::in_register(data.reg);
  } else {
    const PRegSet forbidden = fixed_early | early_busy_ | late_busy_ | late_forbidden;
    const PReg reg = take_register(def.reg, forbidden, source_of(use.reg));
    copies_.push_back({use.reg, source_of(use.reg), reg});
    result = Allocation::in_register(reg);
  }
  early_busy_.add(result.reg());
  reuse_busy_.add(result.reg());
}

void Allocator::place_uses(std::span<const Operand> operands, std::span<Allocation> result, const PRegSet& fixed_early,
                           const PRegSet& late_forbidden) {
  reused_by_.assign(operands.size(), 0);
  bool some_left = false;
  for (size_t k = 0; k < operands.size(); ++k)
    if (operands[k].constraint == Constraint::reuse) reused_by_[operands[k].detail] = static_cast<uint8_t>(k + 1);
  // First, fixed operands get their registers, and the registers that already hold operands are marked busy.
  for (size_t k = 0; k < operands.size(); ++k) {
    const Operand& operand = operands[k];
    if (operand.kind != OperandKind::use) continue;
    if (!has_registers(class_of(operand.reg))) continue;
    if (operand.constraint == Constraint::fixed) {
      const PReg reg = operand.fixed_register();
      result[k] = Allocation::in_register(reg);
      if (registers_.callee_saved.has(reg)) used_callee_saved_.add(reg);
      early_busy_.add(reg);
      if (operand.position == Position::late) late_busy_.add(reg);
      if (reused_by_[k] != 0) reuse_busy_.add(reg);
      if (source_of(operand.reg) == reg) continue;
      bool repeated = false;
      for (const Copy& copy : copies_) repeated |= copy.value == operand.reg && copy.to == reg;
      if (!repeated) copies_.push_back({operand.reg, source_of(operand.reg), reg});
    } else if (state(operand.reg).reg.valid()) {
      early_busy_.add(state(operand.reg).reg);
      some_left = true;
    } else {
      some_left = true;
    }
  }
  if (!some_left) return;
  for (const bool memory_will_do : {false, true}) {
    for (size_t k = 0; k < operands.size(); ++k) {
      const Operand& operand = operands[k];
      if (operand.kind != OperandKind::use || operand.constraint == Constraint::fixed) continue;
      if (!has_registers(class_of(operand.reg)) || reused_by_[k] != 0) continue;
      if ((operand.constraint == Constraint::any) == memory_will_do)
        place_use(operand, result[k], fixed_early, late_forbidden);
    }
  }
  for (size_t k = 0; k < operands.size(); ++k) {
    const Operand& operand = operands[k];
    if (operand.kind != OperandKind::use || reused_by_[k] == 0 || operand.constraint == Constraint::fixed) continue;
    if (has_registers(class_of(operand.reg)))
      place_reused(operand, operands[reused_by_[k] - 1u], result[k], fixed_early, late_forbidden);
  }
}

void Allocator::place_defs(const MachineInst& inst, std::span<const Operand> operands, std::span<Allocation> result,
                           const PRegSet& late_forbidden) {
  // Early definitions are placed while the uses are still in place.
  for (size_t k = 0; k < operands.size(); ++k) {
    const Operand& operand = operands[k];
    if (operand.kind != OperandKind::def || operand.position != Position::early ||
        !has_registers(class_of(operand.reg)))
      continue;
    if (operand.constraint == Constraint::fixed) {
      result[k] = Allocation::in_register(operand.fixed_register());
    } else {
      const PRegSet forbidden = early_busy_ | late_busy_ | reuse_busy_ | late_forbidden;
      result[k] = Allocation::in_register(take_register(operand.reg, forbidden, PReg()));
    }
    early_busy_.add(result[k].reg());
    late_busy_.add(result[k].reg());
  }
  // Values that end with this instruction free their registers for late definitions.
  for (const Operand& operand : operands)
    if (operand.kind == OperandKind::use && state(operand.reg).reg.valid() && !is_live_after(operand.reg, inst_))
      release(operand.reg);

  late_busy_ = late_busy_ | reuse_busy_;
  for (size_t k = 0; k < operands.size(); ++k) {
    const Operand& operand = operands[k];
    if (operand.kind != OperandKind::def || operand.position != Position::late || !has_registers(class_of(operand.reg)))
      continue;
    if (operand.constraint == Constraint::fixed) {
      result[k] = Allocation::in_register(operand.fixed_register());
      continue;
    }
    if (operand.constraint == Constraint::reuse) {
      result[k] = result[operand.detail];
      continue;
    }
    const PRegSet forbidden = late_busy_ | late_forbidden;
    const bool is_move = has(inst.flags, InstFlag::move) && result[0].is_register();
    PReg reg = pick_free(operand.reg, forbidden, after_point(inst_), is_move ? result[0].reg() : PReg());
    if (!reg.valid()) {
      uint64_t distance = 0;
      reg = pick_victim(class_of(operand.reg), forbidden, &distance);
      if (operand.constraint == Constraint::any && (!reg.valid() || distance < use_distance(operand.reg))) {
        state(operand.reg).needs_slot = true;
        continue;
      }
      if (reg.valid()) {
        spill_late(occupant_[reg.number()]);
      } else {
        // As in take_register(), the instruction needs more registers than the limit permits.
        for (PReg r : registers_.allocatable[static_cast<unsigned>(class_of(operand.reg))]) {
          if (forbidden.has(r)) continue;
          reg = r;
          if (!occupant_[r.number()].valid()) break;
        }
        CAIRN_ASSERT(reg.valid());
        if (occupant_[reg.number()].valid()) spill_late(occupant_[reg.number()]);
      }
    }
    result[k] = Allocation::in_register(reg);
    late_busy_.add(reg);
  }
  // The defined values are in their registers from here on, unless nothing uses them.
  for (size_t k = 0; k < operands.size(); ++k) {
    const Operand& operand = operands[k];
    if (operand.kind != OperandKind::def) continue;
    ValueState& data = state(operand.reg);
    if (!result[k].is_register()) {
      data.clean = true;
      continue;
    }
    const PReg reg = result[k].reg();
    data.clean = false;
    occupy(operand.reg, reg);
    remember(operand.reg, reg);
  }
  for (const Operand& operand : operands)
    if (operand.kind == OperandKind::def && !is_live_after(operand.reg, inst_)) release(operand.reg);
}

void Allocator::note_safepoint() {
  const auto first = static_cast<uint32_t>(safepoints_.held.size());
  const std::span<const Operand> operands = function_.operands_of(function_.insts[inst_]);
  for (const PReg reg : registers_.allocatable[static_cast<unsigned>(RegClass::reference)]) {
    const VReg value = occupant_[reg.number()];
    if (!value.valid() || class_of(value) != RegClass::reference || !is_live_after(value, inst_)) continue;
    const bool is_defined_here = std::ranges::any_of(
        operands, [&](const Operand& operand) { return operand.kind == OperandKind::def && operand.reg == value; });
    if (!is_defined_here && !state(value).rematerialize.valid())
      safepoints_.held.push_back({value, reg, state(value).clean});
  }
  safepoints_.safepoints.push_back({MInst(inst_), first, static_cast<uint32_t>(safepoints_.held.size()) - first});
}

void Allocator::process_inst(uint32_t index) {
  inst_ = index;
  const MachineInst& inst = function_.insts[index];
  const std::span<const Operand> operands = function_.operands_of(inst);
  const std::span<Allocation> result = allocations_.as_span().subspan(inst.first_operand, inst.operand_count);
  if (operands.empty() && inst.clobbers == 0) return;

  PRegSet fixed_early, late_forbidden = function_.clobber_sets[inst.clobbers];
  for (const Operand& operand : operands) {
    const bool late = operand.position == Position::late;
    if (operand.kind == OperandKind::use) {
      ValueState& data = state(operand.reg);
      CAIRN_DEBUG_ASSERT(data.next_use != kNone);
      data.next_use = live_.uses[data.next_use].next;
      if (operand.constraint == Constraint::fixed) {
        fixed_early.add(operand.fixed_register());
        if (late) late_forbidden.add(operand.fixed_register());
      }
    } else if (operand.constraint == Constraint::fixed) {
      late_forbidden.add(operand.fixed_register());
      if (!late) fixed_early.add(operand.fixed_register());
    } else if (operand.constraint == Constraint::reuse) {
      const Operand& use = operands[operand.detail];
      if (use.constraint == Constraint::fixed) late_forbidden.add(use.fixed_register());
    }
  }
  early_busy_ = late_busy_ = reuse_busy_ = PRegSet();
  if (!fixed_early.empty() || !late_forbidden.empty()) clear_conflicts(fixed_early, late_forbidden);
  place_uses(operands, result, fixed_early, late_forbidden);
  early_busy_ = early_busy_ | fixed_early;
  place_defs(inst, operands, result, late_forbidden);
  if (has(inst.flags, InstFlag::safepoint)) note_safepoint();
  finish_group();
}

void Allocator::add_move(uint32_t before, const RawMove& move) {
  moves_.push_back(move);
  moves_.back().next = first_move_[before];
  first_move_[before] = static_cast<uint32_t>(moves_.size() - 1);
}

void Allocator::finish_group() {
  for (const GroupEntry& entry : group_)
    if (entry.to.valid() && entry.to != entry.from)
      add_move(inst_, {entry.value, entry.value, entry.from, entry.to, entry.from_clean, kNone});
  for (const Copy& copy : copies_) add_move(inst_, {copy.value, copy.value, copy.from, copy.to, false, kNone});
  for (const RawMove& move : stores_) add_move(inst_, move);
  group_.clear();
  copies_.clear();
  stores_.clear();
}

}  // namespace cairn::codegen::regalloc
