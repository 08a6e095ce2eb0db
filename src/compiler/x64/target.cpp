#include "compiler/x64/target.hpp"

#include "compiler/x64/emission/emitter.hpp"
#include "compiler/x64/lowering/lower.hpp"
#include "compiler/x64/trampolines.hpp"

namespace cairn::x64 {

namespace {

constexpr std::string_view kNames[] = {
#define CAIRN_X64(name) #name,
#include "compiler/x64/machine.def"
#undef CAIRN_X64
};

}  // namespace

const codegen::RegisterFile& X64Target::register_file() const { return kRegisterFile; }
const codegen::ConventionRegisters& X64Target::convention() const { return kConvention; }

Result<void> X64Target::lower(const ir::Function& function, codegen::MachineFunction& result) const {
  return X64Lowering(function, result, options_).run();
}

Result<void> X64Target::emit(const codegen::MachineFunction& function, const codegen::AllocationResult& allocation,
                             codegen::CodeBuffer& code) const {
  Emitter(function, allocation, options_, code).run();
  return {};
}

void X64Target::emit_entry_trampoline(const ir::Signature& signature, codegen::CodeBuffer& code) const {
  x64::emit_entry_trampoline(signature, code, options_.cpu.avx);
}

void X64Target::emit_host_trampoline(const ir::Signature& signature, codegen::CodeBuffer& code) const {
  x64::emit_host_trampoline(signature, code, options_.cpu.avx);
}

void X64Target::emit_tail_call_restore(codegen::CodeBuffer& code) const { x64::emit_tail_call_restore(code); }

void X64Target::emit_exit_stub(abi::Builtin builtin, codegen::CodeBuffer& code) const {
  x64::emit_exit_stub(builtin, code);
}

void X64Target::emit_landing_stub(codegen::CodeBuffer& code) const { x64::emit_landing_stub(code); }

std::string_view X64Target::opcode_name(uint16_t opcode) const { return kNames[opcode]; }

}  // namespace cairn::x64
