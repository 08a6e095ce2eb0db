// What happens when an instruction faults, on every machine: lazily committed memory is filled; what guest code did goes
// to the runtime; the rest is a panic.
#pragma once

#include <cstdint>

#include "runtime/platform.hpp"

namespace cairn::kernel {

struct TrapFrame;

// How the port describes a fault to generic code.
struct Fault {
  runtime::MachineFault machine;
  bool write = false;    // access: what was tried
  bool execute = false;
  const char* name = "";  // for the panic
};

using FaultHandler = runtime::FaultResolution (*)(const runtime::MachineFault&);
// The runtime's handler for faults of guest code; null: none.
void set_fault_handler(FaultHandler handler);

// Returns when the interrupted code is to go on, perhaps elsewhere: `frame` says where.
void handle_fault(const Fault& fault, TrapFrame& frame);

}  // namespace cairn::kernel
