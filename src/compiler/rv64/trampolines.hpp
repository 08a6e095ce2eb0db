// Emits the trampolines and stubs between the host's C convention and the guest's (codegen/calling_convention.hpp).
#pragma once

#include "abi/builtins.hpp"
#include "compiler/codegen/emission/code_buffer.hpp"
#include "compiler/ir/function.hpp"
#include "compiler/rv64/registers.hpp"

namespace cairn::rv64 {

// codegen/target.hpp says what each function emits. `vectors` says whether the CPU has V, and so vector registers.
void emit_entry_trampoline(const ir::Signature& signature, Vectors vectors, codegen::CodeBuffer& code);
void emit_host_trampoline(const ir::Signature& signature, Vectors vectors, codegen::CodeBuffer& code);
void emit_tail_call_restore(codegen::CodeBuffer& code);
void emit_exit_stub(abi::Builtin builtin, Vectors vectors, codegen::CodeBuffer& code);
void emit_landing_stub(codegen::CodeBuffer& code);

}  // namespace cairn::rv64
