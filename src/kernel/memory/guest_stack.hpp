// The memory of a guest's stack, which is committed as the stack grows. Committing all of it at once would promise each
// program as much memory as its deepest recursion may need (INV-17).
//
// Below the lowest group that guest code has touched, another group is committed: the reserve. It is for trampolines,
// stubs and calls back into the guest, which cannot trap everywhere and need at most a group (abi/host_stack.hpp).
// Guest code that touches the reserve makes the stack grow. If there is no memory for that, the code ends by the trap
// call_stack_exhausted (runtime::resolve_fault).
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "kernel/memory/address_space.hpp"

namespace cairn::kernel {

inline constexpr uint64_t kStackGroup = 64 * 1024;

// Commits the memory with which a stack begins. The stack lies in one reservation and is not committed yet.
template <class Space>
SpaceResult<void> begin_stack(Space& space, VirtAddr start, uint64_t size) {
  const uint64_t first = std::min(size, 2 * kStackGroup);
  return space.commit(start + (size - first), first, {.write = true});
}

enum class StackGrowth : uint8_t {
  sufficient,  // the address and the reserve below it are committed
  refused,     // there was no memory, and nothing was changed
};

// Called before memory at `address` of a stack is filled.
template <class Space>
StackGrowth grow_stack(Space& space, std::span<const std::byte> stack, VirtAddr address) {
  const VirtAddr start = VirtAddr::of(stack.data());
  const uint64_t low = space.committed_start(start + (stack.size() - 1)).value;
  const uint64_t group = align_down(address.value - start.value, kStackGroup);  // of the stack, from its start
  const uint64_t wanted = start.value + (group > kStackGroup ? group - kStackGroup : 0);
  if (wanted >= low) return StackGrowth::sufficient;
  return space.commit({wanted}, low - wanted, {.write = true}) ? StackGrowth::sufficient : StackGrowth::refused;
}

}  // namespace cairn::kernel
