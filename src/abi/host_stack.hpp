// How guest code and C++ share a thread: each has a stack of its own. Guest code runs on its store's stack, whose pages
// get memory on first touch and which may overflow at any instruction. C++ runs on the host's stack, which is always
// mapped (INV-20).
//
// VMStoreState::entry_frame is the frame of the innermost entry from the host; it is on the host's stack. When guest
// code calls C++ (a host function or a builtin), the guest's stack pointer is saved at entry_frame +
// kGuestStackPointer, and C++ runs on the host's stack below this address. So C++ needs no more of the guest's stack
// than the frames of trampolines and stubs. If a host function calls guest code, that code runs below the saved guest
// stack pointer.
#pragma once

#include <cstddef>
#include <cstdint>

#include "wasm/types/limits.hpp"

namespace cairn::abi {

// While C++ runs, the guest's stack pointer is saved at this offset from VMStoreState::entry_frame. The 16 bytes below
// entry_frame are reserved for it, for alignment.
inline constexpr int32_t kGuestStackPointer = -16;

// The number of bytes of a guest's stack below VMStoreState::stack_limit, or half of the stack if the stack is smaller
// than twice this number. A call of C++ with the stack pointer below the limit traps. The bytes hold the registers that
// stubs save (at most 4096 bytes), and the stack arguments and results when a host function calls guest code again.
inline constexpr size_t kGuestStackReserve = 64 * 1024;
static_assert(kGuestStackReserve >= 16 * (wasm::limits::kParams + wasm::limits::kResults) + 4096);

// The number of bytes of the host's stack that must be left when guest code is entered, for host functions, builtins
// and everything that they call. If less is left, the entry ends with the trap call_stack_exhausted, because functions
// of the guest and of the host have called each other too deeply.
inline constexpr size_t kHostStackReserve = 192 * 1024;

}  // namespace cairn::abi
