// Handles hardware faults, which are signals. A fault in guest code becomes a trap; any other gets the action that its
// signal had before.
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <array>
#include <csignal>

#include "base/assert.hpp"
#include "platform/machine_context.hpp"
#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::platform {

namespace {

constinit thread_local runtime::Activation* current_activation = nullptr;
constexpr size_t kSignalStackBytes = 256 * 1024;

// The signals by which Linux reports a fault.
constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
// The previous actions of kSignals, in the same order. A previous action may be a sanitizer's handler.
constinit std::array<struct sigaction, std::size(kSignals)> previous_actions{};

constinit thread_local bool has_signal_stack = false;

// Runs at the end of a thread. (The RV64 build's C++ library has no destructors of thread_local objects.)
void release_signal_stack(void* stack) {
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
  munmap(stack, kSignalStackBytes);
}

// Gives the thread a stack for signal handlers, if it has none yet.
void allocate_signal_stack() {
  static const pthread_key_t key = [] {
    pthread_key_t made;
    CAIRN_ASSERT(pthread_key_create(&made, release_signal_stack) == 0);
    return made;
  }();
  if (has_signal_stack) return;
  has_signal_stack = true;
  void* stack = mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CAIRN_ASSERT(stack != MAP_FAILED);
  stack_t alternate{};
  alternate.ss_sp = stack;
  alternate.ss_size = kSignalStackBytes;
  CAIRN_ASSERT(sigaltstack(&alternate, nullptr) == 0);
  CAIRN_ASSERT(pthread_setspecific(key, stack) == 0);
}

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
  // Guest code did not cause the fault. The faulting instruction runs again, with the previous action.
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    if (kSignals[i] == signal) sigaction(signal, &previous_actions[i], nullptr);
  }
}

}  // namespace

void Platform::prepare_thread() {
  allocate_signal_stack();
  struct sigaction action{};
  action.sa_sigaction = &handle_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  static const bool installed = [&] {
    for (size_t i = 0; i < std::size(kSignals); ++i) {
      CAIRN_ASSERT(sigaction(kSignals[i], &action, &previous_actions[i]) == 0);
    }
    return true;
  }();
  (void)installed;
}

runtime::Activation* Platform::activation() { return current_activation; }
void Platform::set_activation(runtime::Activation* activation) { current_activation = activation; }

}  // namespace cairn::platform
