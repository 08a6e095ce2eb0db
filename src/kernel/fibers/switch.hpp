// The switch between kernel stacks: arch/<port>/switch.S.
#pragma once

#include <cstdint>

extern "C" {
// Saves the registers that a called function must preserve on the current stack, stores the stack pointer in `*old`,
// and continues where the stack `next` was left, or begins it (port/fiber_stack.hpp). Returns when another call
// switches back. Interrupts must be off.
void cairn_switch_stacks(uint64_t* old, uint64_t next);
}
