// The frame that switch.S leaves on the stack of a fiber that does not run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

namespace cairn::kernel {

// Values in the order in which switch.S stores them. `s` and `fs` are the registers s0 to s11 and fs0 to fs11.
struct SwitchFrame {
  uint64_t ra = 0;
  uint64_t s[12] = {};
  uint64_t fs[12] = {};
  uint64_t padding = 0;
};
static_assert(sizeof(SwitchFrame) == 208);

extern "C" const std::byte cairn_start_on_stack[];

// Prepares a new stack, so that switching to the returned stack pointer calls `function(argument)`.
template <class T>
uint64_t prepare_stack(std::span<std::byte> stack, void (*function)(T*), T* argument) {
  std::byte* const place = stack.data() + stack.size() - sizeof(SwitchFrame);
  auto* const frame = new (place) SwitchFrame;
  frame->s[1] = reinterpret_cast<uint64_t>(function);
  frame->s[2] = reinterpret_cast<uint64_t>(argument);
  frame->ra = reinterpret_cast<uint64_t>(cairn_start_on_stack);
  return reinterpret_cast<uint64_t>(place);
}

}  // namespace cairn::kernel
