// The commands, one function each. They print their own results and return the exit status of the process. main()
// prints an Error as one line and ends with the exit status of its kind.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "compiler/options/options.hpp"
#include "host/cli/machine.hpp"
#include "host/cli/options.hpp"
#include "host/cli/systems.hpp"

namespace cairn::cli {

// Run the system of the command `run`: on a machine, or in this process.
Result<int> run_on_machine(const Options& options, const LoadedSystem& system);
Result<int> run_on_host(const Options& options, const LoadedSystem& system);

// Prints the times of a machine that has ended, or the log of a panic. Returns the exit status of the command.
int report_machine(const Options& options, const MachineReport& report);

// Returns the exit status for a program that ended with `status` and whose output to a standard stream (1 or 2) was
// lost. If `status` is 0, prints the loss and returns exit_status::kSystem.
int status_after_loss(int status, int stream, const char* reason);

// Replaces this process by the RISC-V build of the command under qemu-riscv64. Returns only on failure.
Error continue_as_riscv64(const Options& options, char* const* argv);

// Returns the settings of the engine that the options ask for.
BootConfig engine_settings(const Options& options);
// Returns a copy of the text's bytes.
std::vector<std::byte> bytes_of(const std::string& text);

// Returns the compiler's options for the target. The instruction sets are those of this machine's CPU if the target has
// the same architecture, otherwise the minimum, unless the user chooses them (--engine cpu=).
Result<compiler::Options> compiler_options(const Options& options);
// Compiles a module to a code object for the options' target.
Result<std::vector<std::byte>> compile_object(const Options& options, const std::string& program);

// The other commands; `./cairn help COMMAND` describes each.
Result<int> compile(const Options& options);
Result<int> objdump(const Options& options);
Result<int> validate(const Options& options);
Result<int> wast(const Options& options);
Result<int> try_modules(const Options& options);
Result<int> wat2wasm(const Options& options);
Result<int> wasm2wat(const Options& options);

}  // namespace cairn::cli
