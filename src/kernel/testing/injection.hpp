// Proof that running out of memory harms nothing: one boot runs each guest of the bundle again and again, and lets the
// n-th allocation of a run fail, for n = 1, 2, 3 and so on until a run gets through without meeting it.
// tests/injection/run.py drives it.
#pragma once

#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Prints a line for each run that was wrong and one for each guest; the last is "N passed, N failed". Returns the exit
// status. Words of the kernel's command line: `stride=N` (of n while a guest is compiled; 0: not at all), `step=N` (of
// n while it is linked and runs), `extent=all` (not one allocation fails, but all from the n-th on).
int run_injection(const Bundle& bundle, std::string_view command_line);

}  // namespace cairn::kernel
