// Orders a function's blocks so that loops are contiguous and cold blocks come late, and splits critical edges.
#include <algorithm>

#include "compiler/codegen/selection/lowering.hpp"

namespace cairn::codegen {

using ir::Block;
using ir::Instruction;
using ir::Opcode;
using ir::Value;

namespace {

constexpr uint32_t kNoLoop = 0xffff'ffff;
constexpr uint32_t kNotReached = 0xffff'ffff;

}  // namespace

// Fills in the nodes, their order and the machine function's blocks, in the steps of run().
class Lowering::BlockOrder {
 public:
  explicit BlockOrder(Lowering& lowering)
      : function_(lowering.function_),
        result_(lowering.result_),
        nodes_(lowering.nodes_),
        order_(lowering.order_),
        target_nodes_(lowering.target_nodes_),
        predecessor_count_(result_.arena),
        rpo_(result_.arena),
        rpo_index_(result_.arena),
        loop_of_(result_.arena),
        loops_(result_.arena),
        items_(result_.arena),
        lists_(result_.arena),
        node_of_(result_.arena),
        latest_edge_(result_.arena) {}

  void run() {
    count_predecessors();
    find_reverse_postorder();
    find_loops();
    make_block_nodes();
    split_edges();
    place_nodes();
    add_successors();
    add_predecessors();
  }

 private:
  struct Visit {
    Block block;
    uint32_t next = 0;  // number of targets that have been visited
    bool swap = false;  // whether a branch visits its second target first
  };
  struct Loop {
    Block header;
    uint32_t parent = kNoLoop;
    uint32_t depth = 1;
  };
  // An item is a node (Lowering::Node), or an inner loop at the place of its header. Each loop has a list of the items
  // directly in it. The last list (number loops_.size()) has the items outside of all loops.
  struct Item {
    uint32_t index = 0;  // node or loop
    bool is_loop = false;
    uint32_t next = kNoLoop;
  };
  struct List {
    uint32_t first = kNoLoop, last = kNoLoop;
  };
  // The reachable predecessors of each block, as ranges of one array.
  struct Predecessors {
    explicit Predecessors(Arena& arena) : first(arena), blocks(arena) {}
    [[nodiscard]] std::span<const Block> of(Block block) const {
      const uint32_t begin = first[block.index()];
      return blocks.as_span().subspan(begin, first[block.index() + 1] - begin);
    }
    ScratchVector<uint32_t> first;
    ScratchVector<Block> blocks;
  };

  [[nodiscard]] const Instruction& inst(Value value) const { return function_[value]; }
  [[nodiscard]] std::span<const ir::Target> targets_of(Block block) const {
    return function_.targets(function_.terminator(block));
  }
  [[nodiscard]] uint32_t depth_of(uint32_t loop) const { return loop == kNoLoop ? 0 : loops_[loop].depth; }

  void count_predecessors();
  [[nodiscard]] Visit visit_of(Block block) const;
  void find_reverse_postorder();
  void list_predecessors(Predecessors& predecessors);
  void find_loops();
  [[nodiscard]] uint32_t common_loop(uint32_t a, uint32_t b) const;
  void add_item(uint32_t loop, uint32_t index, bool is_loop);
  void make_block_nodes();
  void split_edges();
  uint32_t enter(Block from, const ir::Target& target, uint32_t first_edge);
  [[nodiscard]] bool can_share(uint32_t edge, uint32_t first_edge, const ir::Target& target) const;
  void place_nodes();
  void place_node(uint32_t index, uint32_t loop);
  void add_successors();
  void add_predecessors();

