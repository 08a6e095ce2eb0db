#include "compiler/ir/control_flow.hpp"

#include <algorithm>

namespace cairn::ir {

// --- order

ControlFlow::ControlFlow(const Function& function)
    : order_(function.arena),
      positions_(function.arena),
      first_predecessor_(function.arena),
      predecessors_(function.arena) {
  const uint32_t count = function.block_count();
  positions_.assign(count, kUnreachable);
  first_predecessor_.assign(count + 1, 0);
  if (count == 0) return;

  struct Visit {
    Block block;
    // The number of targets that were visited. The last target is visited first, so that targets keep their order in
    // reverse postorder.
    uint32_t next;
  };
  // A depth-first search. It adds a block to order_ when all targets of the block have been visited, and counts the
  // predecessors of block b in first_predecessor_[b + 1].
  ScratchVector<Visit> stack(function.arena);
  constexpr uint32_t kVisited = kUnreachable - 1;  // the block has been found and has no position yet
  positions_[0] = kVisited;
  stack.push_back({Block(0), 0});
  while (!stack.empty()) {
    Visit& visit = stack.back();
    const auto targets = function.targets(function.terminator(visit.block));
    if (visit.next == targets.size()) {
      order_.push_back(visit.block);
      stack.pop_back();
      continue;
    }
    const Block target = targets[targets.size() - 1 - visit.next++].block;
    ++first_predecessor_[target.index() + 1];
    if (positions_[target.index()] != kUnreachable) continue;
    positions_[target.index()] = kVisited;
    stack.push_back({target, 0});
  }
  std::ranges::reverse(order_);
  for (uint32_t i = 0; i < order_.size(); ++i) positions_[order_[i].index()] = i;

  // The counts become positions in predecessors_.
  for (uint32_t i = 0; i < count; ++i) first_predecessor_[i + 1] += first_predecessor_[i];
  predecessors_.resize(first_predecessor_[count]);
  ScratchVector<uint32_t> filled(function.arena);
  filled.append(first_predecessor_.as_span());
  for (const Block block : order_) {
    for (const Target& target : function.targets(function.terminator(block))) {
      predecessors_[filled[target.block.index()]++] = block;
      has_cycles_ |= positions_[target.block.index()] <= positions_[block.index()];
    }
  }
}

// --- dominators

namespace {

// This is the simple version of Lengauer and Tarjan, A fast algorithm for finding dominators in a flowgraph (1979).
// Vertices are positions in depth-first preorder. The arrays parent_, semi_, ancestor_, label_ and the buckets are the
// paper's.
class DominatorFinder {
 public:
  DominatorFinder(const Function& function, const ControlFlow& flow)
      : function_(function),
        flow_(flow),
        number_(function.arena),
        vertices_(function.arena),
        parent_(function.arena),
        semi_(function.arena),
        ancestor_(function.arena),
        label_(function.arena),
        path_(function.arena) {}

  // Sets the immediate dominator of each reachable block except the entry. `immediate` is indexed by block.
  void run(std::span<Block> immediate) {
    walk();
    const uint32_t count = static_cast<uint32_t>(vertices_.size());
    ScratchVector<uint32_t> bucket_head(function_.arena);
    ScratchVector<uint32_t> bucket_next(function_.arena);
    ScratchVector<uint32_t> idom(function_.arena);
    bucket_head.assign(count, kNone);
    bucket_next.assign(count, kNone);
    idom.assign(count, 0);
    for (uint32_t w = count; w-- > 1;) {
      for (const Block predecessor : flow_.predecessors(vertices_[w])) {
        semi_[w] = std::min(semi_[w], semi_[evaluate(number_[predecessor.index()])]);
      }
      bucket_next[w] = bucket_head[semi_[w]];
      bucket_head[semi_[w]] = w;
      const uint32_t p = parent_[w];
      ancestor_[w] = p;
      for (uint32_t v = bucket_head[p]; v != kNone; v = bucket_next[v]) {
        const uint32_t u = evaluate(v);
        idom[v] = semi_[u] < semi_[v] ? u : p;
      }
      bucket_head[p] = kNone;
    }
    for (uint32_t w = 1; w < count; ++w) {
      if (idom[w] != semi_[w]) idom[w] = idom[idom[w]];
      immediate[vertices_[w].index()] = vertices_[idom[w]];
    }
  }

