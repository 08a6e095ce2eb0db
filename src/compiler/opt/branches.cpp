// Simplifies control flow: removes the code after a check that always traps, decides branches on constants, skips
// blocks that only jump, joins two blocks if only the first leads to the second, and turns a branch that only chooses
// between integers into a selection.
//
//   v1 = iconst.i32 1
//   branch v1, block1, block2          =>     the instructions of block3, with v5 in place of v4
//   block1: jump block3(v5)
//   block3(v4: i32): ...                      (if no other edge leads to block3)
//
//   branch v0, block1, block2                 v6 = select.i32 v0, v1, v2
//   block1: jump block3(v1)            =>     jump block3(v6)
//   block2: jump block3(v2)
#include <algorithm>

#include "compiler/opt/passes.hpp"
#include "compiler/opt/rewrite.hpp"

namespace cairn::opt {

using ir::Block;
using ir::Function;
using ir::Instruction;
using ir::Opcode;
using ir::Target;
using ir::Type;
using ir::Value;

namespace {

// A chain of blocks that only jump is followed for at most this many blocks, since they may form a cycle.
constexpr int kMaximumHops = 8;
// A branch that would need more selections than this stays.
constexpr size_t kMaximumSelections = 2;

// A selection is worthwhile only for values in integer registers.
bool is_selectable(Type type) { return ir::is_integer(type); }

class BranchSimplifier {
 public:
  BranchSimplifier(Function& function, Analyses& analyses)
      : function_(function),
        analyses_(analyses),
        flow_(analyses.flow()),
        replacements_(function),
        edges_in_(function.arena),
        uses_(function.arena),
        arguments_(function.arena),
        lost_(function.arena) {}

  void run() {
    count();
    for (const Block block : flow_.order()) {
      if (!is_live(block)) continue;
      cut_at_certain_trap(block);
      decide(block);
      for (size_t i = 0; i < function_.targets(function_.terminator(block)).size(); ++i) thread(block, i);
      select_instead(block);
    }
    if (may_have_lost_loop_) count_from_entry();
    for (const Block block : flow_.order()) {
      if (is_live(block)) absorb_successors(block);
    }
    replacements_.apply(function_);
    // flow_ must not be used after this call, which ends its lifetime.
    analyses_.invalidate();
    remove_unreachable(function_, analyses_.flow());
    mark_cold(analyses_.flow());
  }

 private:
  // Sets edges_in_ and uses_.
  void count() {
    edges_in_.assign(function_.block_count(), 0);
    uses_.assign(function_.value_count(), 0);
    if (!edges_in_.empty()) edges_in_[0] = 1;
    for (const Block block : flow_.order()) {
      for (Value v = function_[block].first; v; v = function_.next(v)) {
        for (const Value operand : function_.operands(v)) use(operand);
        for (const Target& target : function_.targets(v)) {
          ++edges_in_[target.block.index()];
          for (const Value argument : function_.arguments(target)) use(argument);
        }
      }
    }
  }
  void use(Value value) {
    if (value) ++uses_[value.index()];
  }

  bool is_live(Block block) const { return edges_in_[block.index()] != 0; }

  // Removes one edge to the block. If this was the last edge to the block, removes the edges from the block in the same
  // way.
  void drop_edge(Block block) {
    lost_.push_back(block);
    while (!lost_.empty()) {
      const Block b = lost_.back();
      lost_.pop_back();
      if (--edges_in_[b.index()] != 0) {
        // The edges that are left may all be back edges, which come from a loop that is not reached any more.
        may_have_lost_loop_ |= function_[b].is_loop_header;
        continue;
      }
      for (const Target& target : function_.targets(function_.terminator(b))) lost_.push_back(target.block);
    }
  }

  // Counts the edges again, from the blocks that the entry reaches. Edges in loops that are not reached do not count.
  void count_from_entry() {
    std::ranges::fill(edges_in_, 0);
    ScratchVector<Block> work(function_.arena);
    const auto enter = [&](Block block) {
      if (edges_in_[block.index()]++ == 0) work.push_back(block);
    };
    enter(Block(0));
    while (!work.empty()) {
      const Block block = work.back();
      work.pop_back();
      for (const Target& target : function_.targets(function_.terminator(block))) enter(target.block);
    }
  }

  // Returns the value if it is an integer constant.
  std::optional<int64_t> constant(Value value) const {
    const Instruction& inst = function_[value];
    return inst.opcode == Opcode::iconst ? std::optional(inst.immediate) : std::nullopt;
  }

