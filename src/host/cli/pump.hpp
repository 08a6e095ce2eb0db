// Carries bytes between a machine's ports and this process's standard streams.
#pragma once

#include <sys/types.h>

#include "host/cli/files.hpp"
#include "host/cli/machine.hpp"

namespace cairn::cli {

// This process's ends of the machine's ports (base/boot_protocol.hpp), and what QEMU itself prints.
struct PumpPorts {
  FileDescriptor input, output, error, control, log, messages;
};

struct PumpSettings {
  pid_t machine;
  bool show_log;
  uint64_t patience_nanoseconds;  // for each file of a batch; 0: any time
};

// Runs until the machine has closed every port. Bytes go through untouched and in order, with backpressure both ways: a
// stalled reader of the output blocks the program, and a program that does not read blocks the writer of its input. The
// end of standard input closes the machine's input. A machine that has said `exit` and does not end within two seconds
// is killed. So is one that takes too long for a file, or that has written nothing to its serial port in the first
// minute.
void pump(PumpPorts ports, const PumpSettings& settings, MachineReport& report);

}  // namespace cairn::cli
