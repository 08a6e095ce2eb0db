// Runs specification scripts instead of a program (BootMode::wast).
#pragma once

#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Runs every script of the bundle, in its order; failures go to standard output, the results of all to the control
// port. Returns the exit status: 0 when nothing failed.
int run_scripts(const Bundle& bundle);

}  // namespace cairn::kernel
