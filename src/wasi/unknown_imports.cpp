#include "wasi/unknown_imports.hpp"

#include "base/operation.hpp"
#include "runtime/calls/func.hpp"

namespace cairn::wasi {

namespace {

std::expected<void, runtime::Trap> trap(void* message, runtime::Caller&, std::span<runtime::Val>,
                                        std::span<runtime::Val>) {
  return std::unexpected(runtime::Trap::of(wasm::TrapKind::host_error, *static_cast<std::string*>(message)));
}

}  // namespace

Result<void> UnknownImports::define(runtime::Store& store, runtime::Linker& linker, const runtime::Module& module) {
  for (const wasm::Import& import : module.definition().imports) {
    if (import.kind != wasm::ExternKind::func || linker.provides(import.module, import.name)) continue;
    const wasm::FuncType type = CAIRN_TRY(run_operation([&] {
      wasm::FuncType canonical = module.definition().func_type(wasm::FuncIndex(import.index));
      for (wasm::ValType& param : canonical.params) param = module.canonical(param);
      for (wasm::ValType& result : canonical.results) result = module.canonical(result);
      return canonical;
    }));
    std::string* const message = messages_.try_emplace_back(CAIRN_TRY(
        run_operation([&] { return "unknown import: " + import.module + "::" + import.name + " was called"; })));
    if (message == nullptr) return fail(out_of_memory("a placeholder for an import"));
    const runtime::Func function = CAIRN_TRY(runtime::create_function(store, type, trap, message));
    CAIRN_TRY(linker.define(import.module, import.name, function));
  }
  return {};
}

}  // namespace cairn::wasi
