// The shell on the serial port, for a machine that runs no program.
#pragma once

namespace cairn::kernel {

// Reads commands and executes them, until a command ends the machine.
[[noreturn]] void run_shell();

}  // namespace cairn::kernel
