// Whose memory it is that several programs share.
//
// In the kernels, what a thread allocates belongs to the account of its program. What several programs share (an
// engine's types, trampolines and table of code, modules that several programs run) must not: it outlives each of them.
// Code that makes such things does so in a SystemAccountScope.
#pragma once

namespace cairn {

// Each build provides these functions besides its operator new; processes have no accounts. enter_system_account()
// returns what leave_system_account() needs.
void* enter_system_account();
void leave_system_account(void* previous);

// While it lives, the thread allocates for the system. Scopes nest. No operation (base/operation.hpp) may run when one
// begins or ends. What was allocated before, or by an operation that began before, keeps its account.
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
