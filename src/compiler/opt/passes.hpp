// The passes. Each is a free function in a file of its own, which begins with what it does, as IR before and after.
// pipeline.cpp orders them. Every pass takes and leaves a valid function, in time linear in the function's size.
#pragma once

#include "compiler/ir/function.hpp"

namespace cairn::opt {

void simplify_params(ir::Function& function);     // params.cpp
void number_values(ir::Function& function);       // numbering.cpp
void simplify_branches(ir::Function& function);   // branches.cpp
void hoist_invariants(ir::Function& function);    // invariants.cpp
void remove_dead_code(ir::Function& function);    // dead_code.cpp

}  // namespace cairn::opt
