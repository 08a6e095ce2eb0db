// A virtual machine under QEMU that runs one boot bundle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "host/cli/options.hpp"

namespace cairn::cli {

// The outcome of a machine, mostly from the records on its control port (control_record in base/boot_protocol.hpp).
struct MachineReport {
  bool exited = false;  // whether the record `exit` came; without it the kernel panicked or was killed
  int status = 0;       // the exit status in the record `exit`
  struct Number {
    std::string name;
    uint64_t value;
  };
  // The index of the file that the machine began last, in modes that run many files. After the last file, the number of
  // files.
  std::optional<uint64_t> begun;
  bool timed_out = false;           // whether booting or a file took too long
  uint64_t passed = 0, failed = 0;  // totals of the files that have ended
  std::vector<Number> times;        // of the records `time`: nanoseconds, in the order of their arrival
  std::vector<Number> stats;        // of the records `stat`
  std::string log;                  // output of the serial port, from its start
  bool kvm_failed = false;          // KVM could not run the machine
  std::string qemu_messages;        // QEMU's own messages
  int lost_stream = 0;              // 1 or 2: the standard stream whose output was lost; 0: none
  int lost_because = 0;             // the reason for the loss, as Linux's error number
  uint64_t qemu_nanoseconds = 0;    // time from starting QEMU to its end
};

// Starts QEMU on `bundle` and carries bytes between the machine's ports and this process's stdin, stdout and stderr
// until QEMU ends. A machine that takes longer than `patience_nanoseconds` (0: no limit) to boot or for one file is
// ended.
Result<MachineReport> run_machine(const Options& options, const std::string& bundle, uint64_t patience_nanoseconds = 0);

// Boots the kernel with the serial port on the terminal, and with a bundle of programs for the console if there is one,
// until the machine ends. Returns the status of the command: 0 after a power-off, otherwise exit_status::kPanic,
// kBadModule or kSystem.
Result<int> boot_console(const Options& options, const std::optional<std::string>& bundle);

// Return the path of the kernel's image for the command (wast and try need the testing image), and the path of the file
// with its symbols.
std::string kernel_path(const Options& options);
std::string kernel_symbols_path(const Options& options);

}  // namespace cairn::cli
