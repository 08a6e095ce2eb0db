// Merges the values that branches pass to the end of a block: operands and locals become parameters if they differ.
#include <algorithm>

#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using ir::Opcode;
using wasm::Reachability;

Reachability Builder::merge(Frame& frame) {
  if (frame.first_edge == kNone && is_live_) {
    // No branch leads to the end, so control only falls through to it. For an `if`, one arm falls through, and the
    // other arm never reaches the end.
    frames_.pop_back();
    return Reachability::live;
  }
  if (is_live_) jump_to(0);
  const Frame ended = frame;
  frames_.pop_back();

  undo_locals(ended.log_mark);
  stack_.resize(ended.height);
  // No value that was made in an arm of an `if` dominates the end. For other blocks, the values that were made before
  // the first branch to the end dominate it.
  const bool has_arms = ended.kind == FrameKind::if_ || ended.kind == FrameKind::else_;
  insert_.table().rollback(has_arms ? ended.table_mark : std::min(ended.merge_mark, insert_.table().mark()));
  if (ended.first_edge == kNone) return Reachability::dead;
  const Edge& last = edges_[ended.first_edge];
  if (last.next == kNone) {
    merge_one(ended, last);
  } else {
    merge_many(ended);
  }
  return Reachability::live;
}

void Builder::merge_one(const Frame& frame, const Edge& edge) {
  for (uint32_t i = 0; i < edge.local_count; ++i) {
    const LocalValue& entry = edge_locals_[edge.first_local + i];
    write_local(entry.local, entry.value);
  }
  stack_.append(edge_values_.as_span().subspan(edge.first_value, frame.result_count));
  const Value terminator = function_.terminator(edge.from);
  if (function_[terminator].opcode == Opcode::jump) {
    function_.remove(terminator);
    start_block(edge.from);
    return;
  }
  const Block block = create_block();
  function_.target_lists[edge.target].block = block;
  start_block(block);
}

void Builder::merge_many(const Frame& frame) {
  const Block block = create_block();
  // A local that some branch has changed. slots_ has the index in `merged` for each such local.
  struct Merged {
    uint32_t local;
    Value value;     // the local's value at one of the branches that have changed it; later its value before the block
    uint32_t count;  // number of branches that have changed it
    bool differs;    // whether the local has different values at the branches
  };
  ArenaVector<Merged> merged(function_.arena);
  ++stamp_;
  uint32_t edge_count = 0;
  for (uint32_t e = frame.first_edge; e != kNone; e = edges_[e].next) {
    ++edge_count;
    const Edge& edge = edges_[e];
    for (uint32_t i = 0; i < edge.local_count; ++i) {
      const LocalValue& entry = edge_locals_[edge.first_local + i];
      if (stamps_[entry.local] != stamp_) {
        stamps_[entry.local] = stamp_;
        slots_[entry.local] = static_cast<uint32_t>(merged.size());
        merged.push_back({entry.local, entry.value, 1, false});
      } else {
        Merged& slot = merged[slots_[entry.local]];
        ++slot.count;
        slot.differs |= slot.value != entry.value;
      }
    }
  }
  // Results that differ become the first parameters, and locals that differ follow. The list of edges begins with the
  // latest branch.
  const Edge& last = edges_[frame.first_edge];
  ArenaVector<uint32_t> results(function_.arena);
  for (uint32_t r = 0; r < frame.result_count; ++r) {
    const Value value = edge_values_[last.first_value + r];
    bool differs = false;
    for (uint32_t e = last.next; e != kNone && !differs; e = edges_[e].next) {
      differs = edge_values_[edges_[e].first_value + r] != value;
    }
    if (differs) {
      results.push_back(r);
      push(function_.append_param(block, function_[value].type));
    } else {
      push(value);
    }
  }
  size_t params = 0;
  for (size_t i = 0; i < merged.size(); ++i) {
    Merged& slot = merged[i];
    const Value before = locals_[slot.local].value;
    if (slot.count < edge_count) slot.differs |= slot.value != before;
    if (!slot.differs) continue;
    merged[params++] = {slot.local, before, 0, true};
  }
  // Locals that do not differ leave the list, and get their values from the last branch.
  for (uint32_t i = 0; i < last.local_count; ++i) {
    const LocalValue& entry = edge_locals_[last.first_local + i];
    stamps_[entry.local] = stamp_;
    slots_[entry.local] = kNone;
  }
  merged.resize(params);
  for (uint32_t i = 0; i < params; ++i) slots_[merged[i].local] = i;
  for (uint32_t i = 0; i < last.local_count; ++i) {
    const LocalValue& entry = edge_locals_[last.first_local + i];
    if (slots_[entry.local] == kNone) write_local(entry.local, entry.value);
  }

  // For a local that became a parameter, each branch passes the value before the block, unless the branch has changed
  // the local.
  ArenaVector<Value> arguments(function_.arena);
  for (uint32_t e = frame.first_edge; e != kNone; e = edges_[e].next) {
    const Edge& edge = edges_[e];
    arguments.clear();
    for (const uint32_t r : results) arguments.push_back(edge_values_[edge.first_value + r]);
    const size_t base = arguments.size();
    for (const Merged& slot : merged) arguments.push_back(slot.value);
    for (uint32_t i = 0; i < edge.local_count; ++i) {
      const LocalValue& entry = edge_locals_[edge.first_local + i];
      const uint32_t slot = slots_[entry.local];
      if (slot < merged.size() && merged[slot].local == entry.local) arguments[base + slot] = entry.value;
    }
    function_.target_lists[edge.target] = {block, function_.add_values(arguments.as_span()),
                                           static_cast<uint32_t>(arguments.size())};
  }
  for (const Merged& slot : merged) {
    write_local(slot.local, function_.append_param(block, function_[slot.value].type));
  }
  start_block(block);
}

}  // namespace cairn::compiler
