// Carries bytes between a machine's ports and this process's standard streams.
#pragma once

#include <sys/types.h>

#include "host/cli/files.hpp"
#include "host/cli/machine.hpp"

namespace cairn::cli {

// Our ends of the machine's ports (base/boot_protocol.hpp), and what QEMU itself prints.
struct PumpPorts {
  FileDescriptor input, output, error, control, log, messages;
};

struct PumpSettings {
  pid_t machine;
  bool show_log;
  uint64_t patience_nanoseconds;  // for each file of a batch; 0: any time
};

// Runs until the machine has closed every port. Bytes go through untouched and in order, with backpressure both ways: a
// reader of ours that stalls blocks the program, a program that does not read blocks whoever writes to us. The end of
// our standard input closes the machine's. A machine that has said `exit` and does not end within two seconds is
// killed, and so is one that stays with a file for too long, or that has not said a word on its serial port in the
// first minute.
void pump(PumpPorts ports, const PumpSettings& settings, MachineReport& report);

}  // namespace cairn::cli
