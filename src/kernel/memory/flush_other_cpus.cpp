#include "kernel/memory/flush_other_cpus.hpp"

#include <atomic>

#include "base/sync/spin_lock.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "kernel/machine.hpp"
#include "kernel/panic.hpp"
#include "kernel/trap/cpu.hpp"
#include "kernel/trap/interrupts_off.hpp"
#include "port/cpu.hpp"
#include "port/paging.hpp"

namespace cairn::kernel {
namespace {

constinit const FlushRequest* the_request = nullptr;  // while flush_other_cpus() waits

}  // namespace

void flush_other_cpus(const FlushRequest& request) {
  const uint32_t self = this_cpu().number;
  the_request = &request;
  // A CPU that does not take requests yet flushes everything when it begins to take them. This fence and the fence in
  // begin_to_take_flush_requests() ensure one of two things: the other CPU sees the stores of this CPU to the tables,
  // or this CPU sees that the other one takes requests.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  for (const std::atomic<Cpu*>& entry : all_cpus()) {
    Cpu* const cpu = entry.load(std::memory_order_acquire);
    if (cpu == nullptr || cpu->number == self || !cpu->takes_flush_requests.load(std::memory_order_acquire)) continue;
    cpu->must_flush.store(true, std::memory_order_release);
    machine::send_interrupt(*cpu);
  }
  for (const std::atomic<Cpu*>& entry : all_cpus()) {
    const Cpu* const cpu = entry.load(std::memory_order_acquire);
    while (cpu != nullptr && cpu->must_flush.load(std::memory_order_acquire)) machine::relax();
  }
  the_request = nullptr;
}

void carry_out_flush_request() {
  // Interrupts are off, because their handler may carry out the request, too.
  const InterruptsOff off;
  Cpu& cpu = this_cpu();
  if (!cpu.must_flush.load(std::memory_order_acquire)) return;
  Tlb tlb;
  carry_out(*the_request, tlb);
  cpu.must_flush.store(false, std::memory_order_release);
}

void begin_to_take_flush_requests() {
  this_cpu().takes_flush_requests.store(true, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  Tlb::flush_all();
}

}  // namespace cairn::kernel

void cairn::while_spin_lock_is_taken() {
  kernel::machine::relax();
  kernel::stop_if_panicking(reinterpret_cast<uint64_t>(__builtin_return_address(0)),
                            reinterpret_cast<uint64_t>(__builtin_frame_address(0)));
  kernel::watch_cpus();
  kernel::carry_out_flush_request();
}
