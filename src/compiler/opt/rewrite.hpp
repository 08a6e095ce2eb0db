// Changes to a function that several passes make: replacing values, and dropping parameters and blocks in one sweep.
#pragma once

#include <span>

#include "compiler/ir/control_flow.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::opt {

// A map from values to the values that replace them.
class Replacements {
 public:
  explicit Replacements(const ir::Function& function) : map_(function.arena) {
    map_.assign(function.value_count(), ir::Value::none());
  }
  // Makes `by` replace `value`.
  void replace(ir::Value value, ir::Value by) {
    if (value.index() >= map_.size()) map_.resize(value.index() + 1);
    map_[value.index()] = by;
    any_ = true;
  }
  [[nodiscard]] bool any() const { return any_; }  // whether replace() was called
  // Returns the value that replaces `value` in the end, or `value` itself if none does.
  [[nodiscard]] ir::Value operator()(ir::Value value) {
    ir::Value result = value;
    while (result && result.index() < map_.size() && map_[result.index()]) result = map_[result.index()];
    // Each value on the path now maps to the result directly, which makes the next look-up fast.
    while (value != result) {
      const ir::Value next = map_[value.index()];
      map_[value.index()] = result;
      value = next;
    }
    return result;
  }
  // Replaces values in the operands and in the targets' arguments of one instruction.
  void apply(ir::Function& function, ir::Value instruction);
  // Replaces values in the operands and arguments of all instructions of the function.
  void apply(ir::Function& function);

 private:
  ScratchVector<ir::Value> map_;
  bool any_ = false;
};

// Drops the parameters for which `is_dead`, indexed by value, is set, and all arguments for them.
void remove_params(ir::Function& function, std::span<const bool> is_dead);

// Empties the blocks that the entry does not reach. `flow` must be that of the function as it is now.
void remove_unreachable(ir::Function& function, const ir::ControlFlow& flow);

}  // namespace cairn::opt
