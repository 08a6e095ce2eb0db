// A virtual machine under QEMU that runs one boot bundle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "host/cli/options.hpp"

namespace cairn::cli {

// The outcome of a machine, mostly from its control port.
struct MachineReport {
  bool exited = false;  // whether the record `exit` came; without it the kernel panicked or was killed
  int status = 0;
  struct Number {
    std::string name;
    uint64_t value;
  };
  // For modes that run many files: the file that the machine began last (the number of files after the last one),
  // whether that took too long, and the results of the files.
  std::optional<uint64_t> begun;
  bool timed_out = false;
  uint64_t passed = 0, failed = 0;
  std::vector<Number> times;  // nanoseconds, in the order in which they came
  std::vector<Number> stats;
  std::string log;                // the serial port, from its start
  bool kvm_failed = false;        // KVM could not run the machine
  std::string qemu_messages;      // QEMU's own messages
  int lost_stream = 0;            // 1 or 2: the stream whose output was lost
  int lost_because = 0;           // the reason, as Linux's error number
  uint64_t qemu_nanoseconds = 0;  // from starting QEMU to its end
};

// Starts QEMU on `bundle` and carries bytes between its ports and this process's stdin, stdout and stderr until it
// ends. A machine that takes longer than `patience_nanoseconds` (0: no limit) for one file is ended.
Result<MachineReport> run_machine(const Options& options, const std::string& bundle, uint64_t patience_nanoseconds = 0);

// Runs QEMU with the serial port on the terminal until the machine ends. Returns the status of the command: 0 after a
// power-off, and otherwise as for a program that could not be run.
Result<int> boot_console(const Options& options);

// The kernel's image for the command (wast and try need the testing image), and the file with its symbols.
std::string kernel_path(const Options& options);
std::string kernel_symbols_path(const Options& options);

}  // namespace cairn::cli
