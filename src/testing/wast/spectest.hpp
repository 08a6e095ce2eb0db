// The host module "spectest" that the specification's scripts import from, and "wasmtime" with the function "gc", by
// which scripts of that engine ask for a collection of the managed heap.
#pragma once

#include "base/result.hpp"
#include "runtime/linker.hpp"

namespace cairn::runtime {

// Defines both in the linker of `store`.
Result<void> define_spectest(Store& store, Linker& linker);

}  // namespace cairn::runtime
