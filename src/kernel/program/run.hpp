// Runs the boot bundle's programs.
#pragma once

#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Runs the bundle's programs until the main one has ended, and returns its exit status. Messages for the user go to
// standard error. The other programs may still run.
int run_programs(const Bundle& bundle);

// Sends one control record: words separated by spaces.
void send_record(std::string_view kind, std::string_view name, uint64_t value);

}  // namespace cairn::kernel
