// How the host enters guest code: what an entry trampoline is given (codegen/target.hpp emits it).
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/vmcontext.hpp"

namespace cairn::abi {

struct EntryArguments {
  const void* code = nullptr;    // the guest function
  VMContext* context = nullptr;  // for the pinned register; memory0_base is loaded from it
  std::byte* values = nullptr;   // 16-byte slots: arguments in, results out
  // Where the guest's stack goes on (16-byte aligned, exclusive).
  std::byte* stack_top = nullptr;
  // Out: the trampoline saves all of the C convention's callee-saved registers on the CALLER's stack, then stores its
  // stack pointer here, and to VMStoreState::entry_frame of context->store (whose old value the runtime keeps). A trap
  // sets the stack pointer back to this value and continues at `trap_resume`, an address within the trampoline that it
  // stores here as well, which restores the registers and returns.
  const std::byte* saved_stack_pointer = nullptr;
  const void* trap_resume = nullptr;
  // The stack pointer and return address with which guest code was entered, where a backtrace ends.
  const std::byte* guest_stack_pointer = nullptr;
};

}  // namespace cairn::abi
