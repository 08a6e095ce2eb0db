// The guest calling convention, for all targets.
//
//                           x86-64                           RV64
// VMContext (pinned)        r14                              s11 (x27)
// memory 0 base (pinned)    r15                              s10 (x26)
// scratch, never allocated  r11, xmm15                       t6 (x31), t5 (x30), ft11 (f31); with V, v0, v30, v31
// integer arguments         rdi rsi rdx rcx r8 r9 rax r10    a0-a7
// float/vector arguments    xmm0-xmm7                        fa0-fa7; vectors: v8-v15 with V, else in memory
// integer results           rax rdx rcx rsi rdi r8           a0-a5
// float/vector results      xmm0-xmm5                        fa0-fa5; vectors: v8-v13 with V, else in memory
// callee-saved              rbx rbp r12 r13 (r14 r15)        s0-s9 (s10 s11), fs0-fs11
// return address            on the stack                     ra
// stack pointer at a call   16-byte aligned before the call  16-byte aligned
//
// V is RISC-V's vector extension. The callee-saved registers are those of the C convention, so that builtins can be
// called directly (with the VMContext as the first C argument).
//
// Arguments that do not fit in registers go to the stack in order, each in a slot of 8 bytes (v128: 16, aligned). The
// argument area is rounded up to 16 bytes. The first argument lies lowest, right above the return address (x86-64) or
// at the stack pointer (RV64). The CALLEE pops the area: after the call, the caller's stack pointer is above the area,
// and the caller moves it back. This makes every tail call proper, whatever the sizes of the two argument areas are,
// since the area's upper end stays where it is.
//
// Results are in the result registers as long as there are some left. The callee writes the other results to memory:
// the caller passes a hidden first integer argument, the address of a result area in its frame, in which each of these
// results has a slot of 16 bytes. A tail call passes on the address that its function got.
//
// Every call preserves the VMContext and the memory base. For a call that may leave the instance (import, reference),
// the caller loads the callee's code and VMContext. It sets the pinned registers to the callee's (the base comes from
// VMContext::memory0_base), calls, and then reloads its own VMContext from the frame and its base from that VMContext.
// For references, a predicted branch skips these changes of the pinned registers if the callee's VMContext equals the
// caller's.
//
// A tail call that may leave the instance removes the frame of the function that makes it. If the callee's VMContext is
// the function's own, the code jumps. If the return address is VMContext::tail_call_restore already, the code switches
// the pinned registers and jumps. Otherwise it writes a restore frame of 16 bytes {own VMContext, return address}, and
// enters the callee with tail_call_restore as the return address. The restore frame ends at the upper end of the
// function's argument area, which is where the stack pointer must be after the return. The callee's argument area lies
// below the restore frame. (On x86-64, the return address moves down to make room.) The stub tail_call_restore loads
// the VMContext from the restore frame and the memory base from the VMContext, drops the restore frame, and returns to
// the saved address. So a chain of tail calls between instances runs in constant stack space.
//
// Exceptions are values: references to objects of the managed heap. The unwinder restores the stack pointer of the
// handler's function, and the callee-saved registers that this function had at the call. Then it enters the landing pad
// with the exception in r9 (x86-64) or a6 (RV64), which are registers that return no result. The pad loads the pinned
// registers again from the VMContext that the function has saved in its prologue.
//
// A frame has, from high to low: the argument area, the return address (x86-64; on RV64, ra is saved in the top word of
// the frame), saved registers, spill slots, fixed slots, the outgoing argument area. The frame has a fixed size while
// the body runs, and there is no frame pointer. The prologue of a frame larger than 4 KiB touches each page from the
// top down, because there is a guard page below the stack. An unwinder finds a caller's frame by the sizes of the frame
// and of the argument area (FunctionRecord and CallRecord in code_object.hpp).
#pragma once

#include <cstdint>
#include <span>

#include "base/arena.hpp"
#include "compiler/codegen/registers.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::codegen {

// The location of one argument or result: a register, or an offset in the argument or result area.
struct ArgLocation {
  PReg reg;             // valid if the value is in a register
  uint32_t offset = 0;  // if the value is in memory: bytes from the area's start
};

// The registers of a target's convention, in order.
struct ConventionRegisters {
  std::span<const PReg> integer_arguments;
  std::span<const PReg> floating_arguments;
  // If vectors_share_floating is set, these are the same registers as floating_arguments, so an argument of either kind
  // uses up a register of each list.
  std::span<const PReg> vector_arguments;
  std::span<const PReg> integer_results;
  std::span<const PReg> floating_results;
  std::span<const PReg> vector_results;
  bool vectors_share_floating = false;  // true on x86-64, where floats and vectors are in the xmm registers
  PReg exception;  // holds the exception at a landing pad; it is caller-saved and returns no result
};

// The locations of all arguments and results of a call.
struct CallLayout {
  std::span<ArgLocation> arguments;
  std::span<ArgLocation> results;
  uint32_t stack_bytes = 0;        // size of the argument area, a multiple of 16
  uint32_t result_area_bytes = 0;  // if not zero, the area's address is passed in result_pointer
  PReg result_pointer;
};

// Assigns a location to each argument and result of the signature. The spans of the layout are in the arena.
CallLayout layout_call(const ir::Signature& signature, const ConventionRegisters& registers, Arena& arena);

}  // namespace cairn::codegen
