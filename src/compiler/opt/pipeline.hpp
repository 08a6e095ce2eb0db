// The entry point of the optimizer, which runs the passes in their order.
#pragma once

#include "base/result.hpp"
#include "compiler/ir/function.hpp"
#include "compiler/options/options.hpp"

namespace cairn::opt {

// Rewrites the function in place. Without Options::optimize, expand_tests is the only pass that runs. In either case,
// loops are marked afterwards (BlockData::is_loop_header, loop_depth), and no reachable block is empty. Error: limit,
// if the budget of the function's arena is not enough. With Options::verify or CAIRN_DEBUG, the function is verified
// after each pass; a function that fails is a bug of the compiler.
Result<void> optimize(ir::Function& function, const compiler::Options& options);

}  // namespace cairn::opt
