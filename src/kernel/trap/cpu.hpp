// Cpu is the kernel's record of a CPU. A trap entry finds the record's address on the trap stack, because the
// interrupted registers may be a guest's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/sync/lock_rank.hpp"

namespace cairn::runtime {
struct Activation;
}

namespace cairn::kernel {

struct Cpu {
  // The stack of the running fiber: kernel code, programs' host functions and the handling of traps run on it. It is
  // always mapped, with a guard below.
  std::span<const std::byte> stack;
  runtime::Activation* activation = nullptr;  // the innermost entry into guest code
  HeldLocks held_locks;
  std::atomic<uint64_t> spurious_interrupts{0};
};

// Returns the record of the one CPU that runs programs.
Cpu& this_cpu();

}  // namespace cairn::kernel
