// The state of the interrupted code that trap.S saves and restores. (The kernel does not use the vector registers.)
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::kernel {

struct TrapFrame {
  uint64_t registers[32];  // by number; [0] is unused
  uint64_t pc;
  uint64_t status;   // sstatus
  uint64_t cause;    // scause
  uint64_t address;  // stval
  uint64_t floats[32];
  uint64_t float_status;  // fcsr
  uint64_t padding;
};
static_assert(offsetof(TrapFrame, floats) == 288 && sizeof(TrapFrame) == 560);

// A step of a backtrace: the address to which a function returns, and the frame pointer of its caller.
struct CallFrame {
  uint64_t pc;
  uint64_t frame_pointer;
};
// Returns the step from the function with this frame pointer to its caller. The frame's memory must be readable.
inline CallFrame caller_of(uint64_t frame_pointer) {
  const auto* words = reinterpret_cast<const uint64_t*>(frame_pointer);
  return {words[-1], words[-2]};
}
inline uint64_t frame_pointer_of(const TrapFrame& frame) { return frame.registers[8]; }
inline uint64_t stack_pointer_of(const TrapFrame& frame) { return frame.registers[2]; }
inline void set_stack_pointer(TrapFrame& frame, uint64_t value) { frame.registers[2] = value; }
// Writes the registers to the console, for the report of a panic.
void write_registers(const TrapFrame& frame);

}  // namespace cairn::kernel
