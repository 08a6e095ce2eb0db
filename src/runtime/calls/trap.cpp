#include "runtime/calls/trap.hpp"

#include "base/format.hpp"

namespace cairn::runtime {

std::string Trap::to_string() const {
  std::string text = (exception ? "" : "trap: ") + what();
  if (memory_offset) {
    text += " (address " + hex(*memory_offset) + ", memory size " + hex(memory_length) + ")";
  }
  text += '\n';
  for (size_t i = 0; i < frames.size(); ++i) {
    const TrapFrame& frame = frames[i];
    text += "  " + decimal(uint64_t{i}) + ": ";
    if (!frame.module_name.empty()) text += frame.module_name + "!";
    text += frame.function_name.empty() ? "func[" + decimal(frame.function_index) + "]" : frame.function_name;
    if (frame.wasm_offset != 0) text += " @ " + hex(frame.wasm_offset);
    text += '\n';
  }
  if (omitted_frames != 0) text += "  ... " + decimal(omitted_frames) + " more frames\n";
  return text;
}

}  // namespace cairn::runtime
