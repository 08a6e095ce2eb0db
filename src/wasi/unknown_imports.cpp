#include "wasi/unknown_imports.hpp"

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
    wasm::FuncType type = module.definition().func_type(wasm::FuncIndex(import.index));
    for (wasm::ValType& param : type.params) param = module.canonical(param);
    for (wasm::ValType& result : type.results) result = module.canonical(result);
    std::string& message =
        messages_.emplace_back("unknown import: " + import.module + "::" + import.name + " was called");
    const runtime::Func function = CAIRN_TRY(runtime::create_function(store, type, trap, &message));
    CAIRN_TRY(linker.define(import.module, import.name, function));
  }
  return {};
}

}  // namespace cairn::wasi
