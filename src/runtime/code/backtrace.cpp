// Makes backtraces. The functions allocate nothing and take no lock, so fault handlers may call them.
#include "runtime/code/activation.hpp"
#include "runtime/code/code_image.hpp"
#include "runtime/code/frame_iterator.hpp"

namespace cairn::runtime {

uint32_t wasm_offset_of(const GuestFrame& frame) {
  if (frame.call != nullptr) return frame.call->wasm_offset;
  if (const codegen::TrapRecord* trap = frame.image->find_trap(frame.offset)) return trap->wasm_offset;
  // The frame is at a call whose push of the return address hit the guard page.
  const codegen::CallRecord* call = frame.image->find_call_at(frame.offset);
  return call != nullptr ? call->wasm_offset : 0;
}

void Backtrace::add(const GuestFrame& frame) {
  if (count == kMaximumFrames) {
    ++omitted;
    return;
  }
  frames[count++] = {frame.image, frame.function->function_index, wasm_offset_of(frame)};
}

void walk_frames(Activation& activation, const WalkStart& start) {
  for (FrameIterator at(activation, start); !at.at_end(); ++at) activation.backtrace.add(*at);
}

}  // namespace cairn::runtime
