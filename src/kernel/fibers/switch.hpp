// Declares the switch between kernel stacks, which arch/<port>/switch.S implements.
#pragma once

#include <cstdint>

extern "C" {
// Saves the registers that a called function must preserve on the current stack, and stores the stack pointer in
// `*old`. Then continues on the stack whose stack pointer is `next`: where an earlier call left it, or in the first
// function of a new stack (prepare_stack() in port/fiber_stack.hpp). Returns when another call switches back.
// Interrupts must be off.
void cairn_switch_stacks(uint64_t* old, uint64_t next);
}
