// The analyses of a function's blocks (ir/control_flow.hpp). Each is computed when a pass first asks for it, and kept
// for the passes that follow, until a pass invalidates it.
#pragma once

#include <optional>

#include "compiler/ir/control_flow.hpp"

namespace cairn::opt {

// The function must outlive this object.
class Analyses {
 public:
  explicit Analyses(const ir::Function& function) : function_(function) {}

  const ir::ControlFlow& flow() {
    if (!flow_) flow_.emplace(function_);
    return *flow_;
  }
  const ir::Dominators& dominators() {
    if (!dominators_) dominators_.emplace(function_, flow());
    return *dominators_;
  }
  const ir::Loops& loops() {
    if (!loops_) loops_.emplace(function_, flow(), dominators());
    return *loops_;
  }
  // A pass calls this after it has changed blocks or branches. References that the functions above have returned are
  // then invalid.
  void invalidate() {
    flow_.reset();
    dominators_.reset();
    loops_.reset();
  }

 private:
  const ir::Function& function_;
  std::optional<ir::ControlFlow> flow_;
  std::optional<ir::Dominators> dominators_;
  std::optional<ir::Loops> loops_;
};

}  // namespace cairn::opt
