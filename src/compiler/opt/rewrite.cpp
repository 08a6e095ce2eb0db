#include "compiler/opt/rewrite.hpp"

namespace cairn::opt {

using ir::Block;
using ir::Target;
using ir::Value;

void Replacements::apply(ir::Function& function, Value instruction) {
  for (Value& operand : function.operands(instruction)) operand = (*this)(operand);
  for (const Target& target : function.targets(instruction)) {
    for (Value& argument : function.arguments(target)) argument = (*this)(argument);
  }
}

void Replacements::apply(ir::Function& function) {
  if (!any_) return;
  for (uint32_t b = 0; b < function.block_count(); ++b) {
    for (Value v = function[Block(b)].first; v; v = function.next(v)) apply(function, v);
  }
}

void remove_params(ir::Function& function, std::span<const bool> is_dead) {
  const auto dead = [&](Value param) { return param.index() < is_dead.size() && is_dead[param.index()]; };
  for (uint32_t b = 0; b < function.block_count(); ++b) {
    const Value terminator = function.terminator(Block(b));
    if (!terminator) continue;
    for (Target& target : function.targets(terminator)) {
      const auto params = function.params(target.block);
      const auto arguments = function.arguments(target);
      uint32_t kept = 0;
      for (size_t i = 0; i < params.size(); ++i) {
        if (!dead(params[i])) arguments[kept++] = arguments[i];
      }
      target.argument_count = kept;
    }
  }
  for (ir::BlockData& block : function.blocks) {
    const auto list = function.value_lists.as_span().subspan(block.first_param, block.param_count);
    uint32_t kept = 0;
    for (const Value param : list) {
      if (dead(param)) {
        function.links[param.index()] = {};
      } else {
        function[param].immediate = kept;
        list[kept++] = param;
      }
    }
    block.param_count = kept;
  }
}

void remove_unreachable(ir::Function& function, const ir::ControlFlow& flow) {
  for (uint32_t b = 0; b < function.block_count(); ++b) {
    const Block block(b);
    if (flow.is_reachable(block) || !function[block].first) continue;
    for (Value v = function[block].first; v;) {
      const Value next = function.next(v);
      function.links[v.index()] = {};
      v = next;
    }
    for (const Value param : function.params(block)) function.links[param.index()] = {};
    function[block].first = function[block].last = Value::none();
    function[block].param_count = 0;
  }
}

}  // namespace cairn::opt
