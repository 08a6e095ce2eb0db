// Decides where values are at the beginning of a block, and adds the moves on the edges into it.
#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "compiler/codegen/allocation/regalloc_state.hpp"

namespace cairn::codegen::regalloc {
namespace {

// Weights of predecessors in votes: a cold one hardly counts.
constexpr uint32_t kHotWeight = 64;
constexpr uint32_t kColdWeight = 1;
// These limits keep the time linear.
constexpr uint32_t kLoopScan = 2000;  // the most operands of a loop that gather_from_memory() looks at
constexpr uint32_t kUseScan = 64;     // the most uses of a value that loop_weight() looks at
// The next use of a value is near if it is at most this many points away: 40 instructions.
constexpr uint64_t kNear = 4 * 40;

}  // namespace

uint32_t Allocator::loop_of_header(uint32_t block) const {
  const uint32_t loop = live_.loop_of[block];
  return loop != kNone && live_.loops[loop].first == block ? loop : kNone;
}

void Allocator::begin_block(uint32_t block) {
  occupied_.for_each([&](PReg reg) { state(std::exchange(occupant_[reg.number()], VReg())).reg = PReg(); });
  occupied_ = {};
  block_ = block;
  inst_ = function_.blocks[block].first_inst;
  const std::span<const MBlock> predecessors = function_.predecessors(function_.blocks[block]);
  if (predecessors.size() == 1 && function_.blocks[block].param_count == 0 && predecessors[0].index() < block) {
    enter_from_one(block, predecessors[0].index());
  } else if (!predecessors.empty()) {
    enter_merge(block);
  }
}

void Allocator::end_block(uint32_t block) {
  for (VReg argument : function_.arguments(function_.blocks[block])) {
    uint32_t& next = state(argument).next_use;
    next = live_.uses[next].next;
  }
  exits_[block].first = static_cast<uint32_t>(held_.size());
  occupied_.for_each([&](PReg reg) {
    const VReg value = occupant_[reg.number()];
    held_.push_back({value, reg, is_clean(value)});
  });
  exits_[block].count = static_cast<uint32_t>(held_.size()) - exits_[block].first;
  for (MBlock successor : function_.successors(function_.blocks[block])) {
    if (successor.index() > block) continue;
    CAIRN_ASSERT(function_.blocks[block].successor_count == 1);
    load_exit(block);
    connect_edge(block, successor.index());
  }
}

void Allocator::enter_from_one(uint32_t block, uint32_t predecessor) {
  const Point begin = live_.block_begin(block);
  const HeldRange range = exits_[predecessor];
  for (uint32_t i = 0; i < range.count; ++i) {
    const Held held = held_[range.first + i];
    if (!is_live_from(held.value, begin)) continue;
    state(held.value).clean = held.clean;
    occupy(held.value, held.reg);
  }
}

// Records the predecessor's registers in exit_stamp, exit_reg and exit_clean.
void Allocator::load_exit(uint32_t predecessor) {
  ++exit_stamp_;
  const HeldRange range = exits_[predecessor];
  for (uint32_t i = 0; i < range.count; ++i) {
    const Held& held = held_[range.first + i];
    ValueState& data = state(held.value);
    data.exit_stamp = exit_stamp_;
    data.exit_reg = held.reg;
    data.exit_clean = held.clean;
  }
}

void Allocator::vote(Item& item, PReg reg, uint32_t weight) {
  item.in_register += weight;
  ++item.seen;
  for (unsigned k = 0; k < 3; ++k) {
    if (item.vote[k].valid() && item.vote[k] != reg) continue;
    item.vote[k] = reg;
    item.weight[k] += weight;
    if (k != 0 && item.weight[k] > item.weight[0]) {
      std::swap(item.weight[k], item.weight[0]);
      std::swap(item.vote[k], item.vote[0]);
    }
    return;
  }
}

// Gathers the values that are in registers at the ends of the predecessors.
void Allocator::gather_items(uint32_t block, uint32_t loop) {
  items_.clear();
  ++item_stamp_;
  const Point begin = live_.block_begin(block);
  uint32_t total = 0;
  uint32_t count = 0;
  for (MBlock p : function_.predecessors(function_.blocks[block])) {
    if (p.index() >= block) continue;
    const uint32_t weight = function_.blocks[p.index()].is_cold ? kColdWeight : kHotWeight;
    total += weight;
    ++count;
    const HeldRange range = exits_[p.index()];
    for (uint32_t i = 0; i < range.count; ++i) {
      const Held& held = held_[range.first + i];
      ValueState& data = state(held.value);
      if (data.item_stamp != item_stamp_) {
        if (!is_live_from(held.value, begin)) continue;
        data.item_stamp = item_stamp_;
        data.item_index = static_cast<uint32_t>(items_.size());
        items_.push_back(Item{.value = held.value});
      }
      Item& item = items_[data.item_index];
      vote(item, held.reg, weight);
      item.clean = item.clean && held.clean;
    }
  }
  // Decides which values are worth a register, and removes dead values from the list.
  size_t kept = 0;
  for (size_t i = 0; i < items_.size(); ++i) {
    Item item = items_[i];
    ValueState& data = state(item.value);
    item.some_memory = item.seen < count;
    const bool unavailable = item.some_memory && !data.needs_slot && !data.rematerialize.valid();
    bool keep = !unavailable && item.in_register * 2 >= total;
    if (unavailable) {
      data.item_stamp = kNone;  // the value is dead here; only its approximate live range covers the block
      continue;
    }
    item.rank = use_distance(item.value);
    // Some predecessors would have to load the value, and none would have to store it. If the next use is not near, a
    // later load is better.
    if (item.some_memory && item.clean && item.rank > kNear) keep = false;
    if (loop != kNone) item.loop_weight = loop_weight(item.value, loop);
    // Values without a register stay in the list, for the stores on the edges; see enter_merge().
    if (!keep) item.rank = kDropped;
    items_[kept] = item;
    data.item_index = static_cast<uint32_t>(kept++);
  }
  while (items_.size() > kept) items_.pop_back();
}

// The weight of a value's uses in a loop. Each block with a use counts 1, times 8 for each nested loop around the
// block. Blocks that are cold do not count.
uint32_t Allocator::loop_weight(VReg value, uint32_t loop_id) {
  const LoopInfo& loop = live_.loops[loop_id];
  uint32_t weight = 0;
  uint32_t previous = kNone;
  uint32_t use = state(value).next_use;
  for (uint32_t scanned = 0; use != kNone && scanned < kUseScan; ++scanned, use = live_.uses[use].next) {
    const uint32_t block = live_.uses[use].block;
    if (block > loop.last) break;
    if (block == previous) continue;
    previous = block;
    if (function_.blocks[block].is_cold) continue;
    if (weight == 0) state(value).loop_use = live_.uses[use].point;
    const uint32_t deeper = live_.loops[live_.loop_of[block]].depth - loop.depth;
    weight += uint32_t{1} << std::min(3 * deeper, 12u);
  }
  return weight;
}

// Gathers the parameters of the block that are used, except those that shall stay in memory.
void Allocator::gather_params(uint32_t block, uint32_t loop) {
  const std::span<const VReg> params = function_.params(function_.blocks[block]);
  const bool is_header = loop != kNone;
  for (size_t k = 0; k < params.size(); ++k) {
    ValueState& data = state(params[k]);
    data.entry_reg = PReg();
    if (data.next_use == kNone || !has_registers(class_of(params[k]))) continue;
    Item item{.value = params[k], .is_param = true};
    item.clean = false;
    bool some_free_source = false;
    for (MBlock p : function_.predecessors(function_.blocks[block])) {
      if (p.index() >= block) continue;
      const VReg argument = function_.arguments(function_.blocks[p.index()])[k];
      const uint32_t weight = function_.blocks[p.index()].is_cold ? kColdWeight : kHotWeight;
      const HeldRange range = exits_[p.index()];
      bool found = false;
      for (uint32_t i = 0; i < range.count && !found; ++i) {
        const Held& held = held_[range.first + i];
        if (held.value != argument) continue;
        vote(item, held.reg, weight);
        found = true;
      }
      some_free_source |= found || state(argument).rematerialize.valid();
    }
    item.rank = use_distance(item.value);
    const bool near = live_.uses[data.next_use].block == block || is_header;
    if (!some_free_source && !near) {
      data.needs_slot = true;  // the parameter stays in memory, as all its arguments are there
      data.clean = true;
      continue;
    }
    if (is_header) item.loop_weight = loop_weight(item.value, loop);
    items_.push_back(item);
  }
}

// Gathers values that are in memory in front of a loop and used in the loop, as far as there are registers for them.
void Allocator::gather_from_memory(uint32_t block, uint32_t loop_id) {
  const LoopInfo& loop = live_.loops[loop_id];
  uint32_t wanted[kRegClasses];
  bool any = false;
  for (unsigned c = 0; c < kRegClasses; ++c) {
    const uint32_t size = static_cast<uint32_t>(allocatable_[c].size());
    const uint32_t in_registers = loop.pressure[c] - std::min(loop.pressure[c], in_memory_[c]);
    wanted[c] = in_memory_[c] != 0 && size > in_registers ? size - in_registers : 0;
    any |= wanted[c] != 0;
  }
  if (!any) return;
  const Point begin = live_.block_begin(block);
  uint32_t budget = kLoopScan;
  for (uint32_t b = loop.first; b <= loop.last && budget != 0; ++b) {
    if (function_.blocks[b].is_cold) continue;
    for (uint32_t i = function_.blocks[b].first_inst; i < function_.blocks[b].end_inst && budget != 0; ++i) {
      for (const Operand& operand : function_.operands_of(function_.insts[i])) {
        budget -= budget != 0;
        if (operand.kind != OperandKind::use) continue;
        ValueState& data = state(operand.reg);
        const unsigned c = static_cast<unsigned>(class_of(operand.reg));
        if (wanted[c] == 0 || data.item_stamp == item_stamp_ || live_.vregs[operand.reg.index()].def_block >= block)
          continue;
        if (!data.needs_slot || data.rematerialize.valid() || !has_registers(class_of(operand.reg))) continue;
        if (!is_live_from(operand.reg, begin)) continue;
        Item item{.value = operand.reg};
        item.some_memory = true;
        item.loop_weight = loop_weight(operand.reg, loop_id);
        item.rank = UINT32_MAX - item.loop_weight;
        // Loading the value is pointless if a call comes before its use.
        const PReg free = pick_free(operand.reg, PRegSet(), begin);
        if (!free.valid() || next_event(free, begin) < early_point(i)) continue;
        data.item_stamp = item_stamp_;
        data.item_index = static_cast<uint32_t>(items_.size());
        items_.push_back(item);
        --wanted[c];
      }
    }
  }
}

// Takes registers from values at the header of a loop that needs more registers than there are. Values that the loop
// does not use lose theirs first. Values that the loop uses lose theirs only if the blocks outside of nested loops need
// more registers than there are; the least used values come first.
void Allocator::limit_pressure(uint32_t loop_id) {
  const LoopInfo& loop = live_.loops[loop_id];
  for (unsigned c = 0; c < kRegClasses; ++c) {
    const uint32_t size = static_cast<uint32_t>(allocatable_[c].size());
    order_.clear();
    for (uint32_t i = 0; i < items_.size(); ++i)
      if (items_[i].rank != kDropped && class_of(items_[i].value) == static_cast<RegClass>(c)) order_.push_back(i);
    const uint32_t held = static_cast<uint32_t>(order_.size());
    in_memory_[c] = loop.entry_live[c] - std::min(loop.entry_live[c], held);
    std::ranges::sort(order_.as_span(), [&](uint32_t a, uint32_t b) {
      const Item &x = items_[a], &y = items_[b];
      return x.loop_weight != y.loop_weight ? x.loop_weight < y.loop_weight : a < b;
    });
    const auto excess = [&](uint32_t pressure) {
      const uint32_t taken = size + in_memory_[c];
      return pressure > taken ? pressure - taken : 0;
    };
    const uint32_t whole = excess(loop.pressure[c]), own = excess(loop.own_pressure[c]);
    uint32_t dropped = 0;
    for (uint32_t i : order_) {
      Item& item = items_[i];
      if (dropped >= (item.loop_weight == 0 ? whole : own)) break;
      item.rank = kDropped;
      ++dropped;
    }
    in_memory_[c] += dropped;
  }
  // The most used values come first.
  for (Item& item : items_)
    if (item.rank != kDropped) item.rank = UINT32_MAX - item.loop_weight;
}

// Gives registers to the items in the order of their ranks.
void Allocator::assign_items(uint32_t block, uint32_t loop) {
  const Point begin = live_.block_begin(block);
  const Point loop_end = loop != kNone ? live_.block_end(live_.loops[loop].last) : 0;
  order_.clear();
  for (uint32_t i = 0; i < items_.size(); ++i)
    if (items_[i].rank != kDropped) order_.push_back(i);
  std::ranges::sort(order_.as_span(), [&](uint32_t a, uint32_t b) {
    return items_[a].rank != items_[b].rank ? items_[a].rank < items_[b].rank : a < b;
  });
  auto give = [&](Item& item, PReg reg) {
    item.reg = reg;
    occupy(item.value, reg);
  };
  // Values stay in their registers if possible.
  for (uint32_t i : order_) {
    Item& item = items_[i];
    const std::span<const PReg> candidates = allocatable(class_of(item.value));
    for (unsigned k = 0; k < 3 && !item.reg.valid(); ++k) {
      const PReg reg = item.vote[k];
      if (!reg.valid() || occupant_[reg.number()].valid()) continue;
      if (std::ranges::find(candidates, reg) == candidates.end()) continue;
      const Point end = live_.end_of(item.value);
      if (loop != kNone && next_event(reg, begin) < std::min(end, loop_end)) continue;
      if (item.is_param && next_event(reg, begin) < end) continue;
      give(item, reg);
    }
  }
  // Each of the other values gets a free register, or takes the register of a value with a higher rank.
  for (size_t position = 0; position < order_.size(); ++position) {
    Item& item = items_[order_[position]];
    if (item.reg.valid()) continue;
    PReg reg = pick_free(item.value, PRegSet(), begin, item.vote[0]);
    if (reg.valid() && item.vote[0].valid() && !occupant_[item.vote[0].number()].valid() &&
        next_event(item.vote[0], begin) >= next_event(reg, begin) &&
        std::ranges::find(allocatable(class_of(item.value)), item.vote[0]) != allocatable(class_of(item.value)).end())
      reg = item.vote[0];
    if (!reg.valid()) {
      // The item takes the register of the last item after it in the order that has one.
      for (size_t last = order_.size(); last-- > position + 1;) {
        Item& victim = items_[order_[last]];
        if (!victim.reg.valid()) continue;
        const std::span<const PReg> candidates = allocatable(class_of(item.value));
        if (std::ranges::find(candidates, victim.reg) == candidates.end()) continue;
        reg = victim.reg;
        release(victim.value);
        victim.reg = PReg();
        victim.rank = kDropped;
        break;
      }
      if (!reg.valid()) continue;
    }
    if (loop != kNone) {
      const Point end = std::min(loop_end, live_.end_of(item.value));
      if (next_event(reg, begin) < end) {
        // Something overwrites the register in the loop. A register that lasts to the end of the loop is better, if the
        // loop uses its present value less.
        const std::span<const PReg> candidates = allocatable(class_of(item.value));
        for (size_t last = order_.size(); last-- > position + 1;) {
          Item& victim = items_[order_[last]];
          if (!victim.reg.valid() || victim.loop_weight + 1 >= item.loop_weight) continue;
          if (next_event(victim.reg, begin) < end) continue;
          if (std::ranges::find(candidates, victim.reg) == candidates.end()) continue;
          reg = victim.reg;
          release(victim.value);
          victim.reg = PReg();
          break;
        }
      }
      // If the loop has more blocks with calls than uses of the value, the value would be loaded again more often than
      // it is used. Then it gets no register.
      if (next_event(reg, begin) < end && item.loop_weight < live_.loops[loop].calls) {
        item.rank = kDropped;
        continue;
      }
    }
    give(item, reg);
  }
}

void Allocator::enter_merge(uint32_t block) {
  const uint32_t loop = loop_of_header(block);
  gather_items(block, loop);
  gather_params(block, loop);
  if (loop != kNone) {
    limit_pressure(loop);
    gather_from_memory(block, loop);
  }
  assign_items(block, loop);
  // A value that got no register is in memory in this block. The moves on the edges store it to its slot.
  for (const Item& item : items_) {
    ValueState& data = state(item.value);
    if (item.reg.valid()) {
      data.clean = !item.is_param && item.clean;
      if (item.is_param) {
        data.entry_reg = item.reg;
        remember(item.value, item.reg);
      }
    } else {
      data.clean = true;
      if (!data.rematerialize.valid()) data.needs_slot = true;
    }
  }
  for (VReg param : function_.params(function_.blocks[block])) {
    ValueState& data = state(param);
    if (data.next_use == kNone || data.entry_reg.valid()) continue;
    data.needs_slot = true;
    data.clean = true;
  }
  entries_[block].first = static_cast<uint32_t>(held_.size());
  for (const Item& item : items_)
    if (item.reg.valid() && !item.is_param) held_.push_back({item.value, item.reg, item.clean});
  entries_[block].count = static_cast<uint32_t>(held_.size()) - entries_[block].first;

  for (MBlock p : function_.predecessors(function_.blocks[block])) {
    if (p.index() >= block) continue;
    load_exit(p.index());
    // A value that is in a register in this predecessor, but gets none in the block, must be stored to its slot.
    const HeldRange range = exits_[p.index()];
    for (uint32_t i = 0; i < range.count; ++i) {
      const Held held = held_[range.first + i];
      const ValueState& data = state(held.value);
      if (held.clean || data.item_stamp != item_stamp_ || items_[data.item_index].reg.valid() ||
          data.rematerialize.valid())
        continue;
      add_move(function_.blocks[p.index()].end_inst - 1, {held.value, held.value, held.reg, PReg(), false, kNone});
    }
    connect_edge(p.index(), block);
  }
}

// Adds the moves that bring values from where the predecessor leaves them to where the block expects them. load_exit()
// has been called for the predecessor.
void Allocator::connect_edge(uint32_t predecessor, uint32_t block) {
  const uint32_t before = function_.blocks[predecessor].end_inst - 1;
  const HeldRange range = entries_[block];
  for (uint32_t i = 0; i < range.count; ++i) {
    const Held held = held_[range.first + i];
    const ValueState& data = state(held.value);
    const bool in_register = data.exit_stamp == exit_stamp_;
    if (in_register && data.exit_reg == held.reg) continue;
    if (!in_register && !data.needs_slot && !data.rematerialize.valid()) continue;  // the value is dead
    add_move(before, {held.value, held.value, in_register ? data.exit_reg : PReg(), held.reg,
                      in_register && data.exit_clean, kNone});
  }
  const std::span<const VReg> params = function_.params(function_.blocks[block]);
  const std::span<const VReg> arguments = function_.arguments(function_.blocks[predecessor]);
  for (size_t k = 0; k < params.size(); ++k) {
    const ValueState& param = state(params[k]);
    if (live_.vregs[params[k].index()].first_use == Use::kNone) continue;
    const ValueState& argument = state(arguments[k]);
    const bool in_register = argument.exit_stamp == exit_stamp_;
    const PReg from = in_register ? argument.exit_reg : PReg();
    if (param.entry_reg.valid() && from == param.entry_reg) continue;
    add_move(before, {arguments[k], params[k], from, param.entry_reg, in_register && argument.exit_clean, kNone});
  }
}

}  // namespace cairn::codegen::regalloc
