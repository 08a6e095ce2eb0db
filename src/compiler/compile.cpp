#include "compiler/compile.hpp"

#include <algorithm>
#include <memory>

#include "abi/builtins.hpp"
#include "base/arena.hpp"
#include "base/assert.hpp"
#include "base/format.hpp"
#include "base/operation.hpp"
#include "compiler/build/build.hpp"
#include "compiler/codegen/allocation/checker.hpp"
#include "compiler/codegen/allocation/regalloc.hpp"
#include "compiler/codegen/dump.hpp"
#include "compiler/codegen/object/elf_writer.hpp"
#include "compiler/codegen/target.hpp"
#include "compiler/ir/printer.hpp"
#include "compiler/opt/pipeline.hpp"
#include "compiler/rv64/target.hpp"
#include "compiler/x64/target.hpp"
#include "wasm/validation/validator.hpp"

namespace cairn::compiler {
namespace {

std::unique_ptr<codegen::Target> make_target(const Options& options) {
  switch (options.architecture) {
    case Architecture::x86_64: return std::make_unique<x64::X64Target>(options);
    case Architecture::riscv64: return rv64::make_rv64_target(options);
  }
  CAIRN_UNREACHABLE();
}

// Returns the budget in bytes for the whole module: the limit on the sum of the memory that its functions take to
// compile.
uint64_t module_budget(const wasm::Module& module, const Options& options) {
  return options.module_budget_bytes + uint64_t{options.module_budget_per_byte} * module.bytes.size() +
         uint64_t{options.module_budget_per_function} * (module.functions.size() - module.imported_functions);
}

// Compiles functions one after the other. A compilation depends neither on other functions nor on the object that gets
// the code, so several FunctionCompilers may work on one module at the same time.
class FunctionCompiler {
 public:
  FunctionCompiler(const ModuleContext& context, const codegen::Target& target, GoOn go_on)
      : context_(context),
        target_(target),
        go_on_(go_on),
        validator_(context.module()),
        arena_(context.options().function_budget_bytes) {}

  // Returns code that lies in the arena of this FunctionCompiler until the next call. The call takes at most `budget`
  // bytes of memory, and at most what Options::function_budget_bytes and memory_budget_bytes allow; it fails (limit) if
  // this is not enough. Sets all members of `dump` except `code`, unless `dump` is null.
  Result<codegen::CodeBuffer> compile(wasm::FuncIndex index, uint64_t budget, FunctionDump* dump = nullptr) {
    const Options& options = context_.options();
    const uint64_t memory = options.memory_budget_bytes - std::min(code_bytes_, options.memory_budget_bytes);
    const uint64_t smallest = std::min<uint64_t>({options.function_budget_bytes, budget, memory});
    arena_.reset();
    arena_.set_budget(smallest);
    Result<codegen::CodeBuffer> code = run_passes(index, dump);
    if (arena_.exhausted()) return fail(over_budget(index, memory == smallest));
    if (code) code_bytes_ += code->bytes.size() + code->rodata.size();
    return code;
  }

  // Returns how many bytes of memory the latest compile() has taken.
  [[nodiscard]] size_t used_bytes() const { return arena_.used(); }

 private:
  Result<codegen::CodeBuffer> run_passes(wasm::FuncIndex index, FunctionDump* dump) {
    const Options& options = context_.options();
    ir::Function function(arena_);
    function.function_index = index.index();
    CAIRN_TRY(build_function(context_, validator_, index, function));
    CAIRN_TRY(go_on());
    if (dump != nullptr) dump->ir = ir::to_string(function);
    CAIRN_TRY(opt::optimize(function, options));
    CAIRN_TRY(go_on());
    if (dump != nullptr) dump->optimized = ir::to_string(function);

    codegen::MachineFunction machine(arena_);
    CAIRN_TRY(target_.lower(function, machine));
    CAIRN_TRY(go_on());
    function.recycle();
    if (dump != nullptr) dump->machine = codegen::to_text(machine, nullptr, &target_);
    const codegen::AllocationResult allocation = CAIRN_TRY(
        codegen::allocate_registers(machine, target_.register_file(), {.register_limit = options.register_limit}));
    CAIRN_TRY(go_on());
    if (dump != nullptr) dump->allocated = codegen::to_text(machine, &allocation, &target_);
    if (options.verify || CAIRN_DEBUG) {
      const std::string problem = codegen::check_allocation(machine, target_.register_file(), allocation);
      if (!problem.empty()) {
        const std::string message = "register allocation of function " + decimal(index.index()) + ": " + problem;
        assertion_failed(message.c_str(), __FILE__, __LINE__);
      }
    }
    codegen::CodeBuffer code(arena_);
    CAIRN_TRY(target_.emit(machine, allocation, code));
    return code;
  }

  [[nodiscard]] Result<void> go_on() const {
    if (go_on_.function(go_on_.context)) return {};
    return fail(Error::of(ErrorKind::limit, "the compilation was ended"));
  }

  [[nodiscard]] Error over_budget(wasm::FuncIndex index, bool is_over_memory) const {
    const Options& options = context_.options();
    const std::string limit = is_over_memory ? decimal(options.memory_budget_bytes) + " bytes (compile-memory)"
                              : arena_.budget() == options.function_budget_bytes
                                  ? decimal(uint64_t{options.function_budget_bytes}) + " bytes (function budget)"
                                  : decimal(module_budget(context_.module(), options)) + " bytes for this module (" +
                                        decimal(uint64_t{options.module_budget_bytes}) + ", " +
                                        decimal(uint64_t{options.module_budget_per_byte}) +
                                        " for each of its bytes and " +
                                        decimal(uint64_t{options.module_budget_per_function}) + " for each function)";
    return Error::at(ErrorKind::limit, context_.module().functions[index.index()].body_offset,
                     "function " + decimal(index.index()) + " needs more memory to compile than the limit of " + limit);
  }

