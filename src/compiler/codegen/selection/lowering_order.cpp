// The order of a function's blocks in machine code: loops contiguous, cold blocks last, critical edges split.
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

// Numbers the loops, inner ones first, and says for each block in which innermost one it lies.
void Lowering::find_loops(std::span<const Block> rpo, std::span<const uint32_t> rpo_index) {
  // Predecessors of reachable blocks, as ranges of one array.
  ScratchVector<uint32_t> first(result_.arena);
  first.assign(function_.block_count() + 1, 0);
  for (const Block block : rpo)
    for (const ir::Target& target : function_.targets(function_.terminator(block))) ++first[target.block.index() + 1];
  for (uint32_t i = 0; i < function_.block_count(); ++i) first[i + 1] += first[i];
  ScratchVector<Block> predecessors(result_.arena);
  predecessors.resize(first.back());
  ScratchVector<uint32_t> fill(result_.arena);
  fill.append(first.as_span());
  for (const Block block : rpo)
    for (const ir::Target& target : function_.targets(function_.terminator(block)))
      predecessors[fill[target.block.index()]++] = block;

  loop_of_.assign(function_.block_count(), kNoLoop);
  ScratchVector<uint32_t> outermost(result_.arena);  // of each loop, with path compression
  const auto find_outermost = [&](uint32_t loop) {
    while (outermost[loop] != loop) {
      outermost[loop] = outermost[outermost[loop]];
      loop = outermost[loop];
    }
    return loop;
  };
  ScratchVector<Block> work(result_.arena);
  for (size_t i = rpo.size(); i-- > 0;) {
    const Block header = rpo[i];
    work.clear();
    for (uint32_t p = first[header.index()]; p < first[header.index() + 1]; ++p)
      if (rpo_index[predecessors[p].index()] >= i) work.push_back(predecessors[p]);
    if (work.empty()) continue;
    const uint32_t loop = static_cast<uint32_t>(loops_.size());
    loops_.push_back({.header = header});
    outermost.push_back(loop);
    const auto push_predecessors = [&](Block block) {
      for (uint32_t p = first[block.index()]; p < first[block.index() + 1]; ++p) work.push_back(predecessors[p]);
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

void Lowering::order_blocks() {
  Arena& arena = result_.arena;
  const uint32_t block_count = function_.block_count();

  // Reverse post-order. Of a branch's targets the one that is visited first comes last: so visit what should be far
  // away first.
  ScratchVector<uint32_t> predecessor_count(arena);
  predecessor_count.assign(block_count, 0);
  for (uint32_t i = 0; i < block_count; ++i) {
    if (!function_.blocks[i].last) continue;
    for (const ir::Target& target : function_.targets(function_.blocks[i].last))
      ++predecessor_count[target.block.index()];
  }
  struct Visit {
    Block block;
    uint32_t next = 0;  // counts up; which target that is depends on `swap`
    bool swap = false;
  };
  const auto visit_of = [&](Block block) {
    Visit visit{block};
    const Value terminator = function_.terminator(block);
    if (inst(terminator).opcode != Opcode::branch) return visit;
    const std::span<const ir::Target> targets = function_.targets(terminator);
    const auto distance = [&](unsigned i) {
      const ir::BlockData& data = function_[targets[i].block];
      const ir::BranchHint hint = inst(terminator).branch_hint();
      const bool unlikely = hint == (i == 0 ? ir::BranchHint::unlikely : ir::BranchHint::likely);
      return (data.is_cold ? 8 : 0) + (data.loop_depth < function_[block].loop_depth ? 4 : 0) + (unlikely ? 2 : 0) +
             (predecessor_count[targets[i].block.index()] > 1 ? 1 : 0);
    };
    visit.swap = distance(0) <= distance(1);  // by default the first target comes next
    return visit;
  };
  ScratchVector<uint32_t> rpo_index(arena);
  rpo_index.assign(block_count, kNotReached);
  ScratchVector<Block> rpo(arena);
  rpo.reserve(block_count);
  ScratchVector<Visit> stack(arena);
  rpo_index[0] = 0;
  stack.push_back(visit_of(Block(0)));
  while (!stack.empty()) {
    Visit& top = stack.back();
    const std::span<const ir::Target> targets = function_.targets(function_.terminator(top.block));
    if (top.next == targets.size()) {
      rpo.push_back(top.block);
      stack.pop_back();
      continue;
    }
    uint32_t i = top.next++;
    if (targets.size() != 2 || top.swap) i = static_cast<uint32_t>(targets.size()) - 1 - i;
    const Block next = targets[i].block;
    if (rpo_index[next.index()] != kNotReached) continue;
    rpo_index[next.index()] = 0;
    stack.push_back(visit_of(next));
  }
  std::reverse(rpo.begin(), rpo.end());
  for (uint32_t i = 0; i < rpo.size(); ++i) rpo_index[rpo[i].index()] = i;

  find_loops(rpo.as_span(), rpo_index.as_span());
  const auto depth_of = [&](uint32_t loop) { return loop == kNoLoop ? 0 : loops_[loop].depth; };
  const auto common_loop = [&](uint32_t a, uint32_t b) {
    while (a != b) {
      if (depth_of(a) >= depth_of(b)) {
        a = loops_[a].parent;
      } else {
        b = loops_[b].parent;
      }
    }
    return a;
  };

  // Nodes: the blocks in that order, each followed by the edges that leave it and must be split. Every loop (and the
  // function, number loops_.size()) has a list of what lies directly in it: nodes, and inner loops at the place of
  // their headers.
  struct Item {
    uint32_t index = 0;  // node or loop
    bool is_loop = false;
    uint32_t next = kNoLoop;
  };
  struct List {
    uint32_t first = kNoLoop, last = kNoLoop;
  };
  ScratchVector<Item> items(arena);
  ScratchVector<List> lists(arena);
  lists.assign(loops_.size() + 1, List());
  const auto add_item = [&](uint32_t loop, uint32_t index, bool is_loop) {
    List& list = lists[loop == kNoLoop ? loops_.size() : loop];
    const uint32_t item = static_cast<uint32_t>(items.size());
    items.push_back({index, is_loop, kNoLoop});
    if (list.first == kNoLoop) {
      list.first = item;
    } else {
      items[list.last].next = item;
    }
    list.last = item;
  };
  ScratchVector<uint32_t> node_of(arena);  // by IR block
  node_of.assign(block_count, 0);
  for (const Block block : rpo) {
    node_of[block.index()] = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back({block, 0, MBlock::none()});
  }
  ScratchVector<uint32_t> latest_edge(arena);  // by target block: the latest split edge to it
  latest_edge.assign(block_count, 0);
  target_nodes_.assign(function_.target_lists.size(), 0);
  for (const Block block : rpo) {
    const uint32_t loop = loop_of_[block.index()];
    if (loop != kNoLoop && loops_[loop].header == block) add_item(loops_[loop].parent, loop, true);
    add_item(loop, node_of[block.index()], false);

    const Value terminator = function_.terminator(block);
    const std::span<const ir::Target> targets = function_.targets(terminator);
    const uint32_t first_edge = static_cast<uint32_t>(nodes_.size());
    for (const ir::Target& target : targets) {
      const uint32_t target_index = static_cast<uint32_t>(&target - function_.target_lists.data());
      const uint32_t to = target.block.index();
      uint32_t node = node_of[to];
      if (inst(terminator).opcode != Opcode::jump && (target.argument_count != 0 || predecessor_count[to] > 1)) {
        // Several entries of a jump table may share an edge.
        const uint32_t latest = latest_edge[to];
        if (inst(terminator).opcode != Opcode::invoke && latest >= first_edge && latest < nodes_.size() &&
            nodes_[latest].block == Block::none() &&
            function_.target_lists[nodes_[latest].target].block == target.block &&
            std::ranges::equal(function_.arguments(function_.target_lists[nodes_[latest].target]),
                               function_.arguments(target))) {
          node = latest;
        } else {
          node = static_cast<uint32_t>(nodes_.size());
          latest_edge[to] = node;
          nodes_.push_back({Block::none(), target_index, MBlock::none()});
          add_item(common_loop(loop, loop_of_[to]), node, false);
        }
      }
      target_nodes_[target_index] = node;
    }
  }

  // Flatten.
  struct Place {
    uint32_t item;
    uint32_t loop;
  };
  order_.reserve(nodes_.size());
  result_.blocks.reserve(nodes_.size());
  ScratchVector<Place> places(arena);
  places.push_back({lists[loops_.size()].first, kNoLoop});
  while (!places.empty()) {
    Place& place = places.back();
    if (place.item == kNoLoop) {
      places.pop_back();
      continue;
    }
    const Item item = items[place.item];
    const uint32_t loop = place.loop;
    place.item = item.next;
    if (item.is_loop) {
      places.push_back({lists[item.index].first, item.index});
      continue;
    }
    Node& node = nodes_[item.index];
    node.machine_block = MBlock(static_cast<uint32_t>(order_.size()));
    order_.push_back(item.index);
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

  // Edges.
  ScratchVector<uint32_t> counted_from(arena);  // by machine block: the latest one it was counted as a successor of
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
      add(nodes_[node_of[to.index()]].machine_block);
    }
    block.successor_count = static_cast<uint32_t>(result_.block_lists.size()) - block.first_successor;
  }
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
