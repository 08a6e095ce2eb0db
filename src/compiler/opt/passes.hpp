// The passes of the optimizer. `analyses` must be those of `function`. Each pass is a free function in a file of its
// own. The comment at the top of the pass's file shows what it rewrites, as IR before and after. pipeline.cpp runs the
// passes in order. Every pass takes and leaves a valid function, needs time linear in the function's size, and
// invalidates the analyses if it changes control flow.
#pragma once

#include "compiler/ir/function.hpp"
#include "compiler/opt/analyses.hpp"

namespace cairn::opt {

void simplify_params(ir::Function& function, Analyses& analyses);    // params.cpp
void number_values(ir::Function& function, Analyses& analyses);      // numbering.cpp
void simplify_branches(ir::Function& function, Analyses& analyses);  // branches.cpp
void remove_objects(ir::Function& function, Analyses& analyses);     // objects.cpp
void expand_tests(ir::Function& function, Analyses& analyses);       // gc_tests.cpp; runs without Options::optimize too
void hoist_invariants(ir::Function& function, Analyses& analyses);   // invariants.cpp
void remove_dead_code(ir::Function& function, Analyses& analyses);   // dead_code.cpp

}  // namespace cairn::opt
