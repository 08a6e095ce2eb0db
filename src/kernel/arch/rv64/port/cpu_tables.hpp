// The tables that a CPU reads for itself when it enters a trap: a RISC-V CPU reads none.
#pragma once

#include <cstddef>

namespace cairn::kernel {

struct CpuTables {};

// How many stacks a CPU needs for traps: the trap stack, and the emergency stack for traps within the trap entry.
inline constexpr size_t kTrapStackCount = 2;

}  // namespace cairn::kernel
