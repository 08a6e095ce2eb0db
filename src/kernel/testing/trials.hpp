// Tries many unknown modules instead of running a program (BootMode::trial).
#pragma once

#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Tries every module of the bundle, in order, each for a limited time, and checks afterwards that memory is as it was
// before. Standard output gets "NAME: OUTCOME" for each module, and "FAIL NAME: ..." with the resources that were not
// released. The control port gets the number of each module that begins, and the results so far. Returns the exit
// status.
int run_trials(const Bundle& bundle);

}  // namespace cairn::kernel
