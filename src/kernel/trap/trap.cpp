#include "kernel/trap/trap.hpp"

#include <atomic>
#include <cstring>

#include "kernel/image.hpp"
#include "kernel/log/log.hpp"
#include "kernel/memory/guest_stack.hpp"
#include "kernel/memory/memory.hpp"
#include "kernel/panic.hpp"
#include "kernel/trap/cpu.hpp"
#include "kernel/trap/frame_place.hpp"
#include "port/trap_frame.hpp"
#include "runtime/code/activation.hpp"
#include "runtime/store.hpp"

namespace cairn::kernel {
namespace {

constinit std::atomic<FaultHandler> fault_handler{nullptr};
constinit Cpu the_boot_cpu;
constinit std::array<std::atomic<Cpu*>, Cpu::kMaximum> cpus{&the_boot_cpu};

}  // namespace

Cpu& boot_cpu() { return the_boot_cpu; }
std::array<std::atomic<Cpu*>, Cpu::kMaximum>& all_cpus() { return cpus; }

}  // namespace cairn::kernel

cairn::HeldLocks& cairn::held_locks() { return kernel::this_context().held_locks; }

namespace cairn::kernel {

extern "C" TrapFrame* cairn_move_frame(TrapFrame* frame, const Cpu* cpu) {
  const FiberContext& context = *cpu->context;
  const runtime::Activation* const activation = context.activation;
  const uint64_t entry = activation != nullptr ? reinterpret_cast<uint64_t>(activation->entry.saved_stack_pointer) : 0;
  const uint64_t bottom = reinterpret_cast<uint64_t>(context.stack.data());
  const auto place =
      frame_place(stack_pointer_of(*frame), bottom, bottom + context.stack.size(), entry, sizeof(TrapFrame));
  if (!place) panic_at("a trap outside of the kernel's stack, or at its end", *frame);
  return static_cast<TrapFrame*>(std::memcpy(reinterpret_cast<void*>(*place), frame, sizeof(TrapFrame)));
}

void set_fault_handler(FaultHandler handler) { fault_handler.store(handler); }

namespace {

// Lets the guest's stack grow if the fault is an access to it. If there is no memory for that, returns false, and sets
// `fault.stack_memory`.
bool grow_guest_stack(runtime::MachineFault& fault) {
  const runtime::Activation* const activation = this_context().activation;
  if (fault.kind != runtime::FaultKind::access || activation == nullptr) return true;
  const std::span<const std::byte> stack = activation->store->stack();
  if (fault.address - reinterpret_cast<uintptr_t>(stack.data()) >= stack.size()) return true;
  return address_space().with([&](KernelAddressSpace& space) {
    if (grow_stack(space, stack, {fault.address}) == StackGrowth::sufficient) return true;
    fault.stack_memory = space.committed_start(VirtAddr::of(&stack.back())).value;
    return false;
  });
}

// Fills the memory that the faulting instruction accessed, if it is committed.
bool fill(const Fault& fault) {
  if (fault.machine.kind != runtime::FaultKind::access || !is_memory_ready()) return false;
  const FaultOutcome outcome = address_space().with(
      [&](KernelAddressSpace& space) { return space.fault({fault.machine.address}, fault.write, fault.execute); });
  return outcome == FaultOutcome::filled;
}

// Lets the runtime make the fault a guest's trap. Returns false if it is none.
bool resolve(const runtime::MachineFault& fault, TrapFrame& frame) {
  const FaultHandler handler = fault_handler.load();
  if (handler == nullptr) return false;
  const runtime::FaultResolution resolution = handler(fault);
  if (!resolution.is_guest_trap) return false;
  frame.pc = resolution.pc;
  set_stack_pointer(frame, resolution.stack_pointer);
  return true;
}

}  // namespace

void handle_fault(const Fault& fault, TrapFrame& frame) {
  LogLine message;
  message << fault.name << " at " << Hex{fault.machine.pc};
  if (fault.machine.kind == runtime::FaultKind::access) {
    message << (fault.write     ? ", write to "
                : fault.execute ? ", execution of "
                                : ", read of ")
            << Hex{fault.machine.address};
  }
  // Filling takes locks. So code that holds a spin lock must not touch guests' memory or anything else that is filled
  // on first touch.
  if (held_locks().has_spin_lock()) {
    message << ", while a lock was held";
    panic_at(message.text(), frame);
  }
  runtime::MachineFault machine = fault.machine;
  if (!grow_guest_stack(machine) && resolve(machine, frame)) return;
  if (fill(fault)) return;
  if (!resolve(machine, frame)) panic_at(message.text(), frame);
}

}  // namespace cairn::kernel
