// The kernel's record of each CPU. Trap entries find it through the stack that the CPU enters them on.
//
// Kernel code finds the record by this_cpu(), but only where it cannot be preempted: with interrupts off, or while it
// holds a spin lock. Anywhere else, it may run on another CPU in the next instruction, and uses this_context().
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kernel/trap/fiber_context.hpp"
#include "port/cpu_tables.hpp"
#include "port/this_cpu.hpp"

namespace cairn::kernel {

struct Cpu {
  static constexpr uint32_t kMaximum = 64;  // the largest number of CPUs that the kernel uses

  Cpu* self = this;                        // first, for this_cpu() on x86-64
  uint32_t number = 0;                     // the CPU on which the kernel boots is number 0
  uint64_t hardware_id = 0;                // the number of its local APIC, or of its hart
  FiberContext* context = &first_context;  // that of the running fiber
  FiberContext first_context;              // until the CPU runs fibers
  std::atomic<uint64_t> spurious_interrupts{0};
  // The functions of memory/flush_other_cpus.hpp use these two members.
  std::atomic<bool> takes_flush_requests{false};  // whether other CPUs may ask this one to flush translations
  std::atomic<bool> must_flush{false};            // whether a CPU has asked, and waits for this one to flush
  std::atomic<uint64_t> interrupts_of_cpus{0};    // the number of interrupts that CPUs have sent to this one
  // Where the CPU was when another one's panic stopped it; the frame pointer is set first, and 0 means that it runs.
  uint64_t stopped_frame_pointer = 0;
  std::atomic<uint64_t> stopped_pc{0};
  CpuTables tables;  // the tables that the CPU itself reads when it enters a trap
};

// The context of the running fiber. It is found by one instruction, so that preemption cannot come in between; and it
// stays the fiber's wherever the fiber runs.
inline FiberContext& this_context() {
  return *reinterpret_cast<FiberContext*>(load_from_this_cpu<offsetof(Cpu, context)>());
}

// The record of the CPU on which the kernel boots.
Cpu& boot_cpu();
// The records of all CPUs by their numbers; null for a number that no CPU has. A record is entered before its CPU
// starts, and is removed only if the CPU does not start.
std::array<std::atomic<Cpu*>, Cpu::kMaximum>& all_cpus();

}  // namespace cairn::kernel
