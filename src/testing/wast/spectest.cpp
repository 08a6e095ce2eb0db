#include "testing/wast/spectest.hpp"

#include <bit>

namespace cairn::runtime {
namespace {

constexpr std::string_view kModule = "spectest";

Result<void> define_functions(Linker& linker) {
  using Done = std::expected<void, Trap>;
  // The reference interpreter prints the arguments; nothing depends on that.
  CAIRN_TRY(linker.define_function(kModule, "print", [](Caller&) -> Done { return {}; }));
  CAIRN_TRY(linker.define_function(kModule, "print_i32", [](Caller&, int32_t) -> Done { return {}; }));
  CAIRN_TRY(linker.define_function(kModule, "print_i64", [](Caller&, int64_t) -> Done { return {}; }));
  CAIRN_TRY(linker.define_function(kModule, "print_f32", [](Caller&, float) -> Done { return {}; }));
  CAIRN_TRY(linker.define_function(kModule, "print_f64", [](Caller&, double) -> Done { return {}; }));
  CAIRN_TRY(linker.define_function(kModule, "print_i32_f32", [](Caller&, int32_t, float) -> Done { return {}; }));
  CAIRN_TRY(linker.define_function(kModule, "print_f64_f64", [](Caller&, double, double) -> Done { return {}; }));
  CAIRN_TRY(linker.define_function("wasmtime", "gc", [](Caller& caller) -> Done {
    if (Heap* heap = caller.store().heap()) heap->collect_full();
    return {};
  }));
  return {};
}

Result<void> define_global(Store& store, Linker& linker, std::string_view name, const Val& value) {
  const wasm::GlobalType type{.type = value.type()};
  return linker.define(kModule, name, CAIRN_TRY(store.create_global(type, value)));
}

}  // namespace

Result<void> define_spectest(Store& store, Linker& linker) {
  CAIRN_TRY(define_functions(linker));
  CAIRN_TRY(define_global(store, linker, "global_i32", Val::i32(666)));
  CAIRN_TRY(define_global(store, linker, "global_i64", Val::i64(666)));
  CAIRN_TRY(define_global(store, linker, "global_f32", Val::f32(666.6f)));
  CAIRN_TRY(define_global(store, linker, "global_f64", Val::f64(666.6)));
  for (wasm::AddressType address : {wasm::AddressType::i32, wasm::AddressType::i64}) {
    const wasm::TableType type{.address = address, .limits = {.minimum = 10, .maximum = 20}};
    const Table table = CAIRN_TRY(store.create_table(type, Val::funcref(std::nullopt)));
    CAIRN_TRY(linker.define(kModule, address == wasm::AddressType::i32 ? "table" : "table64", table));
  }
  wasm::MemoryType memory{.limits = {.minimum = 1, .maximum = 2}};
  CAIRN_TRY(linker.define(kModule, "memory", CAIRN_TRY(store.create_memory(memory))));
  memory.sharedness = wasm::Sharedness::shared;
  // Only scripts of the threads proposal import shared_memory.
  if (store.engine().options().features.has(wasm::Feature::threads)) {
    if (const Result<Memory> shared = store.create_memory(memory)) {
      CAIRN_TRY(linker.define(kModule, "shared_memory", *shared));
    }
  }
  return {};
}

}  // namespace cairn::runtime