 private:
  static constexpr uint32_t kNone = 0xffff'ffff;

  // Numbers the reachable blocks in depth-first preorder.
  void walk() {
    number_.assign(function_.block_count(), kNone);
    struct Visit {
      Block block;
      uint32_t next;
    };
    ScratchVector<Visit> stack(function_.arena);
    const auto enter = [&](Block block, uint32_t parent) {
      const uint32_t number = static_cast<uint32_t>(vertices_.size());
      number_[block.index()] = number;
      vertices_.push_back(block);
      parent_.push_back(parent);
      semi_.push_back(number);
      ancestor_.push_back(kNone);
      label_.push_back(number);
      stack.push_back({block, 0});
    };
    enter(Block(0), kNone);
    while (!stack.empty()) {
      Visit& visit = stack.back();
      const auto targets = function_.targets(function_.terminator(visit.block));
      if (visit.next == targets.size()) {
        stack.pop_back();
        continue;
      }
      const Block target = targets[visit.next++].block;
      if (number_[target.index()] == kNone) enter(target, number_[visit.block.index()]);
    }
  }

  // Returns the vertex of least semidominator on the path to the root of v's tree in the forest, and compresses the
  // path.
  uint32_t evaluate(uint32_t v) {
    if (ancestor_[v] == kNone) return v;
    path_.clear();
    for (uint32_t u = v; ancestor_[ancestor_[u]] != kNone; u = ancestor_[u]) path_.push_back(u);
    for (size_t i = path_.size(); i-- > 0;) {
      const uint32_t u = path_[i];
      const uint32_t above = ancestor_[u];
      if (semi_[label_[above]] < semi_[label_[u]]) label_[u] = label_[above];
      ancestor_[u] = ancestor_[above];
    }
    return label_[v];
  }

