// The places of the parts of a function's stack frame (calling_convention.hpp describes the frame).
#pragma once

#include <cstdint>

#include "compiler/codegen/machine_function.hpp"

namespace cairn::codegen {

enum class ReturnAddress : uint8_t {
  pushed,       // x86-64: the call pushes it, so it lies above the frame
  in_frame,     // RV64: it is saved in the frame's top word
  in_register,  // RV64, leaf function: it stays in ra
};

// All offsets are bytes from the stack pointer while the body runs. The outgoing argument area is at offset 0.
struct FrameLayout {
  uint32_t fixed_offset = 0;     // the fixed slots, which have MachineFunction::fixed_slot_bytes bytes
  uint32_t spill_offset = 0;     // the spill slots, a multiple of 16: slot n is at spill_offset + 8 * n
  uint32_t saved_offset = 0;     // the first saved register; the others follow, 8 bytes each
  uint32_t saved_count = 0;      // number of saved registers (this is no offset)
  uint32_t frame_bytes = 0;      // size of the frame: what the prologue subtracts from the stack pointer
  uint32_t return_offset = 0;    // the return address (unless in_register)
  uint32_t incoming_offset = 0;  // the function's own stack arguments

  // Returns the offset of the spill slot with this number.
  [[nodiscard]] uint32_t slot_offset(uint32_t slot) const { return spill_offset + 8 * slot; }
};

// Computes the layout. `spill_slots` is the size of the spill area in units of 8 bytes, and `saved_count` the number of
// callee-saved registers that the prologue saves. The stack pointer is 16-byte aligned in the body, unless the frame is
// empty on x86-64: then it is off by 8, as at entry.
FrameLayout layout_frame(const MachineFunction& function, uint32_t spill_slots, uint32_t saved_count,
                         ReturnAddress return_address);

}  // namespace cairn::codegen
