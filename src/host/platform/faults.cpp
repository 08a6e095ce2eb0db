// Hardware faults as signals: a fault in guest code becomes a trap, any other keeps its default action.
#include <csignal>
#include <sys/mman.h>
#include <ucontext.h>

#include <array>

#include "base/assert.hpp"
#include "platform/machine_context.hpp"
#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::platform {

namespace {

constinit thread_local runtime::Activation* current_activation = nullptr;
constexpr size_t kSignalStackBytes = 256 * 1024;

// A thread's stack for signal handlers.
class SignalStack {
 public:
  void allocate() {
    if (stack_ != nullptr) return;
    void* stack = mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CAIRN_ASSERT(stack != MAP_FAILED);
    stack_ = stack;
    stack_t alternate{};
    alternate.ss_sp = stack_;
    alternate.ss_size = kSignalStackBytes;
    CAIRN_ASSERT(sigaltstack(&alternate, nullptr) == 0);
  }
  ~SignalStack() {
    if (stack_ == nullptr) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
    munmap(stack_, kSignalStackBytes);
  }

 private:
  void* stack_ = nullptr;
};
thread_local SignalStack signal_stack;

void handle_fault(int signal, siginfo_t* info, void* raw_context) {
  auto* context = static_cast<ucontext_t*>(raw_context);
  runtime::MachineFault fault = read_fault(*context);
  switch (signal) {
    case SIGSEGV:
    case SIGBUS: fault.kind = runtime::FaultKind::access; break;
    case SIGFPE: fault.kind = runtime::FaultKind::arithmetic; break;
    default: fault.kind = runtime::FaultKind::illegal_instruction; break;
  }
  fault.address = reinterpret_cast<uintptr_t>(info->si_addr);
  const runtime::FaultResolution resolution = runtime::resolve_fault(fault);
  if (resolution.is_guest_trap) {
    continue_at(*context, resolution.pc, resolution.stack_pointer);
    return;
  }
  // Not ours: the faulting instruction runs again, with the default action.
  std::signal(signal, SIG_DFL);
}

}  // namespace

void Platform::prepare_thread() {
  signal_stack.allocate();
  struct sigaction action{};
  action.sa_sigaction = &handle_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) CAIRN_ASSERT(sigaction(signal, &action, nullptr) == 0);
}

runtime::Activation* Platform::activation() { return current_activation; }
void Platform::set_activation(runtime::Activation* activation) { current_activation = activation; }

}  // namespace cairn::platform
