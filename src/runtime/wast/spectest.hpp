// The host module "spectest" that the specification's scripts import from.
#pragma once

#include "base/result.hpp"
#include "runtime/linker.hpp"

namespace cairn::runtime {

// Defines all of spectest in the linker of `store`.
Result<void> define_spectest(Store& store, Linker& linker);

}  // namespace cairn::runtime
