// Carries bytes between a machine's ports and this process's standard streams.
#pragma once

#include <sys/types.h>

#include "host/cli/files.hpp"
#include "host/cli/machine.hpp"

namespace cairn::cli {

// This process's ends of the machine's ports (base/boot_protocol.hpp), and of the pipe with QEMU's own messages.
struct PumpPorts {
  FileDescriptor input, output, error, control, log, messages;
};

struct PumpSettings {
  pid_t machine;
  bool show_log;
  uint64_t patience_nanoseconds;  // limit on the boot and on each file of a batch; 0: none
};

// Runs until the machine has closed every port. Bytes go through untouched and in order, with backpressure both ways: a
// stalled reader of the output blocks the program, and a program that does not read blocks the writer of its input. The
// end of standard input closes the machine's input. A machine is killed if it does not end within two seconds after it
// has said `exit`, if it takes too long for its boot or a file, or if it has written nothing to its serial port in the
// first minute.
void pump(PumpPorts ports, const PumpSettings& settings, MachineReport& report);

}  // namespace cairn::cli
