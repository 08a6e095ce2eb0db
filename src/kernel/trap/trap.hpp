// What happens when an instruction faults, on every machine: lazily committed memory is filled; what guest code did
// goes to the runtime; the rest is a panic.
#pragma once

#include <cstdint>

#include "runtime/platform.hpp"

namespace cairn::kernel {

struct Cpu;
struct TrapFrame;

// How the port describes a fault to generic code.
struct Fault {
  runtime::MachineFault machine;
  bool write = false;  // access: what was tried
  bool execute = false;
  const char* name = "";  // for the panic
};

using FaultHandler = runtime::FaultResolution (*)(const runtime::MachineFault&);
// The runtime's handler for faults of guest code; null: none.
void set_fault_handler(FaultHandler handler);

// What the timer's interrupt may do with the code that it met: leave it alone, or let it go on elsewhere. Null:
// nothing.
void set_timer_handler(FaultHandler handler);
// Called by the port's trap handler, after it has acknowledged the timer interrupt.
void handle_timer(const runtime::MachineFault& where, TrapFrame& frame);

// Called by the port's entry of traps, on the stack that the CPU enters them on: moves the frame to the kernel's stack
// and returns its new place (frame_place.hpp). A panic when there is no room for it.
extern "C" TrapFrame* cairn_move_frame(TrapFrame* frame, const Cpu* cpu);

// Returns when the interrupted code is to go on, perhaps elsewhere: `frame` says where. `frame` is on the kernel's
// stack, so that handling a fault may fault.
void handle_fault(const Fault& fault, TrapFrame& frame);

}  // namespace cairn::kernel
