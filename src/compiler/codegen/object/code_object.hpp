// The result of compiling a module: an ELF64 relocatable file, and the tables inside it.
//
// Sections:
// - .text: all functions, then trampolines.
// - .rodata: constants and jump tables. It follows .text in memory at the next 64-byte boundary, so that both can be
//   addressed pc-relative. It is mapped read-only and not executable if page boundaries allow.
// - .cairn.identity: one record (object_identity.hpp).
// - .cairn.functions, .cairn.traps, .cairn.calls, .cairn.stackmaps, .cairn.handlers, .cairn.trampolines: arrays of the
//   records below, little-endian, sorted by code offset.
// - .cairn.stackslots: 32-bit words that the stack maps refer to.
// - .symtab, .strtab: a symbol for each function, with its name from the name section, or else "wasm-function[N]".
// - .rela.text: only references to absolute symbols "type_id[N]" (R_X86_64_32; R_RISCV_HI20 and R_RISCV_LO12_I), which
//   the loader resolves to canonical type ids.
// Calls between functions are resolved in the file. EI_OSABI is standalone (255). objdump, gdb and perf can read the
// file.
#pragma once

#include <cstdint>

namespace cairn::codegen {

struct FunctionRecord {
  uint32_t begin = 0;  // in .text
  uint32_t end = 0;
  uint32_t function_index = 0;  // in the module's index space; kTrampoline for other code
  uint32_t frame_bytes = 0;  // while the body runs: from the stack pointer up to the return address (x86-64) or to the
                             // caller's argument area (RV64)
  uint32_t argument_bytes = 0;  // the function's own stack argument area
  uint32_t body_begin = 0;      // first instruction after the prologue; frame_bytes holds from here on
  // The saved callee-saved registers, for unwinding to a handler. Bit i is the target's i-th callee-saved register.
  // They are stored in order in consecutive words that begin saved_offset bytes above the stack pointer.
  uint32_t saved_registers = 0;
  uint32_t saved_offset = 0;
  uint32_t flags = 0;        // kReturnAddressInRegister: a leaf function that did not save ra; kHasHandlers
  uint32_t frame_begin = 0;  // the stack pointer has moved by frame_bytes from this offset on; before it, not at all
};
inline constexpr uint32_t kTrampoline = 0xffff'ffff;
inline constexpr uint32_t kReturnAddressInRegister = 1;
inline constexpr uint32_t kHasHandlers = 2;
static_assert(sizeof(FunctionRecord) == 40);

// An instruction that may fault, or that raises a trap on purpose.
struct TrapRecord {
  uint32_t code_offset = 0;  // of the faulting instruction
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

// A call, found by its return address for backtraces.
struct CallRecord {
  uint32_t return_offset = 0;  // code offset after the call instruction
  uint32_t wasm_offset = 0;
  uint32_t argument_bytes = 0;  // size of the stack argument area that the callee pops
};
static_assert(sizeof(CallRecord) == 12);

// The references into the managed heap that live across a call, in the frame of the caller. Each of `count` words of
// .cairn.stackslots, from `first` on, is the distance of a slot from the stack pointer while the function's body runs.
// An unwinder gets this stack pointer by subtracting CallRecord::argument_bytes from the end of the popped argument
// area. A slot has 8 bytes: the low 4 hold the reference, and the upper 4 are zero. A negative distance is that of a
// register which the stub of an inline allocation saved below the frame. A call across which no reference lives has no
// record. Stack arguments belong to the callee, which copies references among them to slots of its own before its first
// call.
struct StackMapRecord {
  uint32_t return_offset = 0;  // code offset after the call instruction
  uint32_t first = 0;
  uint32_t count = 0;
};
static_assert(sizeof(StackMapRecord) == 12);

// Entry and host trampolines of one signature, or a stub. Only objects made by compile_trampolines and compile_stubs
// have them.
inline constexpr uint32_t kTailCallRestore = 0xffff'ffff;
inline constexpr uint32_t kExitStub = 0xffff'fffe;
inline constexpr uint32_t kLandingStub = 0xffff'fffd;
struct TrampolineRecord {
  // The position in the list of signatures. For kTailCallRestore, kExitStub and kLandingStub, entry_offset is that
  // stub's.
  uint32_t type_index = 0;
  uint32_t entry_offset = 0;  // host to guest
  uint32_t host_offset = 0;   // guest to host function
  uint32_t builtin = 0;       // of an exit stub
};

}  // namespace cairn::codegen
