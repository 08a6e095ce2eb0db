// The result of compiling a module: an ELF64 relocatable file, and the tables inside it.
//
// Sections:
// - .text: the functions of a module, or trampolines, or stubs (ObjectKind in object_identity.hpp).
// - .rodata: constants and jump tables. The section follows .text in memory at the next 64-byte boundary, so that code
//   can address it pc-relative. Its pages are mapped read-only and not executable, except a first page that also holds
//   the end of .text.
// - .cairn.identity: one record (object_identity.hpp).
// - .cairn.functions, .cairn.traps, .cairn.calls, .cairn.stackmaps, .cairn.handlers, .cairn.trampolines: arrays of the
//   records below, little-endian. All but the trampolines are sorted by code offset.
// - .cairn.stackslots: 32-bit words that the stack maps refer to.
// - .symtab, .strtab: a symbol for each record in .cairn.functions, and the undefined symbols "type_id[N]". The name of
// a
//   function of the module is the one in its name section, or else "wasm-function[N]".
// - .rela.text: only references to the symbols "type_id[N]" (R_X86_64_32; R_RISCV_HI20 and R_RISCV_LO12_I), which the
//   loader resolves to canonical type ids.
// Calls between functions are resolved in the file. EI_OSABI is standalone (255). objdump, gdb and perf can read the
// file.
#pragma once

#include <cstdint>

namespace cairn::codegen {

// A function, a trampoline or a stub.
struct FunctionRecord {
  uint32_t begin = 0;  // offset in .text, as are `end`, `body_begin` and `frame_begin`
  uint32_t end = 0;
  uint32_t function_index = 0;  // in the module's index space; kTrampoline for other code
  uint32_t frame_bytes = 0;  // while the body runs: bytes from the stack pointer up to the return address (x86-64) or
                             // to the function's stack arguments (RV64)
  uint32_t argument_bytes = 0;  // size of the stack argument area that the function's callers fill
  uint32_t body_begin = 0;      // first instruction after the prologue: saved_registers are in the frame from here on
  // The saved callee-saved registers, for unwinding to a handler. Bit i is the target's i-th callee-saved register.
  // They are stored in order in consecutive words that begin saved_offset bytes above the stack pointer.
  uint32_t saved_registers = 0;
  uint32_t saved_offset = 0;
  uint32_t flags = 0;        // kReturnAddressInRegister (a leaf function that does not save ra), kHasHandlers
  uint32_t frame_begin = 0;  // from this offset on, the stack pointer is frame_bytes lower than at the entry
};
inline constexpr uint32_t kTrampoline = 0xffff'ffff;
inline constexpr uint32_t kReturnAddressInRegister = 1;
inline constexpr uint32_t kHasHandlers = 2;
static_assert(sizeof(FunctionRecord) == 40);

// An instruction that may fault, or that raises a trap on purpose.
struct TrapRecord {
  uint32_t code_offset = 0;  // the instruction, in .text
  uint32_t wasm_offset = 0;  // the byte in the module of the WebAssembly instruction that it was made from
  uint32_t kind = 0;         // wasm::TrapKind
};
static_assert(sizeof(TrapRecord) == 12);

// A call that an exception may leave for a handler in the same function.
struct HandlerRecord {
  uint32_t return_offset = 0;   // code offset after the call instruction
  uint32_t landing_offset = 0;  // code offset of the handler's landing pad
};
static_assert(sizeof(HandlerRecord) == 8);

// A call, found by its return address for backtraces.
struct CallRecord {
  uint32_t return_offset = 0;   // code offset after the call instruction
  uint32_t wasm_offset = 0;     // the byte in the module of the WebAssembly instruction
  uint32_t argument_bytes = 0;  // size of the stack argument area that the callee pops
};
static_assert(sizeof(CallRecord) == 12);

// The references into the managed heap that live across a call, in the frame of the caller. Each of `count` words of
// .cairn.stackslots, from `first` on, is the distance of a slot from the stack pointer while the function's body runs.
// An unwinder gets this stack pointer by subtracting CallRecord::argument_bytes from the end of the popped argument
// area. A slot has 8 bytes: the low 4 hold the reference, and the upper 4 are zero. A negative distance is that of a
// register that the stub of a builtin of the kind `keep` (abi/builtins.def) saved below the frame. A call across which
// no reference lives has no record. Stack arguments belong to the callee, which copies references among them to slots
// of its own before its first call.
struct StackMapRecord {
  uint32_t return_offset = 0;  // code offset after the call instruction
  uint32_t first = 0;          // index of a word in .cairn.stackslots
  uint32_t count = 0;          // number of words
};
static_assert(sizeof(StackMapRecord) == 12);

// Values of TrampolineRecord::type_index that stand for stubs.
inline constexpr uint32_t kTailCallRestore = 0xffff'ffff;
inline constexpr uint32_t kExitStub = 0xffff'fffe;
inline constexpr uint32_t kLandingStub = 0xffff'fffd;

// The entry and host trampolines of one signature, or a stub at entry_offset. Only objects of the kinds `trampolines`
// and `stubs` (object_identity.hpp) have trampoline records.
struct TrampolineRecord {
  uint32_t type_index = 0;    // position in the list of compiled signatures, or one of the values above
  uint32_t entry_offset = 0;  // the code through which the host enters a guest function, or the stub
  uint32_t host_offset = 0;   // the code through which a guest calls a host function
  uint32_t builtin = 0;       // an exit stub's builtin
};

}  // namespace cairn::codegen
