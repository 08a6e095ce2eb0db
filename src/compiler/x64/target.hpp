// X64Target implements codegen::Target for x86-64. codegen/target.hpp says what each function does.
#pragma once

#include "compiler/codegen/target.hpp"

namespace cairn::x64 {

class X64Target final : public codegen::Target {
 public:
  // `options` names the CPU's optional instruction sets, among others. The target keeps a copy.
  explicit X64Target(const compiler::Options& options) : options_(options) {}

  [[nodiscard]] const codegen::RegisterFile& register_file() const override;
  [[nodiscard]] const codegen::ConventionRegisters& convention() const override;
  [[nodiscard]] Result<void> lower(const ir::Function& function, codegen::MachineFunction& result) const override;
  [[nodiscard]] Result<void> emit(const codegen::MachineFunction& function, const codegen::AllocationResult& allocation,
                                  codegen::CodeBuffer& code) const override;
  void emit_entry_trampoline(const ir::Signature& signature, codegen::CodeBuffer& code) const override;
  void emit_host_trampoline(const ir::Signature& signature, codegen::CodeBuffer& code) const override;
  void emit_tail_call_restore(codegen::CodeBuffer& code) const override;
  void emit_exit_stub(abi::Builtin builtin, codegen::CodeBuffer& code) const override;
  void emit_landing_stub(codegen::CodeBuffer& code) const override;
  [[nodiscard]] std::string_view opcode_name(uint16_t opcode) const override;

 private:
  compiler::Options options_;
};

}  // namespace cairn::x64
