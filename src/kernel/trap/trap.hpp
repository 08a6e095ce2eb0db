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

// What the timer's interrupt may do with the code that it met: leave it alone, or let it go on elsewhere. Null: nothing.
void set_timer_handler(FaultHandler handler);
// Of the port's trap handler, after it has silenced the timer.
void handle_timer(const runtime::MachineFault& where, TrapFrame& frame);

// Returns when the interrupted code is to go on, perhaps elsewhere: `frame` says where.
void handle_fault(const Fault& fault, TrapFrame& frame);

}  // namespace cairn::kernel
