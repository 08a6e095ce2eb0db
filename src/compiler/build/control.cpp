// Builds blocks and branches. merges.cpp brings the values of branches together at the end of a block.
#include <algorithm>

#include "compiler/build/builder.hpp"

namespace cairn::compiler {

using ir::BranchHint;
using ir::Instruction;
using ir::Opcode;
using ir::Target;
using wasm::Reachability;

namespace {

// Returns the hint for the same branch with its two targets swapped.
BranchHint inverted(BranchHint hint) {
  switch (hint) {
    case BranchHint::none: return BranchHint::none;
    case BranchHint::likely: return BranchHint::unlikely;
    case BranchHint::unlikely: return BranchHint::likely;
  }
  CAIRN_UNREACHABLE();
}

}  // namespace

// --- blocks

ir::Block Builder::create_block() {
  const Block block = function_.create_block();
  function_[block].loop_depth = loop_depth_;
  return block;
}

void Builder::start_block(Block block) {
  insert_.append_to(block);
  is_live_ = true;
}

ir::Value Builder::terminate(Instruction terminator) {
  is_live_ = false;
  return insert_.place(terminator);
}

uint32_t Builder::terminate(Opcode opcode, uint32_t count, Value operand, BranchHint hint) {
  const uint32_t first = static_cast<uint32_t>(function_.target_lists.size());
  function_.target_lists.resize(first + count);
  Instruction inst;
  inst.opcode = opcode;
  inst.aux = static_cast<uint8_t>(hint);
  inst.operands[0] = operand;
  inst.extra = first;
  inst.immediate = count;
  terminate(inst);
  return first;
}

ir::Value Builder::trap(wasm::TrapKind kind) {
  Instruction inst;
  inst.opcode = Opcode::trap;
  inst.aux = static_cast<uint8_t>(kind);
  function_[insert_.block()].is_cold = true;
  return terminate(inst);
}

Builder::Frame& Builder::push_frame(FrameKind kind, const wasm::BlockSignature& signature) {
  Frame frame;
  frame.kind = kind;
  frame.param_count = static_cast<uint32_t>(signature.params().size());
  frame.result_count = static_cast<uint32_t>(signature.results().size());
  frame.label_count = kind == FrameKind::loop ? frame.param_count : frame.result_count;
  frame.height = static_cast<uint32_t>(stack_.size()) - frame.param_count;
  frame.log_mark = static_cast<uint32_t>(log_.size());
  frame.table_mark = insert_.table().mark();
  frames_.push_back(frame);
  return frames_.back();
}

// --- instructions

void Builder::unreachable() { trap(wasm::TrapKind::unreachable); }

void Builder::block(const wasm::BlockSignature& signature) { push_frame(FrameKind::block, signature); }

void Builder::loop(const wasm::BlockSignature& signature) {
  const std::span<const uint32_t> written = loop_scan_.written_by(offset_);
  Frame& frame = push_frame(FrameKind::loop, signature);
  frame.first_saved = static_cast<uint32_t>(loop_locals_.size());
  frame.saved_count = static_cast<uint32_t>(written.size());
  loop_locals_.append(written);

  const uint32_t target = terminate(Opcode::jump, 1, Value::none(), BranchHint::none);
  ++loop_depth_;
  frame.block = create_block();
  // The jump into the loop passes arguments like any other branch to the loop, but it is not a back edge, so it does
  // not make the block a loop header.
  connect(0, target);
  function_[frame.block].is_loop_header = false;
  start_block(frame.block);
  for (uint32_t i = 0; i < frame.param_count; ++i) {
    Value& value = stack_[frame.height + i];
    value = function_.append_param(frame.block, function_[value].type);
  }
  for (const uint32_t local : written) write_local(local, function_.append_param(frame.block, locals_[local].type));
}

Reachability Builder::if_(const wasm::BlockSignature& signature) {
  bool is_inverted = false;
  const Value condition = insert_.peel_condition(pop(), is_inverted);
  BranchHint hint = next_hint();
  Frame& frame = push_frame(FrameKind::if_, signature);
  frame.block = insert_.block();
  frame.first_saved = static_cast<uint32_t>(saved_.size());
  frame.saved_count = frame.param_count;
  saved_.append(top(frame.param_count));
  // A constant condition needs no branch: the code of the arm that runs follows in the current block.
  if (const auto known = insert_.simplifies() ? insert_.constant(condition) : std::nullopt) {
    frame.arms = (*known != 0) != is_inverted ? Arms::then_only : Arms::else_only;
    is_live_ = frame.arms == Arms::then_only;
    return is_live_ ? Reachability::live : Reachability::dead;
  }
  if (is_inverted) hint = inverted(hint);
  const uint32_t targets = terminate(Opcode::branch, 2, condition, hint);
  frame.else_target = targets + (is_inverted ? 0 : 1);
  const Block then_block = create_block();
  function_.target_lists[targets + (is_inverted ? 1 : 0)].block = then_block;
  start_block(then_block);
  return Reachability::live;
}

Reachability Builder::else_() {
  if (is_live_) jump_to(0);
  Frame& frame = frames_.back();
  frame.kind = FrameKind::else_;
  undo_locals(frame.log_mark);
  insert_.table().rollback(frame.table_mark);
  stack_.resize(frame.height);
  if (frame.arms == Arms::then_only) {
    is_live_ = false;
    return Reachability::dead;
  }
  stack_.append(saved_.as_span().subspan(frame.first_saved, frame.saved_count));
  if (frame.arms == Arms::else_only) {
    start_block(frame.block);
  } else {
    const Block block = create_block();
    function_.target_lists[frame.else_target].block = block;
    start_block(block);
  }
  return Reachability::live;
}

Reachability Builder::end_block() {
  Frame& frame = frames_.back();
  if (frame.kind == FrameKind::loop) {
    --loop_depth_;
    loop_locals_.resize(frame.first_saved);
    if (!is_live_) stack_.resize(frame.height);
    frames_.pop_back();
    return is_live_ ? Reachability::live : Reachability::dead;
  }
  if (frame.kind >= FrameKind::try_table) return end_region();
  if (frame.kind == FrameKind::if_ && frame.arms != Arms::then_only) {
    // There is no else arm, so the parameters are the results if the condition is zero.
    if (frame.arms == Arms::else_only) {
      undo_locals(frame.log_mark);
      insert_.table().rollback(frame.table_mark);
      stack_.resize(frame.height);
      stack_.append(saved_.as_span().subspan(frame.first_saved, frame.saved_count));
      start_block(frame.block);
    } else {
      if (is_live_) jump_to(0);
      const uint32_t first_value = static_cast<uint32_t>(edge_values_.size());
      edge_values_.append(saved_.as_span().subspan(frame.first_saved, frame.saved_count));
      edges_.push_back({frame.first_edge, frame.else_target, frame.block, first_value, 0, 0});
      frame.first_edge = static_cast<uint32_t>(edges_.size() - 1);
    }
  }
  if (frame.kind == FrameKind::if_ || frame.kind == FrameKind::else_) saved_.resize(frame.first_saved);
  return merge(frame);
}

void Builder::br(uint32_t depth) { jump_to(depth); }

Reachability Builder::br_if(uint32_t depth) { return branch_to(depth, pop(), true); }

void Builder::br_table(std::span<const uint32_t> depths) {
  const Value index = pop();
  if (const auto known = insert_.simplifies() ? insert_.constant(index) : std::nullopt) {
    const uint64_t i = static_cast<uint32_t>(*known);
    return jump_to(i < depths.size() ? depths[static_cast<size_t>(i)] : depths.back());
  }
  if (std::ranges::all_of(depths, [&](uint32_t depth) { return depth == depths.front(); }))
    return jump_to(depths.front());

  const uint32_t first = terminate(Opcode::br_table, static_cast<uint32_t>(depths.size()), index, BranchHint::none);
  // A br_table may name a label many times. Each label gets one new block, which jumps on to the label with the values
  // that a branch to the label passes.
  ArenaVector<uint32_t> order(function_.arena);
  ArenaVector<Block> block_of(function_.arena);
  const uint32_t frame_count = static_cast<uint32_t>(frames_.size());
  if (slots_.size() < frame_count) slots_.resize(frame_count);
  if (stamps_.size() < frame_count) stamps_.resize(frame_count);
  ++stamp_;
  for (size_t i = 0; i < depths.size(); ++i) {
    const uint32_t depth = depths[i];
    if (stamps_[depth] != stamp_) {
      stamps_[depth] = stamp_;
      slots_[depth] = static_cast<uint32_t>(order.size());
      order.push_back(depth);
      block_of.push_back(create_block());
    }
    function_.target_lists[first + i].block = block_of[slots_[depth]];
  }
  for (size_t i = 0; i < order.size(); ++i) {
    if (is_over_limit()) return;
    start_block(block_of[i]);
    jump_to(order[i]);
  }
}

void Builder::return_() {
  const uint32_t count = frames_[0].result_count;
  Instruction inst;
  inst.opcode = Opcode::return_;
  inst.extra = function_.add_values(top(count));
  inst.immediate = count;
  terminate(inst);
}

// --- branches

BranchHint Builder::next_hint() {
  while (!hints_.empty() && hints_.front().offset + body_offset_ < offset_) hints_ = hints_.subspan(1);
  if (hints_.empty() || hints_.front().offset + body_offset_ != offset_) return BranchHint::none;
  return hints_.front().likely ? BranchHint::likely : BranchHint::unlikely;
}

void Builder::jump_to(uint32_t depth) {
  if (frame_at(depth).kind == FrameKind::function) return return_();
  connect(depth, terminate(Opcode::jump, 1, Value::none(), BranchHint::none));
}

Reachability Builder::branch_to(uint32_t depth, Value condition, bool when_nonzero) {
  bool is_inverted = !when_nonzero;
  condition = insert_.peel_condition(condition, is_inverted);
  BranchHint hint = next_hint();
  if (const auto known = insert_.simplifies() ? insert_.constant(condition) : std::nullopt) {
    if ((*known != 0) == is_inverted) return Reachability::live;
    jump_to(depth);
    return Reachability::dead;
  }
  if (is_inverted) hint = inverted(hint);
  const uint32_t first = terminate(Opcode::branch, 2, condition, hint);
  const uint32_t taken = first + (is_inverted ? 1 : 0);
  const uint32_t other = first + (is_inverted ? 0 : 1);
  if (frame_at(depth).kind == FrameKind::function) {
    const Block block = create_block();
    function_.target_lists[taken].block = block;
    start_block(block);
    return_();
  } else {
    connect(depth, taken);
  }
  const Block block = create_block();
  function_.target_lists[other].block = block;
  start_block(block);
  return Reachability::live;
}

void Builder::connect(uint32_t depth, uint32_t target) {
  const Frame& frame = frame_at(depth);
  if (frame.kind != FrameKind::loop) return record_edge(depth, target);
  function_[frame.block].is_loop_header = true;
  Target& to = function_.target_lists[target];
  to.block = frame.block;
  to.first_argument = function_.add_values(top(frame.label_count));
  to.argument_count = frame.label_count + frame.saved_count;
  for (uint32_t i = 0; i < frame.saved_count; ++i) {
    function_.value_lists.push_back(locals_[loop_locals_[frame.first_saved + i]].value);
  }
}

void Builder::record_edge(uint32_t depth, uint32_t target) {
  Frame& frame = frame_at(depth);
  // Entries of the value table that were made inside an inner block may be forgotten at that block's end, and later
  // entries then take their places. So mark_for() returns the mark from before the inner blocks inside this frame.
  frame.merge_mark = std::min(frame.merge_mark, mark_for(depth));
  frame.first_edge = add_edge(frame, target, frame.label_count, frame.first_edge);
}

uint32_t Builder::add_edge(const Frame& frame, uint32_t target, uint32_t count, uint32_t next) {
  const uint32_t first_value = static_cast<uint32_t>(edge_values_.size());
  edge_values_.append(top(count));
  const uint32_t first_local = static_cast<uint32_t>(edge_locals_.size());
  ++stamp_;
  merge_work_ += log_.size() - frame.log_mark;
  for (size_t i = log_.size(); i-- > frame.log_mark;) {
    const uint32_t local = log_[i].local;
    if (stamps_[local] == stamp_) continue;
    stamps_[local] = stamp_;
    edge_locals_.push_back({local, locals_[local].value});
  }
  edges_.push_back({next, target, insert_.block(), first_value, first_local,
                    static_cast<uint32_t>(edge_locals_.size()) - first_local});
  return static_cast<uint32_t>(edges_.size() - 1);
}

}  // namespace cairn::compiler
