// Tests that running out of memory harms nothing. One boot runs each guest of the bundle again and again, and lets the
// n-th allocation of a run fail, for n = 1, 2, 3 and so on until a run has fewer than n allocations.
// tests/injection/run.py boots the machines.
#pragma once

#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Prints a line for each run that was wrong and one or two for each guest; the last line is "N passed, N failed".
// Returns the exit status. The kernel's command line may have these words:
//   step=N      n grows by N from run to run while a guest is linked and runs (1 if absent)
//   stride=N    the same while a guest is compiled; 0 or absent: compiling is not tested
//   extent=all  all allocations from the n-th on fail, instead of the n-th only
int run_injection(const Bundle& bundle, std::string_view command_line);

}  // namespace cairn::kernel