  // Looks for a check that always traps. The first one becomes the terminator of the block, and the code after it is
  // removed.
  void cut_at_certain_trap(Block block) {
    for (Value v = function_[block].first; v; v = function_.next(v)) {
      Instruction& inst = function_[v];
      if (inst.opcode != Opcode::trap_if && inst.opcode != Opcode::trap_unless) continue;
      const auto condition = constant(inst.operands[0]);
      if (!condition || (*condition != 0) != (inst.opcode == Opcode::trap_if)) continue;
      for (const Target& target : function_.targets(function_.terminator(block))) drop_edge(target.block);
      for (Value after = function_.next(v); after;) {
        const Value next = function_.next(after);
        function_.remove(after);
        after = next;
      }
      inst.opcode = Opcode::trap;
      inst.operands[0] = Value::none();
      function_[block].is_cold = true;
      return;
    }
  }

  // Replaces the terminator by a jump to `to`, which is one of its targets.
  void make_jump(Block block, const Target& to) {
    const Value terminator = function_.terminator(block);
    const Target kept = to;
    for (const Target& target : function_.targets(terminator)) {
      if (&target != &to) drop_edge(target.block);
    }
    Instruction& inst = function_[terminator];
    inst.opcode = Opcode::jump;
    inst.aux = 0;
    inst.operands[0] = Value::none();
    function_.set_targets(inst, std::span(&kept, 1));
  }

  bool equal(const Target& a, const Target& b) const {
    return a.block == b.block && std::ranges::equal(function_.arguments(a), function_.arguments(b));
  }

  // Makes the terminator a jump if its target is certain.
  void decide(Block block) {
    const Value terminator = function_.terminator(block);
    const Instruction& inst = function_[terminator];
    if (inst.opcode != Opcode::branch && inst.opcode != Opcode::br_table) return;
    const auto targets = function_.targets(terminator);
    if (const auto known = constant(inst.operands[0])) {
      if (inst.opcode == Opcode::branch) return make_jump(block, targets[*known != 0 ? 0 : 1]);
      const uint64_t index = static_cast<uint32_t>(*known);
      return make_jump(block, targets[static_cast<size_t>(std::min<uint64_t>(index, targets.size() - 1))]);
    }
    if (std::ranges::all_of(targets, [&](const Target& t) { return equal(t, targets[0]); })) {
      make_jump(block, targets[0]);
    }
  }

  // Returns the target of the block's jump if the block only jumps and its parameters are used only as arguments of the
  // jump. Returns null otherwise.
  const Target* only_jumps(Block block) const {
    const Value terminator = function_.terminator(block);
    if (function_[block].first != terminator || function_[terminator].opcode != Opcode::jump) return nullptr;
    const Target& next = function_.targets(terminator)[0];
    // A block that jumps into a loop stays, since invariants of the loop move there.
    if (next.block == block || function_[next.block].is_loop_header) return nullptr;
    uint64_t uses = 0;
    for (const Value param : function_.params(block)) uses += uses_[param.index()];
    for (const Value argument : function_.arguments(next)) {
      const Instruction& inst = function_[argument];
      if (inst.opcode == Opcode::block_param && function_.block_of(argument) == block) --uses;
    }
    return uses == 0 ? &next : nullptr;
  }

  // Makes a target of the block lead past blocks that only jump. `index` is the target's position.
  void thread(Block block, size_t index) {
    for (int hops = 0; hops < kMaximumHops; ++hops) {
      const Value terminator = function_.terminator(block);
      Target& target = function_.targets(terminator)[index];
      const Block through = target.block;
      const Target* next = only_jumps(through);
      if (next == nullptr) return;
      // If an edge from a branch or br_table passed arguments, lowering would split it again, and each target of a
      // br_table would have a copy of the arguments. So a block that passes arguments stays if the terminator is a
      // br_table or no other edge leads to the block. A branch that will become a selection is an exception.
      const bool is_jump = function_[terminator].opcode == Opcode::jump;
      if (!is_jump && next->argument_count != 0 &&
          (edges_in_[through.index()] == 1 || function_[terminator].opcode == Opcode::br_table)) {
        if (!selects_with(block, index, *next)) return;
      }
      arguments_.clear();
      for (const Value argument : function_.arguments(*next)) {
        const Instruction& inst = function_[argument];
        const bool is_own = inst.opcode == Opcode::block_param && function_.block_of(argument) == through;
        arguments_.push_back(is_own ? function_.arguments(target)[static_cast<size_t>(inst.immediate)] : argument);
      }
      // The uses of values in `through` stay in the counts of uses_ even if the last edge to this block is dropped
      // below. only_jumps(through) subtracts the uses in its jump from these counts, so lower counts would make it
      // fail.
      for (const Value argument : arguments_) use(argument);
      const Block to = next->block;
      ++edges_in_[to.index()];
      target = {to, function_.add_values(arguments_.as_span()), static_cast<uint32_t>(arguments_.size())};
      drop_edge(through);
    }
  }

