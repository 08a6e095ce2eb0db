// The tables that each x86-64 CPU reads for itself when it enters a trap.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cairn::kernel {

// The task state. Only its interrupt stack table (IST) is used, whose entries are numbered from 1 [sdm 3A 7.14.5].
struct [[gnu::packed]] TaskState {
  uint32_t reserved0;
  uint64_t stack[3];
  uint64_t reserved1;
  uint64_t interrupt_stack[7];
  uint64_t reserved2;
  uint16_t reserved3;
  uint16_t io_map;
};
static_assert(sizeof(TaskState) == 104);

struct CpuTables {
  std::array<uint64_t, 5> segments{};  // the global descriptor table, which trap.cpp fills
  TaskState task{};
};

// How many stacks a CPU needs for traps: one for each entry of the IST that is used.
inline constexpr size_t kTrapStackCount = 4;

}  // namespace cairn::kernel
