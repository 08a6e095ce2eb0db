// The kernel's record of each CPU. Kernel code finds its CPU's record by this_cpu(). Trap entries find it through the
// stack that the CPU enters them on.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/sync/lock_rank.hpp"
#include "port/cpu_tables.hpp"
#include "port/this_cpu.hpp"

namespace cairn {
struct OperationRecord;
}
namespace cairn::runtime {
struct Activation;
}

namespace cairn::kernel {

class MemoryAccount;

struct Cpu {
  static constexpr uint32_t kMaximum = 64;  // the largest number of CPUs that the kernel uses

  Cpu* self = this;          // first, for this_cpu() on x86-64
  uint32_t number = 0;       // the CPU on which the kernel boots is number 0
  uint64_t hardware_id = 0;  // the number of its local APIC, or of its hart
  // The stack of the running fiber: kernel code, programs' host functions and the handling of traps run on it. It is
  // always mapped, with a guard below.
  std::span<const std::byte> stack;
  runtime::Activation* activation = nullptr;  // the innermost entry into guest code
  HeldLocks held_locks;                       // the locks that the running fiber holds
  OperationRecord* operation = nullptr;       // the operation that runs on the CPU (base/operation.hpp)
  MemoryAccount* account = nullptr;           // the account for what the running fiber allocates; null: the system's
  std::atomic<uint64_t> spurious_interrupts{0};
  // The functions of memory/flush_other_cpus.hpp use these two members.
  std::atomic<bool> takes_flush_requests{false};  // whether other CPUs may ask this one to flush translations
  std::atomic<bool> must_flush{false};            // whether a CPU has asked, and waits for this one to flush
  std::atomic<uint64_t> interrupts_of_cpus{0};    // the number of interrupts that CPUs have sent to this one
  CpuTables tables;                               // the tables that the CPU itself reads when it enters a trap
};

// The record of the CPU on which the kernel boots.
Cpu& boot_cpu();
// The records of all CPUs by their numbers; null for a number that no CPU has. A record is entered before its CPU
// starts, and is removed only if the CPU does not start.
std::array<std::atomic<Cpu*>, Cpu::kMaximum>& all_cpus();

}  // namespace cairn::kernel
