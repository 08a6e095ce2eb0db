// EntryArguments is the argument of an entry trampoline, by which the host enters guest code
// (compiler/codegen/target.hpp declares the emitter).
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/vmcontext.hpp"

namespace cairn::abi {

struct EntryArguments {
  const void* code = nullptr;    // the guest function
  VMContext* context = nullptr;  // value of the pinned VMContext register; memory0_base is loaded from it
  std::byte* values = nullptr;   // 16-byte slots: arguments in, results out
  // The address from which the guest's stack grows down (16-byte aligned, exclusive).
  std::byte* stack_top = nullptr;
  // Outputs: the trampoline saves all callee-saved registers of the C convention on the host's stack. Then it stores
  // its stack pointer here and in VMStoreState::entry_frame of context->store. (The runtime restores the old value of
  // entry_frame after the call.) It also stores `trap_resume`, an address inside the trampoline. A trap sets the stack
  // pointer to saved_stack_pointer and continues at `trap_resume`, where the trampoline restores the registers and
  // returns.
  const std::byte* saved_stack_pointer = nullptr;
  const void* trap_resume = nullptr;
  // Output: the guest's stack pointer just before the trampoline calls the guest function.
  const std::byte* guest_stack_pointer = nullptr;
};

}  // namespace cairn::abi
