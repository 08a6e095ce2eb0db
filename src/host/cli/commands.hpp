// The commands, one function each. They print their own results; the int is the exit status of the process. An Error is
// printed by main as one line, with the exit status of its kind.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "compiler/options/options.hpp"
#include "host/cli/machine.hpp"
#include "host/cli/options.hpp"

namespace cairn::cli {

// run: `program` holds a module's bytes, options.operands its name and arguments.
Result<int> run_on_machine(const Options& options, const std::string& program);
Result<int> run_on_host(const Options& options, const std::string& program);

// Prints what is left after a machine's end: times, or the log of a panic. Returns the exit status of the command.
int report_machine(const Options& options, const MachineReport& report);

// The exit status for a program that ended with `status` although output to a standard stream was lost: not 0.
int status_after_loss(int status, int stream, const char* reason);

// Replaces this process by the RISC-V build of the command under qemu-riscv64. Returns only on failure.
Error continue_as_riscv64(const Options& options, char* const* argv);

// The engine's settings from the options, wherever it runs.
BootConfig engine_settings(const Options& options);
std::vector<std::byte> bytes_of(const std::string& text);

// The compiler's options for the target's machine: the CPU's instruction sets if it has this machine's architecture,
// the minimum otherwise.
Result<compiler::Options> compiler_options(const Options& options);
// Compiles a module to a code object for the options' target.
Result<std::vector<std::byte>> compile_object(const Options& options, const std::string& program);

Result<int> compile(const Options& options);
Result<int> objdump(const Options& options);
Result<int> validate(const Options& options);
Result<int> wast(const Options& options);
Result<int> try_modules(const Options& options);
Result<int> wat2wasm(const Options& options);
Result<int> wasm2wat(const Options& options);

}  // namespace cairn::cli
