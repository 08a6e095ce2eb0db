// The handling of faulting instructions, the same on every machine. If the instruction accessed committed memory that
// is not filled yet, the memory is filled. A fault of guest code goes to the runtime. Any other fault is a panic.
#pragma once

#include <cstdint>

#include "runtime/platform.hpp"

namespace cairn::kernel {

struct Cpu;
struct TrapFrame;

// A fault, as the port describes it to generic code.
struct Fault {
  runtime::MachineFault machine;
  bool write = false;     // whether an access was a write
  bool execute = false;   // whether an access was the fetch of an instruction
  const char* name = "";  // the fault's name, for the panic message
};

using FaultHandler = runtime::FaultResolution (*)(const runtime::MachineFault&);
// Sets the runtime's handler for faults of guest code; null: there is none.
void set_fault_handler(FaultHandler handler);

// Called by the port's trap entry, on the stack that the CPU enters traps on. Moves the frame to the kernel's stack and
// returns its new place (frame_place.hpp). Panics when there is no room for the frame.
extern "C" TrapFrame* cairn_move_frame(TrapFrame* frame, const Cpu* cpu);

// Handles a fault. Returns if the interrupted code is to continue, at the place that `frame` then gives. `frame` is on
// the kernel's stack, so that handling a fault may fault again.
void handle_fault(const Fault& fault, TrapFrame& frame);

}  // namespace cairn::kernel
