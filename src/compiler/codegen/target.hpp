// The interface that a target provides to the shared part of code generation.
#pragma once

#include <cstdint>
#include <string_view>

#include "abi/builtins.hpp"
#include "base/result.hpp"
#include "compiler/codegen/calling_convention.hpp"
#include "compiler/codegen/emission/code_buffer.hpp"
#include "compiler/codegen/machine_function.hpp"
#include "compiler/ir/function.hpp"
#include "compiler/options/options.hpp"

namespace cairn::codegen {

class Target {
 public:
  virtual ~Target() = default;

  [[nodiscard]] virtual const RegisterFile& register_file() const = 0;
  [[nodiscard]] virtual const ConventionRegisters& convention() const = 0;

  // Selects instructions. `function` is in SSA form and may have critical edges; `result` must be empty, and obeys
  // machine_function.hpp afterwards. Error (limit): the arena's budget is exceeded.
  [[nodiscard]] virtual Result<void> lower(const ir::Function& function, MachineFunction& result) const = 0;

  // Writes the function's code with prologue, epilogues and inserted moves to `code`, which must be empty. Error
  // (limit): the arena's budget is exceeded.
  [[nodiscard]] virtual Result<void> emit(const MachineFunction& function, const AllocationResult& allocation,
                                          CodeBuffer& code) const = 0;

  // Emits code that a host calls in its C convention as
  //   void entry(const EntryArguments*)       (abi/entry.hpp)
  // The code loads the arguments from 16-byte slots, sets the pinned registers, switches to the given stack, calls the
  // guest function, and stores the results to the slots.
  virtual void emit_entry_trampoline(const ir::Signature& signature, CodeBuffer& code) const = 0;

  // Emits code that guests call in the guest convention to reach a host function. The code checks the stack limit (trap
  // call_stack_exhausted), stores its arguments to 16-byte slots on the stack, and records the exit frame and pc in
  // VMStoreState. Then it calls VMHostContext::invoke(self, caller, slots) in the C convention on the host's stack
  // (abi/host_stack.hpp), and loads the results. If invoke returns non-zero, the code calls raise_trap.
  virtual void emit_host_trampoline(const ir::Signature& signature, CodeBuffer& code) const = 0;

  // Emits the stub that a tail call between instances returns to (calling_convention.hpp).
  virtual void emit_tail_call_restore(CodeBuffer& code) const = 0;

  // Emits the stub through which a builtin is entered. abi/builtins.def says what the stub does for each kind of
  // builtin. A stub that is entered on the guest's stack traps if the stack pointer is below VMStoreState::stack_limit.
  // The stub notes the caller's frame before it traps, and for the kinds that require this: VMStoreState::exit_frame is
  // the caller's stack pointer, and exit_pc the return address. For the kinds `unwind` and `host`, the stub also stores
  // the callee-saved registers to the array at VMStoreState::registers. Then the stub enters the builtin on the host's
  // stack. The address of the builtin is entry number kBuiltinCount + builtin of VMContext::builtins, and the VMContext
  // is its first C argument.
  virtual void emit_exit_stub(abi::Builtin builtin, CodeBuffer& code) const = 0;

  // Emits code that the runtime calls as
  //   void land(const uint64_t* registers, uint64_t stack_pointer, const void* landing_pad, uint32_t exception)
  // The code enters the landing pad with these values of the callee-saved registers, and does not return.
  virtual void emit_landing_stub(CodeBuffer& code) const = 0;

  // The name of a machine instruction with virtual registers, for dumps and tests.
  [[nodiscard]] virtual std::string_view opcode_name(uint16_t opcode) const = 0;
};

}  // namespace cairn::codegen
