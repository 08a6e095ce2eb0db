// Two stacks: guest code runs on its store's, which is filled on first touch and may end anywhere, and C++ runs on the
// host's.
//
// Guest code that calls C++ (a host function or a builtin) leaves its stack pointer at kGuestStackPointer from the
// frame of the innermost entry, VMStoreState::entry_frame, and C++ goes on below that. So host functions, collections
// and growing need no more of a guest's stack than their trampolines' frames. Guest code that a host function calls
// goes on below what was left there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "wasm/types/limits.hpp"

namespace cairn::abi {

// Where the guest's stack pointer is kept while C++ runs, relative to VMStoreState::entry_frame, and what it takes with
// alignment.
inline constexpr int32_t kGuestStackPointer = -16;

// So much of a guest's stack lies below VMStoreState::stack_limit, from where guest code does not call C++ any more:
// for the registers that stubs save, and for the arguments and results of an entry from there.
inline constexpr size_t kGuestStackReserve = 64 * 1024;
static_assert(kGuestStackReserve >= 16 * (wasm::limits::kParams + wasm::limits::kResults) + 4096);

// So much of the host's stack must be left when guest code is entered: what host functions, builtins and all that they
// call may use. An entry that finds less traps: functions of the guest and of the host have called each other too
// deeply.
inline constexpr size_t kHostStackReserve = 192 * 1024;

}  // namespace cairn::abi
