// A store for one thread of a program, in which the program's module can be instantiated.
#pragma once

#include <memory>
#include <optional>

#include "base/ref.hpp"
#include "base/result.hpp"
#include "base/try_vector.hpp"
#include "runtime/linker.hpp"
#include "runtime/module.hpp"
#include "runtime/storage/shared_memory.hpp"
#include "runtime/store.hpp"
#include "wasi/context.hpp"
#include "wasi/unknown_imports.hpp"

namespace cairn::wasi {

// The shared memories that a module imports. They belong to the program: all of its threads have the same.
class SharedImports {
 public:
  // Makes the memories in the store of the main thread, which must outlive the stores of other threads, and defines
  // them for the module that is linked there.
  Result<void> create(runtime::Store& store, runtime::Linker& linker, const runtime::Module& module);
  // Adds the memories to the store of another thread, and defines them for the module that is linked there.
  Result<void> define(runtime::Store& store, runtime::Linker& linker) const;
  // Called when a thread's store was destroyed, because all other threads may be waiting for that thread.
  void end_deadlocks() const {
    for (const SharedImport& shared : imports_) shared.memory->end_deadlock();
  }
  [[nodiscard]] bool empty() const { return imports_.empty(); }

 private:
  // Only stores hold references to the memories. So a memory has as many references as there are threads, and knows
  // when all of them wait for each other.
  struct SharedImport {
    const wasm::Import* import = nullptr;
    runtime::SharedMemory* memory = nullptr;
  };
  TryVector<SharedImport> imports_;
};

class ProgramStore {
 public:
  // Makes a store with a guest stack of `stack_bytes`, linked with WASI and limited by the allowances of
  // `context`, which must outlive it.
  static Result<std::unique_ptr<ProgramStore>> create(runtime::Engine& engine, size_t stack_bytes, Context& context);

  // Defines every import that is still unknown as a function that traps.
  Result<void> trap_unknown_imports(const runtime::Module& module) {
    return unknown_imports_.define(*store_, *linker_, module);
  }

  [[nodiscard]] runtime::Store& store() { return *store_; }
  [[nodiscard]] runtime::Linker& linker() { return *linker_; }

 private:
  UnknownImports unknown_imports_;
  std::unique_ptr<runtime::Store> store_;
  std::optional<runtime::Linker> linker_;
};

}  // namespace cairn::wasi
