// Emits the trampolines and stubs between the host's C convention and the guest's (codegen/calling_convention.hpp).
#pragma once

#include "abi/builtins.hpp"
#include "compiler/codegen/emission/code_buffer.hpp"
#include "compiler/ir/function.hpp"

namespace cairn::x64 {

// codegen/target.hpp says what each function emits. `avx` says whether the CPU has AVX, so that VEX forms can be used.
void emit_entry_trampoline(const ir::Signature& signature, codegen::CodeBuffer& code, bool avx);
void emit_host_trampoline(const ir::Signature& signature, codegen::CodeBuffer& code, bool avx);
void emit_tail_call_restore(codegen::CodeBuffer& code);
void emit_exit_stub(abi::Builtin builtin, codegen::CodeBuffer& code);
void emit_landing_stub(codegen::CodeBuffer& code);

}  // namespace cairn::x64
