// Running specification scripts instead of a program (BootMode::wast).
#pragma once

#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Runs every script of the bundle, in its order; failures and the last line "N passed, N failed" go to standard output.
// The exit status: 0 when nothing failed.
int run_scripts(const Bundle& bundle);

}  // namespace cairn::kernel
