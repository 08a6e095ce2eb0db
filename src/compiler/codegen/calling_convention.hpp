// The guest calling convention, for all targets.
//
//                       x86-64                              RV64
// VMContext (pinned)    r14                                 s11 (x27)
// memory 0 base (pinned) r15                                s10 (x26)
// scratch, never allocated  r11, xmm15                      t6 (x31) and t5 (x30), ft11 (f31); v31 with V
// integer arguments     rdi rsi rdx rcx r8 r9 rax r10       a0-a7
// float/vector arguments  xmm0-xmm7                         fa0-fa7; vectors: v8-v15 with V, else in memory
// integer results       rax rdx rcx rsi rdi r8              a0-a5
// float/vector results  xmm0-xmm5                           fa0-fa5; vectors: v8-v13 with V, else in memory
// callee-saved          rbx rbp r12 r13 (r14 r15)           s0-s9 (s10 s11), fs0-fs11
// return address        on the stack                        ra
// stack pointer at a call  16-byte aligned before the call  16-byte aligned
//
// The callee-saved set is that of the C convention, so that builtins can be called directly (C arguments: VMContext
// first).
//
// Arguments beyond the registers go to the stack in order, each in a slot of 8 bytes (v128: 16, aligned), the area
// rounded up to 16 bytes; the first lies lowest, right above the return address (x86-64) or at the stack pointer
// (RV64). The CALLEE pops them: after the call the caller's stack pointer is above the area, and the caller puts it
// back. That makes every tail call proper whatever the two argument areas' sizes: the area's upper end stays where it
// is.
//
// Results: if all fit the result registers they are there. Otherwise the results that do not fit are written to memory:
// the caller passes a hidden first integer argument, the address of a result area in its frame (slots as for arguments,
// 16 bytes each), and a tail call passes the address it got on.
//
// The VMContext and the memory base are preserved by every call. A call that may leave the instance (import, reference)
// is made by the caller as: load the callee's code and VMContext; unless the latter equals the caller's (references;
// the test is a predicted branch), set the pinned registers to the callee's (base from VMContext::memory0_base), call,
// and restore the own ones from the frame. A tail call that may leave the instance does so after tearing its frame
// down: if the callee's VMContext is the caller's own, it jumps. If the return address already is
// VMContext::tail_call_restore, it switches the pinned registers and jumps. Otherwise it leaves a restore frame of 16
// bytes {own VMContext, return address} at the very top of its own argument area (x86-64: the two top words ending
// where the caller's stack pointer must be after the return; a function without stack arguments makes the room by
// moving the return address down) and enters the callee with tail_call_restore as the return address. That stub reloads
// both pinned registers from the frame, drops it, and returns to the saved address. So a chain of tail calls between
// instances runs in constant stack space.
//
// Exceptions are values, references to objects of the managed heap. The unwinder restores a handler's frame (stack
// pointer as while the body runs, callee-saved registers as at the call) and enters its landing pad with the exception
// in x86-64: r9, RV64: a6, registers that return no result. The pad loads the pinned registers anew from the VMContext
// that the function has saved in its prologue.
//
// Frames (from high to low): argument area, return address (x86-64; on RV64 ra is saved in the top word of the frame),
// saved registers, spill slots, fixed slots, outgoing argument area. The frame has a fixed size while the body runs;
// there is no frame pointer. A frame larger than 4 KiB touches each page on the way down (guard page below the stack).
// Unwinding uses the code object's function table: frame size and argument area are all that it needs.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.hpp"
#include "compiler/codegen/registers.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::codegen {

// Where one argument or result travels: a register, or an offset in the stack or result area.
struct ArgLocation {
  PReg reg;             // valid: in it
  uint32_t offset = 0;  // otherwise: bytes from the area's start
};

// The registers that a target's convention uses, in order.
struct ConventionRegisters {
  std::span<const PReg> integer_arguments;
  std::span<const PReg> floating_arguments;
  // The same registers as floating_arguments on x86-64: they are then counted together.
  std::span<const PReg> vector_arguments;
  std::span<const PReg> integer_results;
  std::span<const PReg> floating_results;
  std::span<const PReg> vector_results;
  bool vectors_share_floating = false;
  PReg exception;  // at a landing pad; caller-saved, and no result
};

struct CallLayout {
  std::span<ArgLocation> arguments;
  std::span<ArgLocation> results;
  uint32_t stack_bytes = 0;        // argument area, multiple of 16
  uint32_t result_area_bytes = 0;  // non-zero: the hidden pointer is passed, in result_pointer
  PReg result_pointer;
};

CallLayout layout_call(const ir::Signature& signature, const ConventionRegisters& registers, Arena& arena);

}  // namespace cairn::codegen
