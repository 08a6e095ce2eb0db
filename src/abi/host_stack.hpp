// There are two stacks. Guest code runs on its store's stack, whose pages are filled on first touch and which may
// overflow at any instruction. C++ runs on the host's stack (INV-20).
//
// When guest code calls C++ (a host function or a builtin), its stack pointer is saved at kGuestStackPointer, relative
// to the frame of the innermost entry (VMStoreState::entry_frame), and C++ runs below that frame. So host functions,
// collections and growing need no more of the guest's stack than the frames of their trampolines. If a host function
// calls guest code, that code runs below the saved guest stack pointer.
#pragma once

#include <cstddef>
#include <cstdint>

#include "wasm/types/limits.hpp"

namespace cairn::abi {

// While C++ runs, the guest's stack pointer is saved at this offset from VMStoreState::entry_frame. The 16 bytes below
// entry_frame are reserved for it, for alignment.
inline constexpr int32_t kGuestStackPointer = -16;

// The number of bytes of a guest's stack below VMStoreState::stack_limit. Guest code whose stack pointer is below the
// limit cannot call C++. The bytes hold the registers that stubs save, and the arguments and results of an entry from
// there.
inline constexpr size_t kGuestStackReserve = 64 * 1024;
static_assert(kGuestStackReserve >= 16 * (wasm::limits::kParams + wasm::limits::kResults) + 4096);

// The number of bytes of the host's stack that must be left when guest code is entered, for host functions, builtins
// and everything that they call. An entry that finds less traps: functions of the guest and the host have called each
// other too deeply.
inline constexpr size_t kHostStackReserve = 192 * 1024;

}  // namespace cairn::abi
