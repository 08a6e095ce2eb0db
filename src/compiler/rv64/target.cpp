#include "compiler/rv64/target.hpp"

#include "compiler/rv64/emission/emitter.hpp"
#include "compiler/rv64/lowering/lower.hpp"
#include "compiler/rv64/trampolines.hpp"

namespace cairn::rv64 {
namespace {

constexpr std::string_view kPseudoNames[] = {
#define CAIRN_RV64_PSEUDO(name) #name,
#include "compiler/rv64/machine.def"
#undef CAIRN_RV64_PSEUDO
};

class Rv64Target final : public codegen::Target {
 public:
  explicit Rv64Target(const compiler::Options& options)
      : options_(options), cpu_(options.cpu), vectors_(options.cpu.v ? Vectors::present : Vectors::absent) {}

  [[nodiscard]] const codegen::RegisterFile& register_file() const override { return rv64::register_file(vectors_); }
  [[nodiscard]] const codegen::ConventionRegisters& convention() const override { return rv64::convention(vectors_); }

  [[nodiscard]] Result<void> lower(const ir::Function& function, codegen::MachineFunction& result) const override {
    return Lower(function, result, options_).run();
  }

  [[nodiscard]] Result<void> emit(const codegen::MachineFunction& function, const codegen::AllocationResult& allocation,
                                  codegen::CodeBuffer& code) const override {
    const codegen::BlockLayout layout = layout_blocks(function, allocation);
    BranchLengths lengths(function.arena);
    bool far_tables = false;  // whether the entries of jump tables have 8 bytes instead of 4
    const size_t bytes = code.bytes.size(), relocations = code.relocations.size(), traps = code.traps.size(),
                 calls = code.calls.size(), stack_offsets = code.stack_offsets.size();
    for (;;) {  // once for each attempt
      Emitter emitter(function, allocation, layout, code, lengths, cpu_);
      emitter.set_far_tables(far_tables);
      if (emitter.run()) return {};
      // Unless the arena is exhausted, the function is emitted once more, with longer branches or jump table entries.
      if (function.arena.exhausted())
        return fail(Error::of(ErrorKind::limit, "the memory budget of a function's compilation is exceeded"));
      far_tables = far_tables || emitter.tables_too_far();
      code.bytes.resize(bytes);
      code.relocations.resize(relocations);
      code.traps.resize(traps);
      code.calls.resize(calls);
      code.stack_offsets.resize(stack_offsets);
    }
  }

  void emit_entry_trampoline(const ir::Signature& signature, codegen::CodeBuffer& code) const override {
    rv64::emit_entry_trampoline(signature, vectors_, code);
  }
  void emit_host_trampoline(const ir::Signature& signature, codegen::CodeBuffer& code) const override {
    rv64::emit_host_trampoline(signature, vectors_, code);
  }
  void emit_tail_call_restore(codegen::CodeBuffer& code) const override { rv64::emit_tail_call_restore(code); }
  void emit_exit_stub(abi::Builtin builtin, codegen::CodeBuffer& code) const override {
    rv64::emit_exit_stub(builtin, vectors_, code);
  }
  void emit_landing_stub(codegen::CodeBuffer& code) const override { rv64::emit_landing_stub(code); }

  [[nodiscard]] std::string_view opcode_name(uint16_t opcode) const override {
    if (is_instruction(opcode)) return facts(static_cast<Op>(opcode)).text;
    const size_t pseudo = size_t{opcode} - kOpCount;
    return pseudo < std::size(kPseudoNames) ? kPseudoNames[pseudo] : "?";
  }

 private:
  compiler::Options options_;
  compiler::CpuFeatures cpu_;
  Vectors vectors_;
};

}  // namespace

std::unique_ptr<codegen::Target> make_rv64_target(const compiler::Options& options) {
  return std::make_unique<Rv64Target>(options);
}

}  // namespace cairn::rv64
