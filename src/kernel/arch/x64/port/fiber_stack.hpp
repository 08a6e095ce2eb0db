// The frame that switch.S leaves on the stack of a fiber that does not run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

namespace cairn::kernel {

// Values in the order in which switch.S stores them; pc is the return address.
struct SwitchFrame {
  uint32_t sse_control = 0x1f80;  // all exceptions masked, as after a reset [sdm 1 10.2.3]
  uint32_t x87_control = 0x37f;   // all exceptions masked, as after FNINIT [sdm 1 8.1.5]
  uint64_t r15 = 0;
  uint64_t r14 = 0;
  uint64_t r13 = 0;
  uint64_t r12 = 0;
  uint64_t rbx = 0;
  uint64_t rbp = 0;
  uint64_t pc = 0;
};
static_assert(sizeof(SwitchFrame) == 64);

extern "C" const std::byte cairn_start_on_stack[];

// Prepares a new stack, so that switching to the returned stack pointer calls `function(argument)`.
template <class T>
uint64_t prepare_stack(std::span<std::byte> stack, void (*function)(T*), T* argument) {
  // 16 bytes above the frame are left free, so that the stack is aligned where the function is called.
  std::byte* const place = stack.data() + stack.size() - sizeof(SwitchFrame) - 16;
  auto* const frame = new (place) SwitchFrame;
  frame->r12 = reinterpret_cast<uint64_t>(function);
  frame->r13 = reinterpret_cast<uint64_t>(argument);
  frame->pc = reinterpret_cast<uint64_t>(cairn_start_on_stack);
  return reinterpret_cast<uint64_t>(place);
}

}  // namespace cairn::kernel
