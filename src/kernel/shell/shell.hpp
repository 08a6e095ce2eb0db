// The shell on the serial port of a machine that `./cairn boot` has started.
#pragma once

#include "kernel/program/bundle.hpp"

namespace cairn::kernel {

// Starts the bundle's programs, if there is a bundle. Then reads commands and executes them, until one of them ends the
// machine.
[[noreturn]] void run_shell(const Bundle* bundle);

}  // namespace cairn::kernel