  const ir::Function& function_;
  MachineFunction& result_;
  ScratchVector<Node>& nodes_;
  ScratchVector<uint32_t>& order_;
  ScratchVector<uint32_t>& target_nodes_;
  ScratchVector<uint32_t> predecessor_count_;  // by IR block
  ScratchVector<Block> rpo_;                   // reachable blocks
  ScratchVector<uint32_t> rpo_index_;          // by IR block: the place in rpo_
  ScratchVector<uint32_t> loop_of_;            // by IR block: the innermost loop
  ScratchVector<Loop> loops_;                  // inner loops come before the loops around them
  ScratchVector<Item> items_;
  ScratchVector<List> lists_;
  ScratchVector<uint32_t> node_of_;      // by IR block
  ScratchVector<uint32_t> latest_edge_;  // by target block: the latest split edge to it
};

void Lowering::order_blocks() { BlockOrder(*this).run(); }

void Lowering::BlockOrder::count_predecessors() {
  predecessor_count_.assign(function_.block_count(), 0);
  for (uint32_t i = 0; i < function_.block_count(); ++i) {
    if (!function_.blocks[i].last) continue;
    for (const ir::Target& target : function_.targets(function_.blocks[i].last))
      ++predecessor_count_[target.block.index()];
  }
}

// Decides which target of a branch is visited first. That target comes later in the order than the other one, so it is
// the target that should be farther away.
Lowering::BlockOrder::Visit Lowering::BlockOrder::visit_of(Block block) const {
  Visit visit{block};
  const Value terminator = function_.terminator(block);
  if (inst(terminator).opcode != Opcode::branch) return visit;
  const std::span<const ir::Target> targets = function_.targets(terminator);
  const auto distance = [&](unsigned i) {
    const ir::BlockData& data = function_[targets[i].block];
    const ir::BranchHint hint = inst(terminator).branch_hint();
    const bool unlikely = hint == (i == 0 ? ir::BranchHint::unlikely : ir::BranchHint::likely);
    return (data.is_cold ? 8 : 0) + (data.loop_depth < function_[block].loop_depth ? 4 : 0) + (unlikely ? 2 : 0) +
           (predecessor_count_[targets[i].block.index()] > 1 ? 1 : 0);
  };
  visit.swap = distance(0) <= distance(1);  // by default, the first target comes next
  return visit;
}

void Lowering::BlockOrder::find_reverse_postorder() {
  rpo_index_.assign(function_.block_count(), kNotReached);
  rpo_.reserve(function_.block_count());
  ScratchVector<Visit> stack(result_.arena);
  rpo_index_[0] = 0;
  stack.push_back(visit_of(Block(0)));
  while (!stack.empty()) {
    Visit& top = stack.back();
    const std::span<const ir::Target> targets = targets_of(top.block);
    if (top.next == targets.size()) {
      rpo_.push_back(top.block);
      stack.pop_back();
      continue;
    }
    uint32_t i = top.next++;
    if (targets.size() != 2 || top.swap) i = static_cast<uint32_t>(targets.size()) - 1 - i;
    const Block next = targets[i].block;
    if (rpo_index_[next.index()] != kNotReached) continue;
    rpo_index_[next.index()] = 0;
    stack.push_back(visit_of(next));
  }
  std::reverse(rpo_.begin(), rpo_.end());
  for (uint32_t i = 0; i < rpo_.size(); ++i) rpo_index_[rpo_[i].index()] = i;
}

void Lowering::BlockOrder::list_predecessors(Predecessors& predecessors) {
  ScratchVector<uint32_t>& first = predecessors.first;
  first.assign(function_.block_count() + 1, 0);
  for (const Block block : rpo_)
    for (const ir::Target& target : targets_of(block)) ++first[target.block.index() + 1];
  for (uint32_t i = 0; i < function_.block_count(); ++i) first[i + 1] += first[i];
  predecessors.blocks.resize(first.back());
  ScratchVector<uint32_t> fill(result_.arena);
  fill.append(first.as_span());
  for (const Block block : rpo_)
    for (const ir::Target& target : targets_of(block)) predecessors.blocks[fill[target.block.index()]++] = block;
}

// Numbers the loops, inner ones first, and finds the innermost loop of each block. For each header, a walk from the
// sources of its back edges up to the header visits the blocks of the loop. An inner loop counts as one block in this
// walk.
void Lowering::BlockOrder::find_loops() {
  Predecessors predecessors(result_.arena);
  list_predecessors(predecessors);

  loop_of_.assign(function_.block_count(), kNoLoop);
  ScratchVector<uint32_t> outermost(result_.arena);  // by loop: an outer loop or itself, with path compression
  const auto find_outermost = [&](uint32_t loop) {
    while (outermost[loop] != loop) {
      outermost[loop] = outermost[outermost[loop]];
      loop = outermost[loop];
    }
    return loop;
  };
  ScratchVector<Block> work(result_.arena);
  for (size_t i = rpo_.size(); i-- > 0;) {
    const Block header = rpo_[i];
    work.clear();
    for (const Block predecessor : predecessors.of(header))
      if (rpo_index_[predecessor.index()] >= i) work.push_back(predecessor);
    if (work.empty()) continue;
    const uint32_t loop = static_cast<uint32_t>(loops_.size());
    loops_.push_back({.header = header});
    outermost.push_back(loop);
    const auto push_predecessors = [&](Block block) {
      for (const Block predecessor : predecessors.of(block)) work.push_back(predecessor);
    };
    while (!work.empty()) {
      const Block block = work.back();
      work.pop_back();
      if (loop_of_[block.index()] == kNoLoop) {
        loop_of_[block.index()] = loop;
        if (block != header) push_predecessors(block);
        continue;
      }
      const uint32_t inner = find_outermost(loop_of_[block.index()]);
      if (inner == loop) continue;
      loops_[inner].parent = loop;
      outermost[inner] = loop;
      push_predecessors(loops_[inner].header);
    }
    if (loop_of_[header.index()] == kNoLoop) loop_of_[header.index()] = loop;
  }
  for (size_t i = loops_.size(); i-- > 0;)
    if (loops_[i].parent != kNoLoop) loops_[i].depth = loops_[loops_[i].parent].depth + 1;
}

uint32_t Lowering::BlockOrder::common_loop(uint32_t a, uint32_t b) const {
  while (a != b) {
    if (depth_of(a) >= depth_of(b)) {
      a = loops_[a].parent;
    } else {
      b = loops_[b].parent;
    }
  }
  return a;
}

void Lowering::BlockOrder::add_item(uint32_t loop, uint32_t index, bool is_loop) {
  List& list = lists_[loop == kNoLoop ? loops_.size() : loop];
  const uint32_t item = static_cast<uint32_t>(items_.size());
  items_.push_back({index, is_loop, kNoLoop});
  if (list.first == kNoLoop) {
    list.first = item;
  } else {
    items_[list.last].next = item;
  }
  list.last = item;
}

void Lowering::BlockOrder::make_block_nodes() {
  node_of_.assign(function_.block_count(), 0);
  for (const Block block : rpo_) {
    node_of_[block.index()] = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back({block, 0, MBlock::none()});
  }
}

// Lists the blocks in their order. After each block come the edges that leave it and must be split.
void Lowering::BlockOrder::split_edges() {
  lists_.assign(loops_.size() + 1, List());
  latest_edge_.assign(function_.block_count(), 0);
  target_nodes_.assign(function_.target_lists.size(), 0);
  for (const Block block : rpo_) {
    const uint32_t loop = loop_of_[block.index()];
    if (loop != kNoLoop && loops_[loop].header == block) add_item(loops_[loop].parent, loop, true);
    add_item(loop, node_of_[block.index()], false);
    const uint32_t first_edge = static_cast<uint32_t>(nodes_.size());
    for (const ir::Target& target : targets_of(block))
      target_nodes_[static_cast<size_t>(&target - function_.target_lists.data())] = enter(block, target, first_edge);
  }
}

// Returns the node that an edge of `from` enters: the node of the target block, or a split edge. `first_edge` is the
// number of nodes before the split edges of `from`.
uint32_t Lowering::BlockOrder::enter(Block from, const ir::Target& target, uint32_t first_edge) {
  const uint32_t to = target.block.index();
  const Opcode opcode = inst(function_.terminator(from)).opcode;
  if (opcode == Opcode::jump || (target.argument_count == 0 && predecessor_count_[to] <= 1)) return node_of_[to];
  const uint32_t latest = latest_edge_[to];
  if (opcode != Opcode::invoke && can_share(latest, first_edge, target)) return latest;
  const uint32_t node = static_cast<uint32_t>(nodes_.size());
  latest_edge_[to] = node;
  nodes_.push_back({Block::none(), static_cast<uint32_t>(&target - function_.target_lists.data()), MBlock::none()});
  add_item(common_loop(loop_of_[from.index()], loop_of_[to]), node, false);
  return node;
}

// Whether the target can share the split edge `edge`, which must belong to another target of the same terminator.
bool Lowering::BlockOrder::can_share(uint32_t edge, uint32_t first_edge, const ir::Target& target) const {
  if (edge < first_edge || edge >= nodes_.size() || nodes_[edge].block != Block::none()) return false;
  const ir::Target& other = function_.target_lists[nodes_[edge].target];
  return other.block == target.block && std::ranges::equal(function_.arguments(other), function_.arguments(target));
}

// Flattens lists_ into order_: the contents of an inner loop take the place of its item in the outer list.
void Lowering::BlockOrder::place_nodes() {
  struct Place {
    uint32_t item;
    uint32_t loop;
  };
  order_.reserve(nodes_.size());
  result_.blocks.reserve(nodes_.size());
  ScratchVector<Place> places(result_.arena);
  places.push_back({lists_[loops_.size()].first, kNoLoop});
  while (!places.empty()) {
    Place& place = places.back();
    if (place.item == kNoLoop) {
      places.pop_back();
      continue;
    }
    const Item item = items_[place.item];
    const uint32_t loop = place.loop;
    place.item = item.next;
    if (item.is_loop) {
      places.push_back({lists_[item.index].first, item.index});
    } else {
      place_node(item.index, loop);
    }
  }
}

void Lowering::BlockOrder::place_node(uint32_t index, uint32_t loop) {
  Node& node = nodes_[index];
  node.machine_block = MBlock(static_cast<uint32_t>(order_.size()));
  order_.push_back(index);
  MachineBlock block;
  block.loop_depth = static_cast<uint16_t>(std::min<uint32_t>(depth_of(loop), 0xffff));
  if (node.block) {
    block.is_loop_header = loop != kNoLoop && loops_[loop].header == node.block;
    block.is_cold = function_[node.block].is_cold;
  } else {
    block.is_cold = function_[function_.target_lists[node.target].block].is_cold;
  }
  result_.blocks.push_back(block);
}

void Lowering::BlockOrder::add_successors() {
  ScratchVector<uint32_t> counted_from(result_.arena);  // by machine block: the last block whose successor it is
  counted_from.assign(order_.size(), kNotReached);
  for (uint32_t i = 0; i < order_.size(); ++i) {
    const Node& node = nodes_[order_[i]];
    MachineBlock& block = result_.blocks[i];
    block.first_successor = static_cast<uint32_t>(result_.block_lists.size());
    const auto add = [&](MBlock to) {
      if (counted_from[to.index()] == i) return;
      counted_from[to.index()] = i;
      result_.block_lists.push_back(to);
      ++result_.blocks[to.index()].predecessor_count;
    };
    if (node.block) {
      const Value terminator = function_.terminator(node.block);
      for (const ir::Target& target : function_.targets(terminator)) {
        const MBlock to =
            nodes_[target_nodes_[static_cast<size_t>(&target - function_.target_lists.data())]].machine_block;
        add(to);
        result_.blocks[to.index()].is_landing_pad =
            inst(terminator).opcode == Opcode::invoke && &target == &function_.targets(terminator)[1];
      }
    } else {
      const Block to = function_.target_lists[node.target].block;
      add(nodes_[node_of_[to.index()]].machine_block);
    }
    block.successor_count = static_cast<uint32_t>(result_.block_lists.size()) - block.first_successor;
  }
}

void Lowering::BlockOrder::add_predecessors() {
  uint32_t at = static_cast<uint32_t>(result_.block_lists.size());
  for (MachineBlock& block : result_.blocks) {
    block.first_predecessor = at;
    at += block.predecessor_count;
    block.predecessor_count = 0;
  }
  result_.block_lists.resize(at);
  for (uint32_t i = 0; i < order_.size(); ++i) {
    for (uint32_t s = 0; s < result_.blocks[i].successor_count; ++s) {
      MachineBlock& to = result_.blocks[result_.block_lists[result_.blocks[i].first_successor + s].index()];
      result_.block_lists[to.first_predecessor + to.predecessor_count++] = MBlock(i);
    }
  }
}

}  // namespace cairn::codegen