  // Whether the other target of the branch leads to the same block as `next`, perhaps through a block that only jumps.
  // Then the branch becomes a selection.
  bool selects_with(Block block, size_t index, const Target& next) const {
    const Value terminator = function_.terminator(block);
    if (function_[terminator].opcode != Opcode::branch || !may_select(terminator, next.block)) return false;
    const Target& other = function_.targets(terminator)[1 - index];
    if (other.block == next.block) return true;
    const Target* other_next = only_jumps(other.block);
    return other_next != nullptr && other_next->block == next.block;
  }

  // Whether the branch has no hint and the block `to` has few parameters, all of which can be selected.
  bool may_select(Value branch, Block to) const {
    if (function_[branch].branch_hint() != ir::BranchHint::none) return false;
    const auto params = function_.params(to);
    return params.size() <= kMaximumSelections &&
           std::ranges::all_of(params, [&](Value p) { return is_selectable(function_[p].type); });
  }

  // If both targets of the block's branch are the same block, replaces the branch by selections of the arguments and a
  // jump.
  void select_instead(Block block) {
    const Value terminator = function_.terminator(block);
    if (function_[terminator].opcode != Opcode::branch) return;
    const auto targets = function_.targets(terminator);
    if (targets[0].block != targets[1].block || !may_select(terminator, targets[0].block)) return;
    const Value condition = function_[terminator].operands[0];
    arguments_.clear();
    for (size_t i = 0; i < targets[0].argument_count; ++i) {
      const Value if_nonzero = function_.arguments(targets[0])[i];
      const Value if_zero = function_.arguments(targets[1])[i];
      if (if_nonzero == if_zero) {
        arguments_.push_back(if_zero);
        continue;
      }
      Instruction inst;
      inst.opcode = Opcode::select;
      inst.type = function_[if_zero].type;
      inst.position = function_[terminator].position;
      inst.operands[0] = condition;
      inst.operands[1] = if_nonzero;
      inst.operands[2] = if_zero;
      arguments_.push_back(function_.insert_before(terminator, inst));
      uses_.resize(function_.value_count());
    }
    const Target to = {targets[0].block, function_.add_values(arguments_.as_span()),
                       static_cast<uint32_t>(arguments_.size())};
    drop_edge(to.block);
    Instruction& inst = function_[terminator];
    inst.opcode = Opcode::jump;
    inst.aux = 0;
    inst.operands[0] = Value::none();
    function_.set_targets(inst, std::span(&to, 1));
  }

  // If the block ends in a jump, and no other edge leads to the target, joins the two blocks, and repeats this.
  void absorb_successors(Block block) {
    for (;;) {
      const Value terminator = function_.terminator(block);
      if (function_[terminator].opcode != Opcode::jump) return;
      const Target target = function_.targets(terminator)[0];
      const Block next = target.block;
      if (next == block || next.index() == 0 || edges_in_[next.index()] != 1) return;
      const auto params = function_.params(next);
      for (size_t i = 0; i < params.size(); ++i) {
        replacements_.replace(params[i], replacements_(function_.arguments(target)[i]));
        function_.links[params[i].index()] = {};
      }
      function_[next].param_count = 0;
      function_.remove(terminator);
      ir::BlockData& from = function_[next];
      ir::BlockData& to = function_[block];
      for (Value v = from.first; v; v = function_.next(v)) function_.links[v.index()].block = block;
      function_.links[from.first.index()].previous = to.last;
      if (to.last) {
        function_.links[to.last.index()].next = from.first;
      } else {
        to.first = from.first;
      }
      to.last = from.last;
      to.is_cold |= from.is_cold;
      from.first = from.last = Value::none();
      edges_in_[next.index()] = 0;
    }
  }

  // Marks a block as cold if all its targets are cold.
  void mark_cold(const ir::ControlFlow& flow) {
    for (size_t i = flow.order().size(); i-- > 1;) {
      const Block block = flow.order()[i];
      const auto targets = function_.targets(function_.terminator(block));
      if (!targets.empty() &&
          std::ranges::all_of(targets, [&](const Target& t) { return function_[t.block].is_cold; })) {
        function_[block].is_cold = true;
      }
    }
  }

  Function& function_;
  Analyses& analyses_;
  const ir::ControlFlow& flow_;
  Replacements replacements_;
  ScratchVector<uint32_t> edges_in_;  // for each block, the number of edges to it from live blocks
  ScratchVector<uint32_t> uses_;      // for each value, the number of its uses
  ScratchVector<Value> arguments_;    // the arguments of a new target, while it is made
  ScratchVector<Block> lost_;         // work list of drop_edge; empty between calls
  bool may_have_lost_loop_ = false;
};

}  // namespace

void simplify_branches(Function& function, Analyses& analyses) { BranchSimplifier(function, analyses).run(); }

}  // namespace cairn::opt
