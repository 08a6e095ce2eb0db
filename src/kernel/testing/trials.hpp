// Trying many modules that nobody knows, instead of running a program (BootMode::trial).
#pragma once

#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Tries every module of the bundle, in its order, each for a limited time, and checks that afterwards memory is as it
// was before. Standard output gets "NAME: OUTCOME" for each and "FAIL NAME: what is left" where something is; the
// control port gets which one it is and how many have passed. Returns the exit status.
int run_trials(const Bundle& bundle);

}  // namespace cairn::kernel
