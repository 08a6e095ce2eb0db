#include "compiler/codegen/emission/frame.hpp"

namespace cairn::codegen {

FrameLayout layout_frame(const MachineFunction& function, uint32_t spill_slots, uint32_t saved_count,
                         ReturnAddress return_address) {
  FrameLayout frame;
  frame.saved_count = saved_count;
  frame.fixed_offset = function.outgoing_bytes;
  frame.spill_offset = frame.fixed_offset + function.fixed_slot_bytes;
  // The saved registers lie at the top, so padding goes below them.
  const uint32_t below = frame.spill_offset + 8 * spill_slots;
  const uint32_t above = 8 * saved_count + (return_address == ReturnAddress::in_frame ? 8 : 0);
  uint32_t total = below + above;
  if (return_address == ReturnAddress::pushed) {
    // The frame and the return address above it take a multiple of 16 bytes.
    if (total != 0 || function.has_calls) total = ((total + 8 + 15) & ~uint32_t{15}) - 8;
    frame.return_offset = total;
    frame.incoming_offset = total + 8;
  } else {
    total = (total + 15) & ~uint32_t{15};
    frame.return_offset = total - 8;
    frame.incoming_offset = total;
  }
  frame.frame_bytes = total;
  frame.saved_offset = total - above;
  return frame;
}

}  // namespace cairn::codegen
