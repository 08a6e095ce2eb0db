#include "wasi/threads/program_store.hpp"

#include "base/nothrow_memory.hpp"
#include "base/operation.hpp"
#include "wasi/system/functions.hpp"
#include "wasi/wasi.hpp"

namespace cairn::wasi {

Result<void> SharedImports::create(runtime::Store& store, runtime::Linker& linker, const runtime::Module& module) {
  const wasm::Module& definition = module.definition();
  for (const wasm::Import& import : definition.imports) {
    // If a module imports the same name twice, both imports are the same memory.
    if (import.kind != wasm::ExternKind::memory || linker.provides(import.module, import.name)) continue;
    const wasm::MemoryType& type = definition.memories[import.index].type;
    if (type.sharedness != wasm::Sharedness::shared) continue;
    auto memory = CAIRN_TRY(
        runtime::SharedMemory::create(module.engine(), type, module.bounds(), store.allowances()[Limit::memory_pages]));
    if (!imports_.try_push_back({&import, memory.get()})) return fail(out_of_memory("a shared memory"));
    CAIRN_TRY(linker.define(import.module, import.name, CAIRN_TRY(store.add_shared_memory(std::move(memory)))));
  }
  return {};
}

Result<void> SharedImports::define(runtime::Store& store, runtime::Linker& linker) const {
  for (const SharedImport& shared : imports_) {
    const auto memory = CAIRN_TRY(store.add_shared_memory(Ref<runtime::SharedMemory>(shared.memory)));
    CAIRN_TRY(linker.define(shared.import->module, shared.import->name, memory));
  }
  return {};
}

Result<std::unique_ptr<ProgramStore>> ProgramStore::create(runtime::Engine& engine, size_t stack_bytes,
                                                           Context& context) {
  auto made = try_make_unique<ProgramStore>();
  if (!made) return fail(out_of_memory("a thread's store"));
  made->store_ = CAIRN_TRY(runtime::Store::create(engine, stack_bytes, &context.allowances()));
  CAIRN_TRY(define_wasi(made->linker_.emplace(*made->store_), context));
  CAIRN_TRY(system::define(*made->linker_, context));
  return made;
}

}  // namespace cairn::wasi
