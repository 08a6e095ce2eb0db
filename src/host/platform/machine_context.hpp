// Reads and changes the machine state that a signal has interrupted. Each architecture has an implementation (x64/,
// rv64/).
#pragma once

#include <ucontext.h>

#include <cstdint>

#include "runtime/platform.hpp"

namespace cairn::platform {

// Reads the pc, the stack pointer and, on RV64, the return register. The caller fills in the kind and the address.
runtime::MachineFault read_fault(const ucontext_t& context);
// Makes the signal handler return to `pc` with `stack_pointer`.
void continue_at(ucontext_t& context, uintptr_t pc, uintptr_t stack_pointer);

}  // namespace cairn::platform