  const ModuleContext& context_;
  const codegen::Target& target_;
  GoOn go_on_;
  wasm::FunctionValidator validator_;
  Arena arena_;
  uint64_t code_bytes_ = 0;  // the size of the code that compile() has returned so far
};

// Returns the function's name in the name section, or else wasm-function[N].
std::string name_of(const wasm::Module& module, wasm::FuncIndex index) {
  const std::string_view name = module.function_name(index);
  return name.empty() ? "wasm-function[" + decimal(index.index()) + "]" : std::string(name);
}

Result<std::vector<std::byte>> module_object(const wasm::Module& module, const Options& options, GoOn go_on) {
  const std::unique_ptr<codegen::Target> target = make_target(options);
  const ModuleContext context(module, options);
  FunctionCompiler compiler(context, *target, go_on);
  codegen::ElfWriter object(options.architecture,
                            codegen::identity_of(codegen::ObjectKind::module, module.digest, options));
  uint64_t budget = module_budget(module, options);
  for (uint32_t i = module.imported_functions; i < module.functions.size(); ++i) {
    const wasm::FuncIndex index(i);
    const codegen::CodeBuffer code = CAIRN_TRY(compiler.compile(index, budget));
    budget -= compiler.used_bytes();
    object.add(i, name_of(module, index), code);
  }
  return object.finish();
}

Result<std::vector<std::byte>> trampolines_object(std::span<const wasm::FuncType> types, const Options& options) {
  const std::unique_ptr<codegen::Target> target = make_target(options);
  codegen::ElfWriter object(options.architecture, codegen::identity_of(codegen::ObjectKind::trampolines, {}, options));
  Arena arena(options.function_budget_bytes);
  for (uint32_t i = 0; i < types.size(); ++i) {
    arena.reset();
    std::vector<ir::Type> params, results;
    for (wasm::ValType type : types[i].params) params.push_back(to_ir(type, {}));
    for (wasm::ValType type : types[i].results) results.push_back(to_ir(type, {}));
    const ir::Signature signature{params, results};
    const std::string name = wasm::to_string(types[i]);
    codegen::CodeBuffer entry(arena), host(arena);
    target->emit_entry_trampoline(signature, entry);
    target->emit_host_trampoline(signature, host);
    codegen::TrampolineRecord record;
    record.type_index = i;
    record.entry_offset = object.add(codegen::kTrampoline, "entry " + name, entry);
    record.host_offset = object.add(codegen::kTrampoline, "host " + name, host);
    object.add_trampoline(record);
  }
  return object.finish();
}

Result<std::vector<std::byte>> stubs_object(const Options& options) {
  const std::unique_ptr<codegen::Target> target = make_target(options);
  codegen::ElfWriter object(options.architecture, codegen::identity_of(codegen::ObjectKind::stubs, {}, options));
  Arena arena(options.function_budget_bytes);
  codegen::CodeBuffer restore(arena);
  target->emit_tail_call_restore(restore);
  codegen::TrampolineRecord record;
  record.type_index = codegen::kTailCallRestore;
  record.entry_offset = object.add(codegen::kTrampoline, "tail_call_restore", restore);
  object.add_trampoline(record);
  codegen::CodeBuffer landing(arena);
  target->emit_landing_stub(landing);
  record.type_index = codegen::kLandingStub;
  record.entry_offset = object.add(codegen::kTrampoline, "land", landing);
  object.add_trampoline(record);
  for (uint32_t i = 0; i < abi::kBuiltinCount; ++i) {
    const abi::BuiltinSignature builtin = abi::signature_of(static_cast<abi::Builtin>(i));
    codegen::CodeBuffer stub(arena);
    target->emit_exit_stub(static_cast<abi::Builtin>(i), stub);
    record.type_index = codegen::kExitStub;
    record.builtin = i;
    record.entry_offset = object.add(codegen::kTrampoline, "exit " + std::string(builtin.name), stub);
    object.add_trampoline(record);
  }
  return object.finish();
}

Result<FunctionDump> dump(const wasm::Module& module, wasm::FuncIndex index, const Options& options) {
  CAIRN_ASSERT(index.index() >= module.imported_functions && index.index() < module.functions.size());
  const std::unique_ptr<codegen::Target> target = make_target(options);
  const ModuleContext context(module, options);
  FunctionCompiler compiler(context, *target, {});
  FunctionDump dump;
  const codegen::CodeBuffer code = CAIRN_TRY(compiler.compile(index, module_budget(module, options), &dump));
  dump.code.assign(code.bytes.begin(), code.bytes.end());
  return dump;
}

}  // namespace

Result<std::vector<std::byte>> compile_module(const wasm::Module& module, const Options& options, GoOn go_on) {
  return run_operation([&] { return module_object(module, options, go_on); });
}

Result<std::vector<std::byte>> compile_trampolines(std::span<const wasm::FuncType> types, const Options& options) {
  return run_operation([&] { return trampolines_object(types, options); });
}

Result<std::vector<std::byte>> compile_stubs(const Options& options) {
  return run_operation([&] { return stubs_object(options); });
}

Result<FunctionDump> dump_function(const wasm::Module& module, wasm::FuncIndex index, const Options& options) {
  return run_operation([&] { return dump(module, index, options); });
}

}  // namespace cairn::compiler
