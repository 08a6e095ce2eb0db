// Kills programs at random moments, whatever they do then (`test=kills`, and in short among all tests).
#pragma once

#include <string_view>

#include "kernel/testing/testing.hpp"

namespace cairn::kernel {

void test_kills(TestRun& run);

// Kills as many programs as the word `kills=N` of the kernel's command line says. Prints "N passed, N failed" on
// standard output and the log. Returns the exit status.
int run_kill_tests(std::string_view command_line);

}  // namespace cairn::kernel