  const Function& function_;
  const ControlFlow& flow_;
  ScratchVector<uint32_t> number_;  // the vertex of each block
  ScratchVector<Block> vertices_;   // the block of each vertex; the next four arrays are indexed by vertex as well
  ScratchVector<uint32_t> parent_;
  ScratchVector<uint32_t> semi_;
  ScratchVector<uint32_t> ancestor_;
  ScratchVector<uint32_t> label_;
  ScratchVector<uint32_t> path_;
};

}  // namespace

Dominators::Dominators(const Function& function, const ControlFlow& flow)
    : immediate_(function.arena),
      enter_(function.arena),
      leave_(function.arena),
      depth_(function.arena),
      preorder_(function.arena) {
  const uint32_t count = function.block_count();
  immediate_.assign(count, Block::none());
  enter_.assign(count, 0);
  leave_.assign(count, 0);
  depth_.assign(count, 0);
  if (count == 0) return;
  DominatorFinder(function, flow).run(immediate_.as_span());

  // The children of each block in the dominator tree form a list, in reverse postorder.
  ScratchVector<Block> first_child(function.arena);
  ScratchVector<Block> next_sibling(function.arena);
  first_child.assign(count, Block::none());
  next_sibling.assign(count, Block::none());
  for (size_t i = flow.order().size(); i-- > 1;) {
    const Block block = flow.order()[i];
    const Block parent = immediate_[block.index()];
    next_sibling[block.index()] = first_child[parent.index()];
    first_child[parent.index()] = block;
  }
  // Walks through the tree in preorder: from a block to its first child, or else to the next sibling of the block or of
  // its nearest ancestor that has one.
  uint32_t clock = 0;
  for (Block block(0); block;) {
    enter_[block.index()] = clock++;
    preorder_.push_back(block);
    if (const Block child = first_child[block.index()]) {
      depth_[child.index()] = depth_[block.index()] + 1;
      block = child;
      continue;
    }
    for (;;) {
      leave_[block.index()] = clock;
      if (const Block sibling = next_sibling[block.index()]) {
        depth_[sibling.index()] = depth_[block.index()];
        block = sibling;
        break;
      }
      block = immediate_[block.index()];
      if (!block) break;
    }
  }
}

// --- loops

Loops::Loops(const Function& function, const ControlFlow& flow, const Dominators& dominators)
    : loops_(function.arena), loop_of_(function.arena) {
  loop_of_.assign(function.block_count(), Loop::none());
  // The search for headers goes backwards through the reverse postorder, so inner loops are found before outer ones.
  // `outermost` leads from a loop to the outermost loop around it that has been found so far. For each header, a walk
  // from the sources of its back edges up to the header visits the blocks of the loop. An inner loop counts as one
  // block in this walk.
  ScratchVector<LoopData> found(function.arena);
  ScratchVector<uint32_t> outermost(function.arena);
  const auto find = [&](uint32_t loop) {
    while (outermost[loop] != loop) loop = outermost[loop] = outermost[outermost[loop]];
    return loop;
  };
  ScratchVector<Block> work(function.arena);
  for (size_t i = flow.order().size(); i-- > 0;) {
    const Block header = flow.order()[i];
    for (const Block predecessor : flow.predecessors(header)) {
      if (flow.position(predecessor) >= i && dominators.dominates(header, predecessor)) work.push_back(predecessor);
    }
    if (work.empty()) continue;
    const uint32_t loop = static_cast<uint32_t>(found.size());
    found.push_back({header, Loop::none(), 1, true});
    outermost.push_back(loop);
    while (!work.empty()) {
      Block block = work.back();
      work.pop_back();
      if (const Loop inner = loop_of_[block.index()]) {
        const uint32_t top = find(inner.index());
        if (top == loop) continue;
        outermost[top] = loop;
        found[top].parent = Loop(loop);
        found[loop].is_innermost = false;
        block = found[top].header;  // the header's predecessors outside the inner loop are visited next
      } else {
        loop_of_[block.index()] = Loop(loop);
        if (block == header) continue;
      }
      for (const Block predecessor : flow.predecessors(block)) {
        const Loop inner = loop_of_[predecessor.index()];
        if (!inner || find(inner.index()) != loop) work.push_back(predecessor);
      }
    }
    loop_of_[header.index()] = Loop(loop);
  }
  // Loops are numbered from the outside in.
  const uint32_t count = static_cast<uint32_t>(found.size());
  const auto renumber = [&](Loop loop) { return loop ? Loop(count - 1 - loop.index()) : loop; };
  for (uint32_t i = count; i-- > 0;) {
    LoopData data = found[i];
    data.parent = renumber(data.parent);
    if (data.parent) data.depth = loops_[data.parent.index()].depth + 1;
    loops_.push_back(data);
  }
  for (Loop& loop : loop_of_) loop = renumber(loop);
}

bool Loops::contains(Loop loop, Block block) const {
  Loop inner = loop_of(block);
  while (inner && loops_[inner.index()].depth > loops_[loop.index()].depth) inner = loops_[inner.index()].parent;
  return inner == loop;
}

void mark_loops(Function& function, const ControlFlow& flow, const Loops* loops) {
  for (BlockData& block : function.blocks) {
    block.is_loop_header = false;
    block.loop_depth = 0;
  }
  if (loops == nullptr) return;
  for (const Block block : flow.order()) {
    const auto loop = loops->loop_of(block);
    if (!loop) continue;
    function[block].loop_depth = static_cast<uint16_t>(std::min((*loops)[loop].depth, uint32_t{0xffff}));
    function[block].is_loop_header = (*loops)[loop].header == block;
  }
}

}  // namespace cairn::ir
