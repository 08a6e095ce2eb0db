#include "platform/machine_context.hpp"

#include <csetjmp>
#include <csignal>

#include "platform/platform.hpp"

namespace cairn::platform {

namespace {
// The numbers of the registers ra and sp.
constexpr int kRa = 1;
constexpr int kSp = 2;
}  // namespace

runtime::MachineFault read_fault(const ucontext_t& context) {
  runtime::MachineFault fault;
  fault.pc = context.uc_mcontext.__gregs[REG_PC];
  fault.stack_pointer = context.uc_mcontext.__gregs[kSp];
  fault.return_register = context.uc_mcontext.__gregs[kRa];
  return fault;
}

void continue_at(ucontext_t& context, uintptr_t pc, uintptr_t stack_pointer) {
  context.uc_mcontext.__gregs[REG_PC] = pc;
  context.uc_mcontext.__gregs[kSp] = stack_pointer;
}

void Platform::resume(const void* pc, const std::byte* stack_pointer) {
  asm volatile("mv sp, %0\n\tjr %1" : : "r"(stack_pointer), "r"(pc) : "memory");
  __builtin_unreachable();
}

namespace {

// An extension is found by running one of its instructions, which raises SIGILL if the CPU lacks it. No unprivileged
// register lists the extensions, and the C library's headers are older than riscv_hwprobe.
sigjmp_buf probe_escape;
void probe_failed(int) { siglongjmp(probe_escape, 1); }

// Returns whether the CPU can run the instruction.
template <class F>
bool runs(F&& instruction) {
  struct sigaction action{};
  struct sigaction old{};
  action.sa_handler = &probe_failed;
  sigaction(SIGILL, &action, &old);
  bool ran = false;
  if (sigsetjmp(probe_escape, 1) == 0) {
    instruction();
    ran = true;
  }
  sigaction(SIGILL, &old, nullptr);
  return ran;
}

}  // namespace

compiler::CpuFeatures Platform::cpu_features() {
  compiler::CpuFeatures features;
  features.zba = runs([] { asm volatile(".4byte 0x20a52533" ::: "a0"); });  // sh1add a0, a0, a0
  features.zbb = runs([] { asm volatile(".4byte 0x60051513" ::: "a0"); });  // clz a0, a0
  features.zbs = runs([] { asm volatile(".4byte 0x28a51533" ::: "a0"); });  // bset a0, a0, a0
  features.v = runs([] { asm volatile(".4byte 0x0d007057" :::); });         // vsetvli zero, zero, e32, m1, ta, ma
  return features;
}

}  // namespace cairn::platform
