// The parsed command line of `cairn`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/boot_protocol.hpp"
#include "base/result.hpp"
#include "host/description/quantities.hpp"

namespace cairn::cli {

// Where programs run: on a machine of an architecture, in this process (host), or in a process of the RISC-V build
// under qemu-riscv64 (host_riscv64).
enum class Target : uint8_t { x86_64, riscv64, host, host_riscv64 };
enum class Machine : uint8_t { microvm, q35, virt };
enum class Accelerator : uint8_t { tcg, kvm, automatic };
enum class Command : uint8_t { run, compile, objdump, boot, validate, wast, try_modules, wat2wasm, wasm2wat };

struct Options {
  Command command = Command::run;
  Target target = Target::x86_64;
  Machine machine = Machine::microvm;
  Accelerator accelerator = Accelerator::tcg;
  unsigned cpus = 1;
  std::string cpu;  // QEMU's name of a CPU; empty: the machine's default
  uint64_t memory_bytes = uint64_t{1} << 30;
  std::string paging;                    // value of kernel_option::kPaging; empty: not given
  std::vector<std::string> environment;  // each is NAME=VALUE
  std::vector<host::DirectoryMapping> directories;
  bool report_times = false;
  bool verbose = false;
  BoundsMode bounds = BoundsMode::automatic;
  std::vector<std::string> disabled_features;
  std::vector<std::string> engine_options;                // each is KEY=VALUE
  std::string invoke;                                     // the function to call instead of _start
  bool trap_unknown_imports = false;                      // whether missing functions trap when they are called
  bool allows_system = false;                             // run: whether the first program may start others
  bool has_default_root = true;                           // whether `/` is in memory if no directory has this name
  uint64_t limit_nanoseconds = uint64_t{60'000'000'000};  // wast: limit on the time of a script
  std::string output;                                     // the file named by -o; empty: not given
  std::string function;                                   // objdump: name or index of a function; empty: all
  std::vector<std::string> operands;                      // run: the program and its arguments, or the system file
  // run: the programs that run beside the first one, each with its arguments.
  std::vector<std::vector<std::string>> companions;
  Limits limits;                        // run: the limits of each program
  bool marks_output = true;             // run: whether lines of several programs begin with the program's name
  std::vector<std::string_view> given;  // the names of the options that the user gave

  [[nodiscard]] bool has(std::string_view name) const { return std::ranges::contains(given, name); }
};

// Returns whether programs run on a machine, and not in a process.
inline bool is_machine(Target target) { return target == Target::x86_64 || target == Target::riscv64; }

// Returns whether the first operand of `run` or `boot` is a system file. Its name ends in .toml.
bool is_system_file(const Options& options);

// Parses argv without the program's name. An Error of kind usage says in one line what is wrong.
Result<Options> parse_options(std::span<char* const> arguments);

std::string_view to_string(Target target);
std::string_view to_string(Accelerator accelerator);

}  // namespace cairn::cli
