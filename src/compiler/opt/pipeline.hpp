// The optimizer: which passes run, in which order.
#pragma once

#include "base/result.hpp"
#include "compiler/ir/function.hpp"
#include "compiler/options/options.hpp"

namespace cairn::opt {

// Rewrites the function in place. Without Options::optimize no pass runs. Either way loops are marked afterwards
// (BlockData::is_loop_header, loop_depth) and no reachable block is empty. Error: limit, when the arena's budget does
// not suffice. With Options::verify or CAIRN_DEBUG, what a pass leaves is verified; a function that fails is a bug of
// ours.
Result<void> optimize(ir::Function& function, const compiler::Options& options);

}  // namespace cairn::opt
