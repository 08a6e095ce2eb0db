// The state of the interrupted code that trap.S saves and restores.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::kernel {

struct TrapFrame {
  // The kernel is compiled for SSE. It does not touch the wider parts of these registers, so they need no saving.
  unsigned char xmm[16][16];
  uint64_t padding;
  uint64_t registers[16];  // in the order of their encodings; [4] is meaningless, see stack_pointer
  uint64_t vector;
  uint64_t error;
  uint64_t pc;
  uint64_t cs;
  uint64_t flags;
  uint64_t stack_pointer;
  uint64_t ss;
};
static_assert(offsetof(TrapFrame, registers) == 264 && offsetof(TrapFrame, vector) == 392 && sizeof(TrapFrame) == 448);

// A step of a backtrace: the address to which a function returns, and the frame pointer of its caller.
struct CallFrame {
  uint64_t pc;
  uint64_t frame_pointer;
};
// Returns the step from the function with this frame pointer to its caller. The frame's memory must be readable.
inline CallFrame caller_of(uint64_t frame_pointer) {
  const auto* words = reinterpret_cast<const uint64_t*>(frame_pointer);
  return {words[1], words[0]};
}
inline uint64_t frame_pointer_of(const TrapFrame& frame) { return frame.registers[5]; }
inline uint64_t stack_pointer_of(const TrapFrame& frame) { return frame.stack_pointer; }
inline void set_stack_pointer(TrapFrame& frame, uint64_t value) { frame.stack_pointer = value; }
// Writes the registers to the console, for the report of a panic.
void write_registers(const TrapFrame& frame);

}  // namespace cairn::kernel
