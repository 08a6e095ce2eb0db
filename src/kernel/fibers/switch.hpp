// The switch between kernel stacks: arch/<port>/switch.S.
#pragma once

#include <cstdint>

extern "C" {
// Saves the registers that a called function must preserve on the current stack, stores the stack pointer in `old`, and
// continues where the stack `next` was left, or begins it (port/fiber_stack.hpp). Returns when something switches back.
// Interrupts are off.
void cairn_switch_stacks(uint64_t* old, uint64_t next);
}
