// How the host enters guest code: the argument of an entry trampoline (codegen/target.hpp emits it).
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/vmcontext.hpp"

namespace cairn::abi {

struct EntryArguments {
  const void* code = nullptr;    // the guest function
  VMContext* context = nullptr;  // for the pinned register; memory0_base is loaded from it
  std::byte* values = nullptr;   // 16-byte slots: arguments in, results out
  // The address from which the guest's stack grows down (16-byte aligned, exclusive).
  std::byte* stack_top = nullptr;
  // Out: the trampoline saves all callee-saved registers of the C convention on its caller's stack. Then it stores its
  // stack pointer here and in VMStoreState::entry_frame of context->store, whose old value the runtime keeps. It also
  // stores `trap_resume`, an address inside the trampoline. A trap sets the stack pointer to this value and continues
  // at `trap_resume`, which restores the registers and returns.
  const std::byte* saved_stack_pointer = nullptr;
  const void* trap_resume = nullptr;
  // The stack pointer and return address with which guest code was entered. A backtrace ends there.
  const std::byte* guest_stack_pointer = nullptr;
};

}  // namespace cairn::abi
