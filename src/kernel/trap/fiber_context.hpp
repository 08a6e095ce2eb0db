// What the kernel's code keeps for the fiber that runs it. Each fiber has a context; a CPU that starts uses the one in
// its record until it runs fibers.
#pragma once

#include <cstddef>
#include <span>

#include "base/sync/lock_rank.hpp"

namespace cairn {
struct OperationRecord;
}
namespace cairn::runtime {
struct Activation;
}

namespace cairn::kernel {

class Fiber;
class MemoryAccount;

struct FiberContext {
  Fiber* fiber = nullptr;  // null: the CPU does not run fibers yet
  // The stack that kernel code, programs' host functions and the handling of traps run on. It is always mapped, with a
  // guard below.
  std::span<const std::byte> stack;
  runtime::Activation* activation = nullptr;  // the innermost entry into guest code
  HeldLocks held_locks;                       // the locks that the fiber holds
  OperationRecord* operation = nullptr;       // the operation that runs (base/operation.hpp)
  MemoryAccount* account = nullptr;           // the account for what the fiber allocates; null: the system's
};

}  // namespace cairn::kernel
