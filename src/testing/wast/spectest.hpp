// The host module "spectest", from which the specification's scripts import, and "wasmtime" with the function "gc", by
// which scripts of that engine ask for a collection of the managed heap.
#pragma once

#include "base/result.hpp"
#include "runtime/linker.hpp"

namespace cairn::runtime {

// Defines both host modules in `linker`, which belongs to `store`.
Result<void> define_spectest(Store& store, Linker& linker);

}  // namespace cairn::runtime
