// Removes dead code: instructions without effect whose value is not used, and parameters that only dead code uses.
//
//   block1(v1: i32, v2: i32):                 block1(v1: i32):
//     v3 = iadd.i32 v2, v2             =>       jump block1(v1)
//     jump block1(v1, v3)
#include "compiler/ir/effects.hpp"
#include "compiler/opt/passes.hpp"
#include "compiler/opt/rewrite.hpp"

namespace cairn::opt {

using ir::Block;
using ir::Function;
using ir::Opcode;
using ir::Target;
using ir::Value;

void remove_dead_code(Function& function, Analyses& analyses) {
  const ir::ControlFlow& flow = analyses.flow();
  remove_unreachable(function, flow);

  // The targets that lead to each block b are incoming[first[b]] to incoming[first[b + 1] - 1]. If a parameter of b is
  // live, so are the arguments that these targets pass for it.
  ScratchVector<uint32_t> first(function.arena);
  ScratchVector<Target> incoming(function.arena);
  first.assign(function.block_count() + 1, 0);
  const auto for_each_target = [&](auto f) {
    for (const Block block : flow.order()) {
      for (const Target& target : function.targets(function.terminator(block))) f(target);
    }
  };
  for_each_target([&](const Target& target) { ++first[target.block.index() + 1]; });
  for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  incoming.resize(first.back());
  ScratchVector<uint32_t> filled(function.arena);
  filled.append(first.as_span());
  for_each_target([&](const Target& target) { incoming[filled[target.block.index()]++] = target; });

  // Every value counts as dead at first. Those of instructions with effects, and the values that they need, are marked
  // as live.
  const std::span<bool> is_dead = function.arena.make_span<bool>(function.value_count());
  for (bool& flag : is_dead) flag = true;
  ScratchVector<Value> work(function.arena);
  const auto mark = [&](Value value) {
    if (!value || !is_dead[value.index()]) return;
    is_dead[value.index()] = false;
    work.push_back(value);
  };
  for (const Value param : function.params(Block(0))) mark(param);
  for (const Block block : flow.order()) {
    for (Value v = function[block].first; v; v = function.next(v)) {
      if (!ir::is_removable(function, v)) mark(v);
    }
  }
  while (!work.empty()) {
    const Value value = work.back();
    work.pop_back();
    if (function[value].opcode != Opcode::block_param) {
      for (const Value operand : function.operands(value)) mark(operand);
      continue;
    }
    const Block block = function.block_of(value);
    const auto position = static_cast<uint32_t>(function[value].immediate);
    for (uint32_t i = first[block.index()]; i < first[block.index() + 1]; ++i) {
      mark(function.value_lists[incoming[i].first_argument + position]);
    }
  }

  bool any_param = false;
  for (const Block block : flow.order()) {
    for (Value v = function[block].first; v;) {
      const Value next = function.next(v);
      if (is_dead[v.index()]) function.remove(v);
      v = next;
    }
    for (const Value param : function.params(block)) any_param |= is_dead[param.index()];
  }
  if (any_param) remove_params(function, is_dead);
}

}  // namespace cairn::opt
