// The interrupted machine state of a signal handler; one implementation an architecture (x64/, rv64/).
#pragma once

#include <ucontext.h>

#include <cstdint>

#include "runtime/platform.hpp"

namespace cairn::platform {

// Reads pc, stack pointer and return register; the caller fills in the rest.
runtime::MachineFault read_fault(const ucontext_t& context);
// Makes the handler return to `pc` on `stack_pointer`.
void continue_at(ucontext_t& context, uintptr_t pc, uintptr_t stack_pointer);

}  // namespace cairn::platform
