// Runs the boot bundle's program.
#pragma once

#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Runs the program to its end and returns the exit status; messages for the user go to standard error.
int run_program(const Bundle& bundle);

// Sends one control record: words separated by spaces.
void send_record(std::string_view kind, std::string_view name, uint64_t value);

}  // namespace cairn::kernel
