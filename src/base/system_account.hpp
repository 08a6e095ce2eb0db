// SystemAccountScope charges memory to the system instead of to the program that runs.
//
// In the kernels, the memory that a thread allocates is charged to the account of its program. Memory that several
// programs share (an engine's types, trampolines and table of code, modules that several programs run) must not be
// charged to one of them, because it may outlive that program. So code that allocates shared memory does so in a
// SystemAccountScope.
#pragma once

namespace cairn {

// Each build provides these functions besides its operator new. In the builds for Linux, which have no accounts, they
// do nothing. leave_system_account() takes the pointer that enter_system_account() returned.
void* enter_system_account();
void leave_system_account(void* previous);

// While a scope exists, the memory that its thread allocates is charged to the system. Scopes nest. No operation
// (base/operation.hpp) may run when a scope begins or ends. Memory that was allocated before the scope stays on its
// account.
class [[nodiscard]] SystemAccountScope {
 public:
  SystemAccountScope() : previous_(enter_system_account()) {}
  ~SystemAccountScope() { leave_system_account(previous_); }
  SystemAccountScope(const SystemAccountScope&) = delete;
  SystemAccountScope& operator=(const SystemAccountScope&) = delete;

 private:
  void* previous_;
};

}  // namespace cairn
