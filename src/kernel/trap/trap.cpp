#include "kernel/trap/trap.hpp"

#include <atomic>

#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/panic.hpp"
#include "port/trap_frame.hpp"

namespace cairn::kernel {
namespace {

constinit std::atomic<FaultHandler> fault_handler{nullptr};
constinit std::atomic<FaultHandler> timer_handler{nullptr};
// Set while a fault is handled: handling must not fault. One CPU's; it moves into the CPU's record when there are several.
constinit bool in_fault = false;

}  // namespace

void set_fault_handler(FaultHandler handler) { fault_handler.store(handler); }
void set_timer_handler(FaultHandler handler) { timer_handler.store(handler); }

void handle_timer(const runtime::MachineFault& where, TrapFrame& frame) {
  const FaultHandler handler = timer_handler.load();
  if (handler == nullptr) return;
  const runtime::FaultResolution resolution = handler(where);
  if (!resolution.is_guest_trap) return;
  frame.pc = resolution.pc;
  set_stack_pointer(frame, resolution.stack_pointer);
}

void handle_fault(const Fault& fault, TrapFrame& frame) {
  LogLine message;
  message << fault.name << " at " << Hex{fault.machine.pc};
  if (fault.machine.kind == runtime::FaultKind::access) {
    message << (fault.write ? ", write to " : fault.execute ? ", execution of " : ", read of ") << Hex{fault.machine.address};
  }
  if (in_fault) {
    message << ", while another fault was handled";
    panic_at(message.text(), frame);
  }
  in_fault = true;
  if (fault.machine.kind == runtime::FaultKind::access && is_memory_ready()) {
    const FaultOutcome outcome = address_space().with([&](KernelAddressSpace& space) {
      return space.fault({fault.machine.address}, fault.write, fault.execute);
    });
    if (outcome == FaultOutcome::filled) {
      in_fault = false;
      return;
    }
  }
  if (const FaultHandler handler = fault_handler.load()) {
    const runtime::FaultResolution resolution = handler(fault.machine);
    if (resolution.is_guest_trap) {
      frame.pc = resolution.pc;
      set_stack_pointer(frame, resolution.stack_pointer);
      in_fault = false;
      return;
    }
  }
  const VirtAddr guard = boot_stack_guard_page();
  if (fault.machine.address >= guard.value && fault.machine.address < guard.value + kPageSize) message << ": kernel stack overflow";
  panic_at(message.text(), frame);
}

}  // namespace cairn::kernel
