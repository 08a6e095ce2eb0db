// What compiling a module gives: an ELF64 relocatable file, and the tables inside it.
//
// Sections: .text (all functions, then trampolines), .rodata (constants and jump tables, follows .text in memory at the
// next 64-byte boundary so that both can be addressed pc-relative; mapped read-only and not executable where its page
// allows), .cairn.identity (one record: object_identity.hpp), .cairn.functions .cairn.traps .cairn.calls
// .cairn.stackmaps .cairn.handlers .cairn.trampolines (arrays of the records below, little-endian, sorted by code
// offset), .cairn.stackslots (32-bit words that the stack maps refer to), .symtab/.strtab (a symbol a function: its
// name from the name section, else "wasm-function[N]"), .rela.text: only references to absolute symbols "type_id[N]"
// (R_X86_64_32; R_RISCV_HI20 and R_RISCV_LO12_I), which the loader resolves to canonical type ids. Calls between
// functions are already resolved. EI_OSABI is standalone (255). objdump, gdb and perf read the file.
#pragma once

#include <cstdint>

namespace cairn::codegen {

struct FunctionRecord {
  uint32_t begin = 0;  // in .text
  uint32_t end = 0;
  uint32_t function_index = 0;  // in the module's index space; kTrampoline for others
  uint32_t frame_bytes = 0;  // while the body runs: from the stack pointer up to the return address (x86-64) or to the
                             // caller's argument area (RV64)
  uint32_t argument_bytes = 0;  // the function's own stack argument area
  uint32_t body_begin = 0;      // first instruction after the prologue, where frame_bytes starts to hold
  // Saved callee-saved registers, for unwinding to a handler: bit i is the target's i-th callee-saved register, stored
  // in order in consecutive words that end at saved_offset + 8 * count bytes above the stack pointer.
  uint32_t saved_registers = 0;
  uint32_t saved_offset = 0;
  uint32_t flags = 0;        // kReturnAddressInRegister: leaf function that did not save ra; kHasHandlers
  uint32_t frame_begin = 0;  // from this offset on the stack pointer has moved by frame_bytes; before it by nothing
};
inline constexpr uint32_t kTrampoline = 0xffff'ffff;
inline constexpr uint32_t kReturnAddressInRegister = 1;
inline constexpr uint32_t kHasHandlers = 2;
static_assert(sizeof(FunctionRecord) == 40);

// An instruction that may fault, or raise a trap on purpose.
struct TrapRecord {
  uint32_t code_offset = 0;  // of the instruction that faults
  uint32_t wasm_offset = 0;
  uint32_t kind = 0;  // wasm::TrapKind
};
static_assert(sizeof(TrapRecord) == 12);

// A call that an exception may leave for a handler in the same function.
struct HandlerRecord {
  uint32_t return_offset = 0;
  uint32_t landing_offset = 0;
};
static_assert(sizeof(HandlerRecord) == 8);

// A call: its return address, for backtraces.
struct CallRecord {
  uint32_t return_offset = 0;  // code offset behind the call instruction
  uint32_t wasm_offset = 0;
  uint32_t argument_bytes = 0;  // of the stack argument area that the callee pops
};
static_assert(sizeof(CallRecord) == 12);

// The references of the managed heap that live across a call, in the frame of the caller. Each of `count` words of
// .cairn.stackslots from `first` on is the distance of a slot from the stack pointer as it is while the function's body
// runs: what an unwinder has once it took CallRecord::argument_bytes off the end of the popped argument area. A slot is
// 8 bytes whose low 4 hold the reference, the upper 4 are zero. A negative distance is of a register that the stub of
// an inline allocation saved below the frame. A call across which no reference lives has no record. Stack arguments
// belong to the callee, which copies those that are references to slots of its own before its first call.
struct StackMapRecord {
  uint32_t return_offset = 0;  // code offset behind the call instruction
  uint32_t first = 0;
  uint32_t count = 0;
};
static_assert(sizeof(StackMapRecord) == 12);

// Entry and host trampolines of one signature, or a stub; only in objects made by compile_trampolines and
// compile_stubs.
inline constexpr uint32_t kTailCallRestore = 0xffff'ffff;
inline constexpr uint32_t kExitStub = 0xffff'fffe;
inline constexpr uint32_t kLandingStub = 0xffff'fffd;
struct TrampolineRecord {
  // The position in the list of signatures; or kTailCallRestore, kExitStub, kLandingStub: entry_offset is that stub's.
  uint32_t type_index = 0;
  uint32_t entry_offset = 0;  // host to guest
  uint32_t host_offset = 0;   // guest to host function
  uint32_t builtin = 0;       // of an exit stub
};

}  // namespace cairn::codegen
